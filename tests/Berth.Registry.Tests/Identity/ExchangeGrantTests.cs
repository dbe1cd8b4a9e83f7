using System.Net;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity;

/// <summary>The grants of <c>/oauth2/exchange</c>: the one of today, and those that older clients send.</summary>
public sealed class ExchangeGrantTests
{
    [Theory]
    [InlineData("access_token")]
    [InlineData("access_token_refresh_token")]
    public async Task An_access_token_is_exchanged_for_a_refresh_token_that_signs_in(string grant)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);

        var answer = await ExchangeAsync(host, grant, owner.Token);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        using var client = host.ClientOf(Guid.Empty.ToString(), answer["refresh_token"]);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeAsync(host, grant, owner.Token[..^8] + "AAAAAAAA")).Status);
    }

    [Theory]
    [InlineData("Access_Token")]
    [InlineData("")]
    public async Task Another_grant_is_refused(string grant)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);

        Assert.Equal(HttpStatusCode.BadRequest, (await ExchangeAsync(host, grant, owner.Token)).Status);
    }

    [Fact]
    public async Task A_refresh_token_of_the_authority_is_exchanged_and_goes_on_being_good_at_the_authority()
    {
        await using var host = await RegistryHost.StartAsync();
        using var authority = await AuthorityClient.StartAsync(host);
        var token = (await authority.PersonAsync())["refresh_token"];

        var answer = await ExchangeRefreshAsync(host, token);

        Assert.Equal((HttpStatusCode.OK, AuthorityClient.Person), (answer.Status, answer.Claims("refresh_token").GetProperty("sub").GetString()));
        using var client = host.ClientOf(Guid.Empty.ToString(), answer["refresh_token"]);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ExchangeRefreshAsync(host, token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await authority.RefreshAsync(token)).Status);
    }

    [Fact]
    public async Task A_refresh_token_that_the_authority_would_refuse_is_not_exchanged()
    {
        await using var host = await RegistryHost.StartAsync();
        using var authority = await AuthorityClient.StartAsync(host);
        var first = (await authority.PersonAsync())["refresh_token"];
        var second = (await authority.RefreshAsync(first))["refresh_token"];

        foreach (var wrong in (string[])["of another", "a.b", first[..^1] + (first[^1] == 'A' ? 'B' : 'A'), new string('a', 20_000)])
            Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeRefreshAsync(host, wrong)).Status);

        // The last one may come again for a moment; after that it is a stolen one, and ends all of them.
        host.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeRefreshAsync(host, first)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeRefreshAsync(host, second)).Status);

        var third = (await authority.PersonAsync())["refresh_token"];
        await host.Metadata.UpdatePrincipalAsync(authority.Alice.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeRefreshAsync(host, third)).Status);
    }

    [Fact]
    public async Task What_a_refresh_token_gives_ends_with_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var authority = await AuthorityClient.StartAsync(host);
        var token = (await authority.PersonAsync())["refresh_token"];
        host.Time.Advance(TimeSpan.FromHours(23.5));

        var answer = await ExchangeRefreshAsync(host, token);

        Assert.Equal("1800", answer["expires_in"]);
    }

    private static async Task<Answer> ExchangeRefreshAsync(RegistryHost host, string token)
    {
        using var client = host.WithoutCredential();
        using var form = new FormUrlEncodedContent(
            [new("grant_type", "refresh_token"), new("service", "local.berth.localhost"), new("tenant", "tenant"), new("refresh_token", token)]);
        return await Answer.ReadAsync(await client.PostAsync("/oauth2/exchange", form));
    }

    // As azure-cli's older versions: the tenant goes with it, and a refresh token that is of no use here.
    private static async Task<Answer> ExchangeAsync(RegistryHost host, string grant, string token)
    {
        using var form = new FormUrlEncodedContent(
            [new("grant_type", grant), new("service", "local.berth.localhost"), new("tenant", "tenant"), new("access_token", token), new("refresh_token", "of the authority")]);
        using var client = host.WithoutCredential();
        return await Answer.ReadAsync(await client.PostAsync("/oauth2/exchange", form));
    }
}
