using System.Net;
using System.Text;
using Berth.Registry.Identity.Federation;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Fuzz;

/// <summary>What strangers send to sign in, over the network: it is refused, soon, and never the server's fault.</summary>
public sealed class SignInFuzzTests : IAsyncLifetime
{
    private static readonly string[] Fragments =
    [
        "Bearer ", "bearer", "Basic ", "Digest ", "Negotiate ", "eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiIsImtpZCI6IngifQ", "e30", "bnVsbA", "W10", "MQ", "IiI", ".", "..", "=", "==",
        ":", "b3duZXI6", "b3duZXI", "OnBhc3N3b3Jk", "AAAA", "____", "-", " ", ",", "\t", "\"", "é", "\0", "a", new string('A', 3_000),
    ];

    private static readonly string[] Fields =
    [
        "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "username", "password", "refresh_token", "access_token", "service", "scope", "resource", "code",
        "code_verifier", "redirect_uri", "device_code", "user_code", "tenant",
    ];

    private static readonly string[] Values =
    [
        "password", "refresh_token", "access_token", "client_credentials", "authorization_code", "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", AuthorityClient.Program, "00000000-0000-0000-0000-000000000000", "local.berth.localhost", "repository:a:pull",
        $"{AuthorityClient.Arm}/.default", "offline_access", "x.y", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "..", "%", "%zz", "%00", "%ff", "+", "&", "=", "%F0%9F", "%ED%A0%80", "", new string('x', 5_000),
    ];

    private static readonly Gen<string> Credentials = Gen.OneOf(Gen.String, Gen.OneOf(Fragments).Array[0, 8].Select(string.Concat));

    private static readonly Gen<string> Forms = Gen.OneOf(
        Gen.String,
        Gen.Select(Gen.OneOf(Fields), Gen.OneOf(Values), Gen.OneOf("&", "&", "&", ";", "&&", "=")).Select((name, value, end) => $"{name}={value}{end}").Array[0, 8].Select(string.Concat));

    private RegistryHost _host = null!;
    private AuthorityClient _authority = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync();
        _authority = await AuthorityClient.StartAsync(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _authority.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public void A_federated_token_is_read_or_is_none() => Gen.OneOf(Gen.String, Credentials, Gen.OneOf(Fragments).Array[3].Select(parts => string.Join('.', parts))).Sample(
        text => Assertion.TryParse(text) is not { } read || (text.Count(c => c == '.') == 2 && read.Signed.Length == text.LastIndexOf('.')),
        iter: Effort.Iterations(20_000));

    [Fact]
    public Task What_is_no_credential_opens_nothing() => Credentials.SampleAsync(
        async text =>
        {
            var header = new string([.. text.Where(c => c is >= ' ' and <= '~')]).Trim();
            if (header.Length == 0) return;
            foreach (var (path, method) in ((string, string)[])[
                ("/v2/", "GET"), ("/v2/_catalog", "GET"), ("/v2/a/tags/list", "HEAD"), ("/acr/v1/_catalog", "GET"), ("/subscriptions?api-version=2020-01-01", "GET"), ("/v1.0/users", "GET"),
                ("/berth/v1/issuer-keys", "GET")])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                request.Headers.TryAddWithoutValidation("Authorization", header);
                using var answer = await _authority.Http.SendAsync(request);
                Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest, $"{path} {header}: {answer.StatusCode}");
            }
        },
        iter: Effort.Requests(60), threads: 1);

    [Fact]
    public async Task A_token_that_was_changed_anywhere_opens_nothing()
    {
        using var owner = await ControlClient.OfOwnerAsync(_host);
        var ofRegistry = (await Answer.ReadAsync(await _host.Client.GetAsync("/oauth2/token?service=local.berth.localhost&scope=registry:catalog:*")))["access_token"];
        var changes = Gen.Select(Gen.Bool, Gen.Double.Unit, Gen.Int[0, 3], Gen.OneOf("A", "_", ".", "=", "e30", "", "\"", " ", "%41"));
        await changes.SampleAsync(
            async (isControl, place, cut, put) =>
            {
                var token = isControl ? owner.Token : ofRegistry;

                // Of the last character, four bits are no part of the signature.
                var at = (int)(place * (token.Length - 5));
                var changed = token[..at] + put + token[(at + cut)..];
                if (changed.Trim() == token) return;
                using var client = _host.WithoutCredential();
                client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {changed}");
                using var answer = await client.GetAsync(isControl ? "/subscriptions?api-version=2020-01-01" : "/v2/_catalog");
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{answer.StatusCode}: {changed}");
            },
            iter: Effort.Requests(300), threads: 1);

        using var good = _host.BearerOf(ofRegistry);
        Assert.Equal(HttpStatusCode.OK, (await good.GetAsync("/v2/_catalog")).StatusCode);
    }

    [Fact]
    public Task What_is_no_good_form_gets_no_token() => Forms.SampleAsync(
        async form =>
        {
            foreach (var path in (string[])["/oauth2/token", "/oauth2/exchange", "/adfs/oauth2/token", "/tenant/oauth2/v2.0/token", "/device"])
            {
                using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(form));
                content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-urlencoded");
                using var answer = await _authority.Http.PostAsync(path, content);
                Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{path} {form}: {answer.StatusCode}");
            }
        },
        iter: Effort.Requests(150), threads: 1);

    [Fact]
    public Task Any_scope_gets_a_token_for_what_it_names_or_a_sentence() => Gen.OneOf(
        Gen.String, Gen.OneOf("repository:", "registry:catalog:*", "a", ":pull", ",push", ":*", " ", "..", "//", "(plugin)", "é", "\0", "%", new string('a', 300)).Array[0, 9].Select(string.Concat)).SampleAsync(
        async scope =>
        {
            using var answer = await _host.Client.GetAsync($"/oauth2/token?service=local.berth.localhost&scope={Escape(scope)}");
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{scope}: {answer.StatusCode}");
        },
        iter: Effort.Requests(300), threads: 1);

    [Fact]
    public async Task Long_credentials_are_refused_in_no_time()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (var unit in (string[])["A", ".", "e30.", "=", "Bearer ", ":", "b3duZXI6"])
        {
            var text = string.Concat(Enumerable.Repeat(unit, 24_000 / unit.Length));
            foreach (var header in (string[])["Bearer " + text, "Bearer e30.e30." + text, "Basic " + text])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
                request.Headers.TryAddWithoutValidation("Authorization", header);
                using var answer = await _authority.Http.SendAsync(request);
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            }
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30)); // quadratic work would need minutes
    }

    // Half of a surrogate pair has no UTF-8.
    private static string Escape(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $"%{b:X2}"));
}
