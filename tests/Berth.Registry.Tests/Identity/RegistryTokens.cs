using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Microsoft.IdentityModel.Tokens;

namespace Berth.Registry.Tests.Identity;

/// <summary>A registry with a blob in it, and clients with tokens of it or without.</summary>
internal static class RegistryTokens
{
    public const string Service = "local.berth.localhost";
    public static readonly byte[] Blob = "a blob"u8.ToArray();
    public static readonly Digest BlobDigest = Digest.Compute(DigestAlgorithm.Sha256, Blob);

    public static async Task<RegistryHost> StartAsync(RegistryOptions? options = null)
    {
        var host = await RegistryHost.StartAsync(options: options);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Blob));
        return host;
    }

    public static async Task<string> TokenAsync(HttpClient client, params string[] scopes) =>
        await ReadTokenAsync(await client.GetAsync($"/oauth2/token?service={Service}{string.Concat(scopes.Select(s => $"&scope={Uri.EscapeDataString(s)}"))}"));

    public static async Task<string> ReadTokenAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("access_token").GetString()!;
    }

    public static HttpClient Anonymous(RegistryHost host) => new() { BaseAddress = host.Client.BaseAddress };

    public static HttpClient Bearer(RegistryHost host, string token) =>
        new() { BaseAddress = host.Client.BaseAddress, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

    public static FormUrlEncodedContent Form(params (string Key, string Value)[] values) => new(values.Select(v => KeyValuePair.Create(v.Key, v.Value)));

    public static JsonElement Claims(string token) => JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1])).RootElement;

    public static string Header(string json) => Base64UrlEncoder.Encode(json);

    public static string Sign(string header, string payload, RSA key) => $"{header}.{payload}." + Base64UrlEncoder.Encode(
        key.SignData(Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static string Hmac(string header, string payload, string key) => $"{header}.{payload}." + Base64UrlEncoder.Encode(
        HMACSHA256.HashData(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes($"{header}.{payload}")));
}
