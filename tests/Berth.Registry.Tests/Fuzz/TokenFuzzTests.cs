using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity;
using Berth.Registry.Tests.Identity.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Fuzz;

/// <summary>JWTs with well-formed parts and claims of any type, at every door that reads one; and the registry's own tokens, which are read as they were written.</summary>
public sealed class TokenFuzzTests : IAsyncLifetime
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private readonly RSA _key = RSA.Create(2048);
    private RegistryHost _host = null!;
    private AuthorityClient _authority = null!;
    private X509Certificate2 _certificate = null!;
    private string[] _known = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync();
        _authority = await AuthorityClient.StartAsync(_host);
        var now = _host.Time.GetUtcNow();
        _certificate = new CertificateRequest("CN=robot", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var credential = new CredentialRecord(Guid.NewGuid().ToString(), CredentialKind.Certificate, now) { Certificate = _certificate.RawData, Thumbprint = _certificate.Thumbprint };
        await _host.Metadata.PutCredentialAsync(_authority.ApplicationRow, credential, Caller.System, CancellationToken.None);
        var trust = new FederatedCredentialRecord("ci", "https://issuer.invalid", "s", ["a"], null);
        await _host.Metadata.PutFederatedCredentialAsync(_authority.ApplicationRow, trust, Caller.System, CancellationToken.None);
        using var owner = _host.ClientOf(OwnerAccount.Name, RegistryHost.Password);
        var ofRegistry = (await Answer.ReadAsync(await owner.GetAsync("/oauth2/token?service=local.berth.localhost")))["access_token"];
        var ofAuthority = (await _authority.ApplicationAsync())["access_token"];
        _known = [ofRegistry, ofAuthority];
    }

    public async ValueTask DisposeAsync()
    {
        _authority.Dispose();
        _certificate.Dispose();
        _key.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public Task Claims_and_headers_of_any_type_open_nothing_and_break_nothing() => Tokens().SampleAsync(
        async token =>
        {
            foreach (var (path, header) in ((string, string)[])[
                ("/v2/", $"Bearer {token}"), ("/subscriptions?api-version=2020-01-01", $"Bearer {token}"), ("/v1.0/me", $"Bearer {token}"),
                ("/v2/", Basic(_authority.ApplicationId, token)), ("/v2/", Basic(SecretCredentials.RefreshTokenUser, token))])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.TryAddWithoutValidation("Authorization", header);
                using var answer = await _authority.Http.SendAsync(request);
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{path} gave {answer.StatusCode} to {header[..6]} {Shown(token)}");
            }

            foreach (var (path, form) in ((string, (string, string)[])[])[
                (AuthorityClient.TokenPath, [("grant_type", "client_credentials"), ("client_id", _authority.ApplicationId), ("scope", $"{AuthorityClient.Arm}/.default"), ("client_assertion_type", AssertionType), ("client_assertion", token)]),
                ("/oauth2/exchange", [("grant_type", "access_token"), ("access_token", token)]),
                ("/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", token)])])
            {
                var answer = await _authority.PostAsync(path, form);
                Assert.True(answer.Status == HttpStatusCode.Unauthorized, $"{path} gave {answer.Status} to {Shown(token)}");
            }
        },
        iter: Effort.Requests(60), threads: 1);

    [Fact]
    public async Task A_token_of_the_registry_reads_as_what_was_written()
    {
        var tokens = _host.Services.GetRequiredService<AccessTokens>();
        var registry = (await _host.Metadata.FindRegistryAsync("local", CancellationToken.None))!;
        var entries = Gen.Select(Samples.Names, Gen.OneOf("pull", "push", "delete", "*", "metadata_read").Array[0, 4])
            .Select((name, actions) => new AccessEntry("repository", name.Value, [.. actions.Distinct()])).Array[0, 6];
        await Gen.Select(entries, Gen.String.Where(name => !name.Any(char.IsSurrogate)), Gen.Long[1, long.MaxValue], Gen.Long[0, long.MaxValue]).SampleAsync(
            async (access, name, id, epoch) =>
            {
                var principal = new Principal(id, name, epoch);
                var (text, _) = await tokens.IssueAccessAsync(registry, new SignedIn(principal, null, registry.Epoch), access, CancellationToken.None);
                var read = await tokens.ReadAccessAsync(text, registry, CancellationToken.None);
                Assert.Equal(principal, read!.Principal);
                var expected = RegistryScopes.FromAccess(access);
                foreach (var entry in access)
                {
                    foreach (var action in Enum.GetValues<RepositoryAction>())
                        Assert.Equal(expected.Include(Samples.Name(entry.Name), action), read.Scopes.Include(Samples.Name(entry.Name), action));
                }

                // A token for one use is none for the other, and none of another registry.
                Assert.Null(await tokens.ReadRefreshAsync(text, registry, CancellationToken.None));
                Assert.Null(await tokens.ReadAccessAsync(text, registry with { Id = registry.Id + 1 }, CancellationToken.None));
            },
            iter: Effort.Requests(100), threads: 1);
    }

    // Close to a good one each: the claims that would make it so, some of them replaced.
    private Gen<string> Tokens()
    {
        var now = _host.Time.GetUtcNow().ToUnixTimeSeconds();
        var odd = Gen.OneOf(
            "null", "true", "0", "-1", "1e300", "1e-300", "99999999999999999999", "253402300800", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "[[]]", "[null]", "[\"\\udfff\",1]", "{}", "{\"a\":1}",
            "\"" + new string('x', 2_000) + "\"");
        (string Name, string[] Good)[] header =
        [
            ("alg", ["\"RS256\"", "\"PS256\"", "\"none\"", "\"HS256\"", "\"ES256\""]), ("kid", [.. _known.Select(token => HeaderOf(token, "kid")), $"\"{_certificate.Thumbprint}\""]),
            ("x5t", [$"\"{Base64Url.EncodeToString(_certificate.GetCertHash())}\""]), ("x5t#S256", [$"\"{Base64Url.EncodeToString(SHA256.HashData(_certificate.RawData))}\""]), ("typ", ["\"JWT\""]),
            ("crit", ["[\"exp\"]"]), ("enc", ["\"A128GCM\""]), ("zip", ["\"DEF\""]),
        ];
        (string Name, string[] Good)[] claims =
        [
            ("iss", [$"\"{_authority.ApplicationId}\"", "\"https://issuer.invalid\"", "\"Azure Container Registry\"", "\"https://login.berth.localhost/tenant/v2.0\""]),
            ("sub", [$"\"{_authority.ApplicationId}\"", "\"s\""]), ("aud", ["\"https://login.berth.localhost/adfs/oauth2/token\"", "\"local.berth.localhost\"", "[\"a\"]"]),
            ("exp", [$"{now + 600}"]), ("nbf", [$"{now}"]), ("iat", [$"{now}"]), ("grant_type", ["\"access_token\"", "\"refresh_token\""]), ("principal", ["1"]), ("epoch", ["1"]), ("registry", ["1"]), ("access", ["[]"]),
        ];
        Gen<string> Part((string Name, string[] Good)[] fields, int oddIn) => Gen.Select(Gen.Int[0, oddIn], odd, Gen.Bool, Gen.Double.Unit).Array[fields.Length].Select(picks => "{" + string.Join(
            ',', picks.Select((pick, i) => (Use: pick.Item1 != 1, Text: $"\"{fields[i].Name}\":{(pick.Item1 == 0 ? pick.Item2 : fields[i].Good[(int)(pick.Item4 * fields[i].Good.Length)])}")).Where(field => field.Use).Select(field => field.Text)) + "}");
        return Gen.Select(Part(header, 3), Part(claims, 8), Gen.OneOf("AAAA", "", new string('A', 342))).Select((head, body, signature) => $"{Encode(head)}.{Encode(body)}.{signature}");
    }

    private static string HeaderOf(string token, string name) =>
        System.Text.Json.JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[0])).RootElement.GetProperty(name).GetRawText();

    private static string Shown(string token) => string.Join(" . ", token.Split('.')[..2].Select(part => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part))));

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static string Basic(string user, string password) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";
}
