using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using Microsoft.IdentityModel.Tokens;
using static Berth.Registry.Tests.Identity.RegistryTokens;

namespace Berth.Registry.Tests.Identity;

/// <summary>What ends a registry token, and what is none: time, another password, another key, another registry, a forgery.</summary>
public sealed class RegistryTokenLifetimeTests
{
    [Fact]
    public async Task No_token_outlives_a_restore()
    {
        await using var host = await StartAsync();
        var before = await TokenAsync(host.Client, "repository:team/app:pull");

        await host.Metadata.MarkRestoredAsync(CancellationToken.None);

        host.Time.Advance(TimeSpan.FromMinutes(2)); // a process that was started anew knows no key yet
        using var client = Bearer(host, before);
        Assert.Equal(HttpStatusCode.Unauthorized, await client.HeadBlobAsync("team/app", BlobDigest));
    }

    [Fact]
    public async Task A_token_ends_with_its_lifetime_and_with_the_password_it_was_given_for()
    {
        await using var host = await StartAsync();
        var token = await TokenAsync(host.Client, "repository:team/app:pull");
        using var client = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));

        host.Time.Advance(TimeSpan.FromMinutes(75) - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await client.HeadBlobAsync("team/app", BlobDigest));

        using var renewed = Bearer(host, await TokenAsync(host.Client, "repository:team/app:pull"));
        Assert.Equal(HttpStatusCode.OK, await renewed.HeadBlobAsync("team/app", BlobDigest));
        await host.Metadata.SetPasswordAsync("owner", QuickHash.Of("another password"), Metadata.Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Unauthorized, await renewed.HeadBlobAsync("team/app", BlobDigest));
    }

    [Fact]
    public async Task A_token_ends_with_the_credential_it_was_given_for_at_the_latest()
    {
        await using var host = await StartAsync();
        using var authority = await AuthorityClient.StartAsync(host);
        host.Time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(10)); // its secret ends in ten minutes
        using var client = host.ClientOf(authority.ApplicationId, authority.Secret);
        for (var i = 0; i < 2; i++) // the second one is remembered
        {
            var answer = await Answer.ReadAsync(await client.GetAsync($"/oauth2/token?service={Service}"));
            Assert.Equal("600", answer["expires_in"]);
            Assert.Equal(600, SecondsLeft(host, answer["access_token"]));
        }

        using var owner = await ControlClient.OfOwnerAsync(host);
        var refresh = await Answer.ReadAsync(await Anonymous(host).PostAsync("/oauth2/exchange", Form(
            ("grant_type", "access_token"), ("service", Service), ("access_token", owner.Token))));
        host.Time.Advance(TimeSpan.FromHours(3) - TimeSpan.FromMinutes(5));
        var last = await Answer.ReadAsync(await Anonymous(host).PostAsync("/oauth2/token", Form(
            ("grant_type", "refresh_token"), ("service", Service), ("refresh_token", refresh["refresh_token"]))));
        Assert.Equal(("300", 300), (last["expires_in"], SecondsLeft(host, last["access_token"])));

        static long SecondsLeft(RegistryHost host, string token) => Claims(token).GetProperty("exp").GetInt64() - host.Time.GetUtcNow().ToUnixTimeSeconds();
    }

    [Fact]
    public async Task A_token_is_not_good_before_it_was_made_but_for_what_nodes_may_differ_by()
    {
        await using var host = await StartAsync();
        var (before, now) = (await TokenAsync(host.Client, "repository:team/app:pull"), host.Time.GetUtcNow());
        using var client = Bearer(host, before);
        foreach (var isRemembered in (bool[])[false, true])
        {
            host.Time.AdjustTime(now.AddMinutes(-5).AddSeconds(-1)); // a clock that was set back
            Assert.Equal((isRemembered, HttpStatusCode.Unauthorized), (isRemembered, await client.HeadBlobAsync("team/app", BlobDigest)));
            foreach (var minutes in (int[])[-5, 0])
            {
                host.Time.AdjustTime(now.AddMinutes(minutes));
                Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
            }
        }
    }

    [Fact]
    public async Task A_token_is_good_for_its_one_use_only()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var anonymous = Anonymous(host);
        var access = await TokenAsync(host.Client, "repository:team/app:pull");
        var refresh = (await Answer.ReadAsync(await anonymous.PostAsync("/oauth2/exchange", Form(("grant_type", "access_token"), ("access_token", owner.Token)))))["refresh_token"];

        using var refreshAsAccess = Bearer(host, refresh);
        Assert.Equal(HttpStatusCode.Unauthorized, (await refreshAsAccess.GetAsync("/v2/")).StatusCode);
        using var accessAsPassword = host.ClientOf(SecretCredentials.RefreshTokenUser, access);
        foreach (var path in (string[])["/v2/", "/oauth2/token"]) Assert.Equal((path, HttpStatusCode.Unauthorized), (path, (await accessAsPassword.GetAsync(path)).StatusCode));
        foreach (var (path, form) in ((string, (string, string)[])[])[
            ("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", access)]), ("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", owner.Token)]),
            ("/oauth2/exchange", [("grant_type", "access_token"), ("access_token", access)]), ("/oauth2/exchange", [("grant_type", "access_token"), ("access_token", refresh)])])
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, (await anonymous.PostAsync(path, Form(form))).StatusCode));
    }

    [Fact]
    public async Task A_token_of_a_registry_that_was_deleted_opens_no_other_one_of_its_name()
    {
        await using var host = await StartAsync();
        var first = await MakeAsync();
        var asked = new HttpRequestMessage(HttpMethod.Get, "/oauth2/token") { Headers = { Host = "brief.berth.localhost", Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{OwnerAccount.Name}:{RegistryHost.Password}"))) } };
        using var client = Bearer(host, await ReadTokenAsync(await Anonymous(host).SendAsync(asked)));
        Assert.Equal(HttpStatusCode.OK, await PingAsync());

        await host.Metadata.DeleteRegistryAsync(first.Id, Metadata.Caller.System, CancellationToken.None);
        await MakeAsync();
        host.Time.Advance(TimeSpan.FromSeconds(2)); // for as long the name may mean the one before
        Assert.Equal(HttpStatusCode.Unauthorized, await PingAsync());

        async Task<Metadata.RegistryRecord> MakeAsync() => (await host.Metadata.CreateRegistryAsync(
            new Metadata.NewRegistry("brief", "subscription", "default", "local", "Premium"), Metadata.Caller.System, CancellationToken.None)).Record!;

        async Task<HttpStatusCode> PingAsync() =>
            (await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Host = "brief.berth.localhost" } })).StatusCode;
    }

    [Fact]
    public async Task A_token_made_with_the_key_before_is_good_while_new_ones_are_made_with_the_next()
    {
        var options = new RegistryOptions { Identity = new IdentityOptions { SigningKeyLifetime = TimeSpan.FromHours(1), AccessTokenLifetime = TimeSpan.FromHours(5) } };
        await using var host = await StartAsync(options);
        var tokens = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            tokens.Add(await TokenAsync(host.Client, "repository:team/app:pull"));
            host.Time.Advance(TimeSpan.FromMinutes(61));
            await TokenAsync(host.Client, "repository:team/app:pull"); // the next key is made, and stands a minute before it signs
            host.Time.Advance(TimeSpan.FromMinutes(2));
        }

        Assert.Equal(4, tokens.Select(KeyOf).Distinct().Count());
        foreach (var token in tokens)
        {
            using var client = Bearer(host, token);
            Assert.Equal(HttpStatusCode.OK, await client.HeadBlobAsync("team/app", BlobDigest));
        }

        static string KeyOf(string token) => JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[0])).RootElement.GetProperty("kid").GetString()!;
    }

    [Fact]
    public async Task A_forged_token_is_none()
    {
        await using var host = await StartAsync();
        var token = await TokenAsync(host.Client, "repository:team/app:pull");
        var (header, payload, signature) = (token.Split('.')[0], token.Split('.')[1], token.Split('.')[2]);
        var kid = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(header)).RootElement.GetProperty("kid").GetString()!;
        using var evil = RSA.Create(2048);
        var publicKey = Base64UrlEncoder.Encode(evil.ExportParameters(false).Modulus!);

        foreach (var (what, forged) in (IEnumerable<(string, string)>)[
            ("alg none", $"{Header($$"""{"alg":"none","typ":"JWT","kid":"{{kid}}"}""")}.{payload}."),
            ("no signature", $"{header}.{payload}."),
            ("two parts", $"{header}.{payload}"),
            ("another key", Sign(header, payload, evil)),
            ("another key without kid", Sign(Header("""{"alg":"RS256","typ":"JWT"}"""), payload, evil)),
            ("an unknown kid", Sign(Header("""{"alg":"RS256","typ":"JWT","kid":"00112233445566778899aabbccddeeff"}"""), payload, evil)),
            ("a key in the header", Sign(Header($$$"""{"alg":"RS256","typ":"JWT","kid":"{{{kid}}}","jwk":{"kty":"RSA","e":"AQAB","n":"{{{publicKey}}}"}}"""), payload, evil)),
            ("HMAC under the public key", Hmac(Header($$"""{"alg":"HS256","typ":"JWT","kid":"{{kid}}"}"""), payload, publicKey)),
            ("more access", $"{header}.{Header(Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(payload)).Replace("\"pull\"", "\"pull\",\"push\"", StringComparison.Ordinal))}.{signature}"),
            ("nothing", "x"), ("dots", "..."), ("five parts", "e30.a.AAAA.AAAA.AAAA"), ("odd parts", "e30.a.AAAA"), ("not JSON", $"{Header("x")}.{Header("y")}.{signature}")])
        {
            using var client = Bearer(host, forged);
            Assert.Equal((what, HttpStatusCode.Unauthorized), (what, await client.HeadBlobAsync("team/app", BlobDigest)));
        }

        using var good = Bearer(host, token);
        Assert.Equal(HttpStatusCode.OK, await good.HeadBlobAsync("team/app", BlobDigest));
    }
}
