using System.Net;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity;

/// <summary>The grants of <c>/oauth2/exchange</c>: the one of today, and the one that older clients send.</summary>
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
    [InlineData("refresh_token")]
    [InlineData("Access_Token")]
    [InlineData("")]
    public async Task Another_grant_is_refused(string grant)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);

        Assert.Equal(HttpStatusCode.BadRequest, (await ExchangeAsync(host, grant, owner.Token)).Status);
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
