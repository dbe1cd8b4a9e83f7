using Berth.Server.Configuration;

namespace Berth.Server.Tests.Configuration;

/// <summary>Settings of the outside provider that cannot be meant stop the start with a sentence each.</summary>
public sealed class OutsideProviderSettingTests
{
    [Theory]
    [InlineData("Identity:Provider:Issuer is missing", "ClientId=berth")]
    [InlineData("Identity:Provider:Issuer is missing", "GroupMap=a=b")]
    [InlineData("Identity:Provider:Issuer is 'http://login.example'", "Issuer=http://login.example", "ClientId=berth")]
    [InlineData("Identity:Provider:Issuer is 'https://login.example?x'", "Issuer=https://login.example?x", "ClientId=berth")]
    [InlineData("Identity:Provider:ClientId is missing", "Issuer=https://login.example")]
    [InlineData("are both set", "Issuer=https://login.example", "ClientId=berth", "ClientSecret=x", "ClientSecretFile=/x")]
    [InlineData("Identity:Provider:Scopes is 'profile'", "Issuer=https://login.example", "ClientId=berth", "Scopes=profile")]
    [InlineData("Identity:Provider:GroupMap has 'devs'", "Issuer=https://login.example", "ClientId=berth", "GroupMap=devs")]
    [InlineData("BERTH_Identity__Provider__MembershipLifetime is '1s'", "Issuer=https://login.example", "ClientId=berth", "MembershipLifetime=1s")]
    public void A_bad_setting_is_named(string expected, params string[] settings)
    {
        var error = Assert.Throws<CannotStartException>(() => Load(settings));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_provider_is_read_from_variables()
    {
        var provider = Load("Issuer=https://login.example/realms/a", "ClientId=berth", "GroupMap=/devs=devs,id=ops", "OnlyMappedGroups=true").Registry.Identity.Provider;

        Assert.Equal(("https://login.example/realms/a", "berth", true), (provider.Issuer, provider.ClientId, provider.OnlyMappedGroups));
        Assert.Equal(["/devs=devs", "id=ops"], provider.GroupMap);
        Assert.Null(Load().Registry.Identity.Provider.Issuer);
    }

    private static ServerOptions Load(params string[] settings) => ServerOptionsLoader.Load(
        new ServeArguments(), settings.Select(s => s.Split('=', 2)).ToDictionary(s => $"BERTH_Identity__Provider__{s[0]}", s => s[1])).Options;
}
