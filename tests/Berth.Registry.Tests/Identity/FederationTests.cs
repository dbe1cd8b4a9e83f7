using System.Net;
using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity.Federation;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>Tokens of another issuer as docker passwords: which ones prove that their bearer is the account that trusts the issuer.</summary>
public sealed class FederationTests : IAsyncLifetime
{
    private TokenIssuer _issuer = null!;
    private RegistryHost _host = null!;
    private PrincipalRecord _principal = null!;

    private DateTimeOffset Now => _host.Time.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        _issuer = await TokenIssuer.StartAsync();
        _host = await RegistryHost.StartAsync(options: new RegistryOptions { Outbound = HttpsServer.Loopback }, trust: _issuer.Server.Trust);
        _principal = await AccountAsync(PrincipalKind.ServicePrincipal, "pipeline");
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task A_token_of_the_issuer_pushes_and_pulls_by_the_account_s_role_and_no_stored_secret()
    {
        var blob = "a blob"u8.ToArray();
        using var client = _host.ClientOf(_principal.ClientId!, _issuer.Token(Now));
        Assert.Equal(HttpStatusCode.Forbidden, await client.PushBlobAsync("team-b/app", blob)); // it has no role yet
        await _host.AssignAsync(_principal.Name, "AcrPush");

        Assert.Equal(HttpStatusCode.Created, await client.PushBlobAsync("team-a/app", blob));
        Assert.Equal(HttpStatusCode.OK, (await client.GetBlobAsync("team-a/app", Oci.Digest.Compute(Oci.DigestAlgorithm.Sha256, blob))).Status);
        var token = await client.GetStringAsync("/oauth2/token?service=local.berth.localhost&scope=repository:team-a/app:pull");
        Assert.Contains("access_token", token, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_for_it_ends_with_it()
    {
        using var client = _host.ClientOf(_principal.ClientId!, _issuer.Token(Now));

        var answer = await Answer.ReadAsync(await client.GetAsync("/oauth2/token?service=local.berth.localhost"));

        Assert.Equal(("600", Now.ToUnixTimeSeconds() + 600), (answer["expires_in"], answer.Claims("access_token").GetProperty("exp").GetInt64()));
    }

    [Fact]
    public async Task A_managed_identity_signs_in_with_a_token_too()
    {
        var identity = (await _host.Metadata.CreateManagedIdentityAsync(
            new NewManagedIdentity("subscription", "default", "pipeline2", "local", "{}", Guid.NewGuid().ToString()), Caller.System, CancellationToken.None)).Record!;
        await TrustAsync(identity.Principal, TokenIssuer.Subject, TokenIssuer.Audience);

        Assert.True(await IsGoodAsync(_issuer.Token(Now), identity.Principal.ClientId));
    }

    [Fact]
    public async Task It_is_good_until_it_ends_and_not_a_second_longer()
    {
        var verify = _host.Services.GetRequiredService<FederatedAssertions>();
        var token = _issuer.Token(Now);
        Assert.Equal(Now.AddSeconds(600), (await verify.VerifyAsync(_principal, token, CancellationToken.None))!.Value.Until);
        Assert.True(await IsGoodAsync(token));

        _host.Time.Advance(TimeSpan.FromSeconds(599));
        Assert.True(await IsGoodAsync(token));
        _host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await IsGoodAsync(token));
    }

    [Fact]
    public async Task Claims_that_are_not_those_of_the_credential_are_refused_before_the_issuer_is_asked()
    {
        var second = Now.ToUnixTimeSeconds();
        var good = new List<string>();
        foreach (var (name, claims) in ((string, object)[])[
            ("another subject", new { sub = "repo:team-a/app:ref:refs/heads/dev" }), ("a subject that starts alike", new { sub = TokenIssuer.Subject + "2" }),
            ("the subject's start", new { sub = TokenIssuer.Subject[..^1] }), ("another case", new { sub = TokenIssuer.Subject.ToUpperInvariant() }),
            ("no subject", new { sub = (string?)null }), ("a subject of another type", new { sub = new[] { TokenIssuer.Subject } }),
            ("another audience", new { aud = "api://other" }), ("other audiences", new { aud = new[] { "a", "b" } }), ("no audience", new { aud = (string?)null }),
            ("another issuer", new { iss = "https://127.0.0.1:1" }), ("an issuer with a slash", new { iss = _issuer.Name + "/" }), ("no issuer", new { iss = (string?)null }),
            ("expired", new { exp = second }), ("long expired", new { iat = 1700000000, nbf = 1700000000, exp = 1700000600 }), ("no expiry", new { exp = (string?)null }),
            ("an expiry that is a text", new { exp = "4000000000" }), ("an expiry out of range", new { exp = 1e300 }),
            ("not yet valid", new { nbf = second + 3600, exp = second + 7200 }), ("issued in the future", new { iat = second + 61 })])
        {
            if (await ProvesAsync(_issuer.Token(Now, claims: claims))) good.Add(name);
        }

        Assert.Empty(good);
        Assert.Empty(_issuer.Server.Asked);
        Assert.True(await IsGoodAsync(_issuer.Token(Now, claims: new { aud = new[] { "other", TokenIssuer.Audience }, iat = second + 60, exp = second + 600.5 })));
    }

    [Fact]
    public async Task Signatures_that_are_not_the_issuer_s_are_refused()
    {
        using var evil = RSA.Create(2048);
        var publicKey = Encoding.ASCII.GetBytes(_issuer.Key.ExportSubjectPublicKeyInfoPem());
        var good = _issuer.Token(Now);
        var jwk = TokenIssuer.JwkOf(evil, "k1");
        var taken = new List<string>();
        foreach (var (name, token) in ((string, string)[])[
            ("alg none", _issuer.Token(Now, new { alg = "none" }, sign: _ => [])), ("alg NONE", _issuer.Token(Now, new { alg = "NONE" }, sign: _ => [])),
            ("no alg", _issuer.Token(Now, new { alg = (string?)null })),
            ("HS256 with the public key", _issuer.Token(Now, new { alg = "HS256" }, sign: data => HMACSHA256.HashData(publicKey, data))),
            ("another key under the same kid", _issuer.Token(Now, sign: _issuer.With(evil))),
            ("a key in the header", _issuer.Token(Now, new { jwk }, sign: _issuer.With(evil))),
            ("a jku", _issuer.Token(Now, new { jku = $"{_issuer.Name}/evil" }, sign: _issuer.With(evil))),
            ("an x5u", _issuer.Token(Now, new { x5u = $"{_issuer.Name}/evil" }, sign: _issuer.With(evil))),
            ("another kid", _issuer.Token(Now, new { kid = "k2" })), ("no kid and two keys", NoKidAmongTwo()),
            ("another hash than it says", _issuer.Token(Now, new { alg = "RS512" })), ("another padding than it says", _issuer.Token(Now, new { alg = "PS256" })),
            ("another kind of key than it says", _issuer.Token(Now, new { alg = "ES256" })),
            ("an extension that must be understood", _issuer.Token(Now, new { crit = new[] { "exp" } })),
            ("no signature", good[..(good.LastIndexOf('.') + 1)]), ("two parts", good[..good.LastIndexOf('.')]), ("four parts", good + ".x"),
            ("padding", good + "="), ("white space", good.Replace(".", ". ", StringComparison.Ordinal)), ("another claim than was signed", Forged(good))])
        {
            if (await ProvesAsync(token)) taken.Add(name);
        }

        Assert.Empty(taken);
        Assert.DoesNotContain("/evil", _issuer.Server.Asked);
        Assert.True(await IsGoodAsync(good));

        string NoKidAmongTwo()
        {
            _issuer.Publish(TokenIssuer.JwkOf(_issuer.Key, "k1"), TokenIssuer.JwkOf(evil, "k3"));
            return _issuer.Token(Now, new { kid = (string?)null });
        }

        static string Forged(string token)
        {
            var parts = token.Split('.');
            var claims = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1])).Replace("\"nbf\"", "\"nb2\"", StringComparison.Ordinal);
            return $"{parts[0]}.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.{parts[2]}";
        }
    }

    [Fact]
    public async Task A_claim_that_stands_twice_is_refused()
    {
        var exp = Now.ToUnixTimeSeconds() + 600;
        var claims = $$"""{"iss":"{{_issuer.Name}}","sub":"other","sub":"{{TokenIssuer.Subject}}","aud":"{{TokenIssuer.Audience}}","exp":{{exp}}}""";
        Assert.False(await IsGoodAsync(TokenIssuer.Sign("""{"alg":"RS256","kid":"k1"}""", claims, _issuer.With())));
        Assert.True(await IsGoodAsync(TokenIssuer.Sign("""{"alg":"RS256","kid":"k1"}""", claims.Replace("\"sub\":\"other\",", "", StringComparison.Ordinal), _issuer.With())));
    }

    [Fact]
    public async Task Every_algorithm_with_public_keys_is_taken()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        _issuer.Publish(
            TokenIssuer.JwkOf(_issuer.Key, "k1"), TokenIssuer.JwkOf(p256, "e1", "P-256"), TokenIssuer.JwkOf(p384, "e2", "P-384"), TokenIssuer.JwkOf(p521, "e3", "P-521"));
        foreach (var (bits, hash, curve, id) in ((string, HashAlgorithmName, ECDsa, string)[])[
            ("256", HashAlgorithmName.SHA256, p256, "e1"), ("384", HashAlgorithmName.SHA384, p384, "e2"), ("512", HashAlgorithmName.SHA512, p521, "e3")])
        {
            Assert.True(await IsGoodAsync(_issuer.Token(Now, new { alg = "RS" + bits }, sign: data => _issuer.Key.SignData(data, hash, RSASignaturePadding.Pkcs1))), "RS" + bits);
            Assert.True(await IsGoodAsync(_issuer.Token(Now, new { alg = "PS" + bits }, sign: data => _issuer.Key.SignData(data, hash, RSASignaturePadding.Pss))), "PS" + bits);
            Assert.True(await IsGoodAsync(_issuer.Token(Now, new { alg = "ES" + bits, kid = id }, sign: data => curve.SignData(data, hash))), "ES" + bits);
        }

        Assert.False(await IsGoodAsync(_issuer.Token(Now, new { alg = "ES256", kid = "e2" }, sign: data => p384.SignData(data, HashAlgorithmName.SHA256))));
    }

    [Fact]
    public async Task Without_a_key_id_the_only_key_of_the_issuer_is_meant()
    {
        _issuer.Publish(TokenIssuer.JwkOf(_issuer.Key, null));
        Assert.True(await IsGoodAsync(_issuer.Token(Now, new { kid = (string?)null })));
    }

    [Fact]
    public async Task Of_two_keys_with_the_same_id_none_is_meant()
    {
        using var other = RSA.Create(2048);
        _issuer.Publish(TokenIssuer.JwkOf(_issuer.Key, "k1"), TokenIssuer.JwkOf(other, "k1"));

        Assert.False(await IsGoodAsync(_issuer.Token(Now)));
        Assert.False(await IsGoodAsync(_issuer.Token(Now, sign: _issuer.With(other))));
    }

    [Fact]
    public async Task Keys_that_are_weak_or_for_another_use_verify_nothing()
    {
        using var weak = RSA.Create(1024);
        using var other = RSA.Create(2048);
        var encryption = TokenIssuer.JwkOf(other, "k3");
        encryption["use"] = "enc";
        var bound = TokenIssuer.JwkOf(other, "k4");
        bound["alg"] = "RS512";
        _issuer.Publish(TokenIssuer.JwkOf(weak, "k2"), encryption, bound, TokenIssuer.JwkOf(_issuer.Key, "k1"));

        Assert.False(await IsGoodAsync(_issuer.Token(Now, new { kid = "k2" }, sign: _issuer.With(weak))));
        Assert.False(await IsGoodAsync(_issuer.Token(Now, new { kid = "k3" }, sign: _issuer.With(other))));
        Assert.False(await IsGoodAsync(_issuer.Token(Now, new { kid = "k4" }, sign: _issuer.With(other))));
        Assert.True(await IsGoodAsync(_issuer.Token(Now)));
    }

    [Fact]
    public async Task Only_an_enabled_account_s_own_credentials_count_and_only_as_long_as_they_stand()
    {
        var other = await AccountAsync(PrincipalKind.ServicePrincipal, "other", trusts: false);
        Assert.False(await IsGoodAsync(_issuer.Token(Now), other.ClientId));
        Assert.Empty(_issuer.Server.Asked);

        Assert.True(await IsGoodAsync(_issuer.Token(Now)));
        await _host.Metadata.UpdatePrincipalAsync(_principal.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        Assert.False(await IsGoodAsync(_issuer.Token(Now)));
        await _host.Metadata.UpdatePrincipalAsync(_principal.Id, new PrincipalChanges(Enabled: true), Caller.System, CancellationToken.None);
        Assert.True(await IsGoodAsync(_issuer.Token(Now)));
        await _host.Metadata.RemoveFederatedCredentialAsync(_principal.Id, "ci", Caller.System, CancellationToken.None);
        Assert.False(await IsGoodAsync(_issuer.Token(Now)));
    }

    // Not over the network: sign-ins that fail one after another have to wait.
    private async Task<bool> ProvesAsync(string token) =>
        await _host.Services.GetRequiredService<FederatedAssertions>().VerifyAsync(_principal, token, CancellationToken.None) is not null;

    private async Task<bool> IsGoodAsync(string token, string? clientId = null)
    {
        using var client = _host.ClientOf(clientId ?? _principal.ClientId!, token);
        var status = (await client.GetAsync("/v2/")).StatusCode;
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Unauthorized, status.ToString());
        return status == HttpStatusCode.OK;
    }

    private async Task<PrincipalRecord> AccountAsync(PrincipalKind kind, string name, bool trusts = true)
    {
        var made = await _host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(kind, name, name, ClientId: Guid.NewGuid().ToString()), Caller.System, CancellationToken.None);
        if (trusts) await TrustAsync(made.Record!, TokenIssuer.Subject, TokenIssuer.Audience);
        return made.Record!;
    }

    private Task<CreateOutcome> TrustAsync(PrincipalRecord principal, string subject, string audience) => _host.Metadata.PutFederatedCredentialAsync(
        principal.Id, new FederatedCredentialRecord("ci", _issuer.Name, subject, [audience], null), Caller.System, CancellationToken.None);
}
