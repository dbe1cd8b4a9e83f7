using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>Applications that prove who they are with the key of a certificate: which assertions count, and which do not.</summary>
public sealed class AuthorityAssertionTests : IAsyncLifetime
{
    private const string Audience = "https://login.berth.localhost/adfs/oauth2/token";

    private readonly RSA _key = RSA.Create(2048);
    private RegistryHost _host = null!;
    private AuthorityClient _client = null!;
    private X509Certificate2 _certificate = null!;

    private long Now => _host.Time.GetUtcNow().ToUnixTimeSeconds();

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync();
        _client = await AuthorityClient.StartAsync(_host);
        _certificate = Certificate(_key, TimeSpan.FromDays(30));
        await RegisterAsync(_certificate, "0b7a4a37-5f4f-4d0c-8a53-3b7f5df0a001");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _certificate.Dispose();
        _key.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task An_assertion_counts_by_each_name_of_the_certificate_and_both_algorithms()
    {
        foreach (var header in (string[])[X5t(_certificate), X5t(_certificate).TrimEnd('"') + "=\"", X5tS256(_certificate), $"\"kid\":\"{_certificate.Thumbprint}\""])
        {
            foreach (var alg in (string[])["RS256", "PS256"])
            {
                var answer = await SendAsync(Sign(header, Claims(), alg));

                Assert.Equal(HttpStatusCode.OK, answer.Status);
                Assert.Equal(_client.ApplicationId, await _client.BearerAsync(answer["access_token"]));
            }
        }
    }

    [Theory]
    [InlineData("https://login.berth.localhost/tenant/oauth2/v2.0/token", true)]
    [InlineData("https://login.berth.localhost/organizations/oauth2/v2.0/token", true)]
    [InlineData("https://login.berth.localhost/tenant/v2.0", true)]
    [InlineData("https://login.berth.localhost/", false)]
    [InlineData("https://arm.berth.localhost", false)]
    [InlineData("https://login.microsoftonline.com/tenant/v2.0", false)]
    public async Task An_assertion_is_for_an_address_of_this_authority(string audience, bool isGood) =>
        Assert.Equal(isGood ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, (await SendAsync(Sign(X5t(_certificate), Claims(aud: audience)))).Status);

