using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity.Matrix;

namespace Berth.Registry.Tests.Identity;

/// <summary>A signing key that takes another's place, as clients see it that keep the key set for a while.</summary>
public sealed class SigningKeyTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task The_next_key_is_published_for_an_interval_before_a_token_is_signed_with_it()
    {
        await using var host = await StartAsync();
        using var client = await AuthorityClient.StartAsync(host);
        var old = await TokenAsync(client);
        var first = KeyOf(old);
        Assert.Equal([first], await PublishedAsync(client));

        host.Time.Advance(Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(first, KeyOf(await TokenAsync(client)));
        Assert.Equal([first], await PublishedAsync(client));

        // A client that keeps the set for the whole interval knows the key by then.
        host.Time.Advance(TimeSpan.FromSeconds(1) + Interval);
        Assert.Equal(first, KeyOf(await TokenAsync(client)));
        var published = await PublishedAsync(client);
        var next = Assert.Single(published, key => key != first);
        Assert.Contains(first, published);
        host.Time.Advance(Interval - TimeSpan.FromSeconds(1));
        Assert.Equal(first, KeyOf(await TokenAsync(client)));

        host.Time.Advance(TimeSpan.FromSeconds(1));
        var renewed = await TokenAsync(client);
        Assert.Equal(next, KeyOf(renewed));
        Assert.Equal(published, await PublishedAsync(client));
        foreach (var token in (string[])[old, renewed]) Assert.Equal(client.ApplicationId, await client.BearerAsync(token));
    }

    [Fact]
    public async Task A_registry_s_token_outlives_the_key_s_time()
    {
        await using var host = await StartAsync();
        var old = await MatrixHost.TokenAsync(host.Client, null);
        host.Time.Advance(Lifetime + TimeSpan.FromMinutes(2));
        Assert.Equal(KeyOf(old), KeyOf(await MatrixHost.TokenAsync(host.Client, null)));
        host.Time.Advance(Interval);
        var renewed = await MatrixHost.TokenAsync(host.Client, null);

        Assert.NotEqual(KeyOf(old), KeyOf(renewed));
        foreach (var token in (string[])[old, renewed])
        {
            using var bearer = host.BearerOf(token);
            Assert.Equal(HttpStatusCode.OK, (await bearer.GetAsync("/v2/")).StatusCode);
        }
    }

    private static Task<RegistryHost> StartAsync() => RegistryHost.StartAsync(options: new RegistryOptions { Identity = new IdentityOptions { SigningKeyLifetime = Lifetime } });

    private static async Task<string> TokenAsync(AuthorityClient client) => (await client.ApplicationAsync())["access_token"];

    private static async Task<List<string>> PublishedAsync(AuthorityClient client)
    {
        var about = await client.GetAsync("/tenant/v2.0/.well-known/openid-configuration");
        var keys = (await client.GetAsync(new Uri(about["jwks_uri"]).AbsolutePath)).Json.GetProperty("keys");
        return [.. keys.EnumerateArray().Select(key => key.GetProperty("kid").GetString()!)];
    }

    private static string KeyOf(string token)
    {
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(token.AsSpan(0, token.IndexOf('.', StringComparison.Ordinal))));
        return header.RootElement.GetProperty("kid").GetString()!;
    }
}
