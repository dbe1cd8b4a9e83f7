using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>What the authority says of itself, and that nothing but its own keys makes a token.</summary>
public sealed class AuthorityDocumentTests : IAsyncLifetime
{
    private RegistryHost _host = null!;
    private AuthorityClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync();
        _client = await AuthorityClient.StartAsync(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("/adfs/.well-known/openid-configuration", "/adfs/oauth2/token", "/adfs/oauth2/devicecode")]
    [InlineData("/adfs/tenant/.well-known/openid-configuration", "/adfs/tenant/oauth2/token", "/adfs/tenant/oauth2/devicecode")]
    [InlineData("/tenant/v2.0/.well-known/openid-configuration", "/tenant/oauth2/v2.0/token", "/tenant/oauth2/v2.0/devicecode")]
    [InlineData("/organizations/v2.0/.well-known/openid-configuration", "/organizations/oauth2/v2.0/token", "/organizations/oauth2/v2.0/devicecode")]
    [InlineData("/tenant/.well-known/openid-configuration", "/tenant/oauth2/v2.0/token", "/tenant/oauth2/v2.0/devicecode")]
    public async Task The_configuration_names_addresses_that_answer(string path, string token, string device)
    {
        var answer = await _client.GetAsync(path);

        Assert.Equal("https://login.berth.localhost/tenant/v2.0", answer["issuer"]);
        Assert.Equal("https://login.berth.localhost" + token, answer["token_endpoint"]);
        Assert.Equal("https://login.berth.localhost" + device, answer["device_authorization_endpoint"]);
        var keys = await _client.GetAsync(new Uri(answer["jwks_uri"]).AbsolutePath);
        Assert.NotEqual(0, keys.Json.GetProperty("keys").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await _client.ApplicationAsync(path: new Uri(answer["token_endpoint"]).AbsolutePath)).Status);
    }

    [Fact]
    public async Task An_unknown_tenant_is_named_as_such()
    {
        var answer = await _client.GetAsync("/elsewhere/v2.0/.well-known/openid-configuration");

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), answer.Refusal);
        Assert.Contains("'elsewhere'", answer["error_description"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_instance_document_leads_to_the_configuration()
    {
        var answer = await _client.GetAsync("/common/discovery/instance?api-version=1.1&authorization_endpoint=x");

        Assert.Equal("login.berth.localhost", answer.Json.GetProperty("metadata")[0].GetProperty("preferred_network").GetString());
        Assert.True((await _client.GetAsync(new Uri(answer["tenant_discovery_endpoint"]).AbsolutePath)).Has("token_endpoint"));
    }

    [Theory]
    [InlineData("/adfs/discovery/keys")]
    [InlineData("/tenant/discovery/v2.0/keys")]
    [InlineData("/common/discovery/keys")]
    public async Task The_published_key_verifies_a_token_and_holds_nothing_private(string path)
    {
        var token = (await _client.PersonAsync())["id_token"].Split('.');
        var keys = await _client.GetAsync(path);

        var key = keys.Json.GetProperty("keys").EnumerateArray().Single(k => k.GetProperty("kid").GetString() == Header(token[0]).GetProperty("kid").GetString());
        using var rsa = RSA.Create(new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") });
        Assert.True(rsa.VerifyData(
            Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Base64Url.DecodeFromChars(token[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Equal(["kty", "use", "alg", "kid", "n", "e", "issuer"], key.EnumerateObject().Select(p => p.Name));
        Assert.Equal("public, max-age=30", keys.Message.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task A_token_counts_with_a_signature_of_our_key_by_our_algorithm_only()
    {
        var token = (await _client.PersonAsync())["access_token"];
        var parts = token.Split('.');
        var kid = Header(parts[0]).GetProperty("kid").GetString();
        using var stranger = RSA.Create(2048);
        var key = (await _client.GetAsync("/adfs/discovery/keys")).Json.GetProperty("keys")[0];
        var numbers = stranger.ExportParameters(false);
        var jwk = $$"""{"kty":"RSA","n":"{{Base64Url.EncodeToString(numbers.Modulus)}}","e":"AQAB","kid":"{{kid}}"}""";

        // The public key is the secret of a confused HS256.
        foreach (var secret in (byte[][])[Bytes(key, "n"), Encoding.UTF8.GetBytes(key.GetProperty("n").GetString()!), stranger.ExportSubjectPublicKeyInfo()])
        {
            var head = Encode($$"""{"alg":"HS256","typ":"JWT","kid":"{{kid}}"}""");
            Assert.Null(await _client.BearerAsync($"{head}.{parts[1]}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes($"{head}.{parts[1]}")))}"));
        }

        foreach (var alg in (string[])["none", "None", "NONE"])
            Assert.Null(await _client.BearerAsync($"{Encode($$"""{"alg":"{{alg}}","typ":"JWT","kid":"{{kid}}"}""")}.{parts[1]}."));
        foreach (var header in (string[])[
            $$"""{"alg":"RS256","kid":"{{kid}}","jwk":{{jwk}}}""", $$"""{"alg":"RS256","jwk":{{jwk}}}""", $$"""{"alg":"RS256","kid":"{{kid}}","jku":"https://x.example"}"""])
        {
            var head = Encode(header);
            var signature = stranger.SignData(Encoding.ASCII.GetBytes($"{head}.{parts[1]}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            Assert.Null(await _client.BearerAsync($"{head}.{parts[1]}.{Base64Url.EncodeToString(signature)}"));
        }

        var changed = Encode(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace("\"alice\"", "\"owner\"", StringComparison.Ordinal));
        Assert.Null(await _client.BearerAsync($"{parts[0]}.{changed}.{parts[2]}"));
        Assert.Equal(AuthorityClient.Person, await _client.BearerAsync(token));
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static JsonElement Header(string part) => JsonDocument.Parse(Base64Url.DecodeFromChars(part)).RootElement;

    private static byte[] Bytes(JsonElement key, string name) => Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
}