    [Fact]
    public async Task What_is_not_about_the_application_itself_or_not_for_now_is_refused()
    {
        var other = AuthorityClient.Program;
        foreach (var claims in (string[])[
            Claims(iss: other), Claims(sub: other), Claims(exp: Now), Claims(exp: Now - 1), Claims(exp: Now + (25 * 3600)), Claims(nbf: Now + 120),
            Claims().Replace("\"exp\"", "\"x\"", StringComparison.Ordinal), "{}", "[]", "junk"])
        {
            var answer = await SendAsync(Sign(X5t(_certificate), claims));

            Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), answer.Refusal);
            Assert.StartsWith("AADSTS700027: ", answer["error_description"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_that_is_not_the_certificates_an_unknown_one_or_a_key_brought_along_is_refused()
    {
        using var stranger = RSA.Create(2048);
        using var certificate = Certificate(stranger, TimeSpan.FromDays(30));
        var numbers = stranger.ExportParameters(false);
        var jwk = $$""" "jwk":{"kty":"RSA","n":"{{Base64Url.EncodeToString(numbers.Modulus)}}","e":"AQAB"}""";
        var x5c = $"\"x5c\":[\"{Convert.ToBase64String(certificate.RawData)}\"]";

        foreach (var header in (string[])[
            X5t(_certificate), X5t(certificate), X5tS256(certificate), jwk, x5c, $"{X5t(_certificate)},{jwk}", $"{X5t(_certificate)},{x5c}", "\"typ\":\"JWT\""])
        {
            Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign(header, Claims(), key: stranger))).Refusal);
        }

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign("\"typ\":\"JWT\"", Claims()))).Refusal);
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign($"{X5t(_certificate)},\"crit\":[\"x\"]", Claims()))).Refusal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("RS1")]
    public async Task Other_algorithms_are_refused(string alg)
    {
        var head = Encode($"{{\"alg\":\"{alg}\",{X5t(_certificate)}}}");
        var text = $"{head}.{Encode(Claims())}";
        var signature = alg == "none" ? "" : Base64Url.EncodeToString(HMACSHA256.HashData(_certificate.PublicKey.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(text)));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync($"{text}.{signature}")).Refusal);
    }

    [Theory]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS512")]
    public async Task Other_algorithms_of_the_certificates_own_key_are_refused(string alg)
    {
        var text = $"{Encode($"{{\"alg\":\"{alg}\",{X5t(_certificate)}}}")}.{Encode(Claims())}";
        var hash = alg == "RS384" ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA512;
        var padding = alg == "PS512" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        var signature = Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), hash, padding));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync($"{text}.{signature}")).Refusal);
    }

    [Fact]
    public async Task A_certificate_counts_no_longer_than_it_was_registered_for()
    {
        using var key = RSA.Create(2048);
        using var brief = Certificate(key, TimeSpan.FromDays(30));
        await RegisterAsync(brief, "0b7a4a37-5f4f-4d0c-8a53-3b7f5df0a003", until: _host.Time.GetUtcNow().AddMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Sign(X5t(brief), Claims(), key: key))).Status);

        _host.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign(X5t(brief), Claims(), key: key))).Refusal);
    }

    [Fact]
    public async Task An_assertion_may_be_used_again_from_where_it_was_used_first_and_from_nowhere_else()
    {
        var assertion = Sign(X5t(_certificate), Claims());
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(assertion)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(assertion)).Status);

        Assert.Equal(1, await _host.TamperAsync("UPDATE authority_grants SET state = '192.0.2.1' WHERE kind = 'assertion'"));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(assertion)).Refusal);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Sign(X5t(_certificate), Claims()))).Status);
    }

    [Fact]
    public async Task Neither_a_certificate_that_has_ended_nor_one_that_was_taken_away_counts()
    {
        using var key = RSA.Create(2048);
        using var expired = Certificate(key, TimeSpan.FromDays(-1));
        await RegisterAsync(expired, "0b7a4a37-5f4f-4d0c-8a53-3b7f5df0a002", until: null);
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign(X5t(expired), Claims(), key: key))).Refusal);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Sign(X5t(_certificate), Claims()))).Status);
        await _host.Metadata.RemoveCredentialAsync(_client.ApplicationRow, "0b7a4a37-5f4f-4d0c-8a53-3b7f5df0a001", Caller.System, CancellationToken.None);
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign(X5t(_certificate), Claims()))).Refusal);
    }

    [Fact]
    public async Task A_disabled_application_gets_nothing_for_its_certificate()
    {
        await _host.Metadata.UpdatePrincipalAsync(_client.ApplicationRow, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (await SendAsync(Sign(X5t(_certificate), Claims()))).Refusal);
    }

    [Fact]
    public async Task An_assertion_needs_its_type_and_no_secret_beside_it()
    {
        var assertion = Sign(X5t(_certificate), Claims());

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (await SendAsync(assertion, ("client_secret", _client.Secret))).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (await SendAsync(assertion, ("client_assertion_type", "other"))).Refusal);
    }

    private Task<Answer> SendAsync(string assertion, (string Name, string Value)? also = null)
    {
        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = _client.ApplicationId,
            ["scope"] = $"{AuthorityClient.Arm}/.default",
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = assertion,
        };
        if (also is var (name, value)) fields[name] = value;
        return _client.PostAsync(AuthorityClient.TokenPath, [.. fields.Select(f => (f.Key, f.Value))]);
    }

    private string Claims(string? iss = null, string? sub = null, string aud = Audience, long? exp = null, long? nbf = null) =>
        $$"""{"iss":"{{iss ?? _client.ApplicationId}}","sub":"{{sub ?? _client.ApplicationId}}","aud":"{{aud}}","exp":{{exp ?? Now + 600}},"nbf":{{nbf ?? Now}},"jti":"{{Guid.NewGuid()}}"}""";

    private string Sign(string header, string claims, string alg = "RS256", RSA? key = null)
    {
        var text = $"{Encode($"{{\"alg\":\"{alg}\",{header}}}")}.{Encode(claims)}";
        var padding = alg == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return $"{text}.{Base64Url.EncodeToString((key ?? _key).SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, padding))}";
    }

    private async Task RegisterAsync(X509Certificate2 certificate, string keyId, DateTimeOffset? until = null) => await _host.Metadata.PutCredentialAsync(
        _client.ApplicationRow,
        new CredentialRecord(keyId, CredentialKind.Certificate, _host.Time.GetUtcNow())
        {
            Certificate = certificate.RawData,
            Thumbprint = certificate.Thumbprint,
            ExpiresAt = until,
        },
        Caller.System, CancellationToken.None);

    private X509Certificate2 Certificate(RSA key, TimeSpan left) =>
        new CertificateRequest("CN=robot", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(_host.Time.GetUtcNow().AddDays(-30), _host.Time.GetUtcNow() + left);

    private static string X5t(X509Certificate2 certificate) => $"\"x5t\":\"{Base64Url.EncodeToString(certificate.GetCertHash())}\"";

    private static string X5tS256(X509Certificate2 certificate) => $"\"x5t#S256\":\"{Base64Url.EncodeToString(SHA256.HashData(certificate.RawData))}\"";

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
