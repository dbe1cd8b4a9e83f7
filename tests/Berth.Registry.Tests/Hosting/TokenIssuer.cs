using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Tests.Hosting;

/// <summary>An issuer of tokens as CI systems have it: its configuration, its keys, and tokens that it signs.</summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    public const string Subject = "repo:team-a/app:ref:refs/heads/main";
    public const string Audience = "api://AzureADTokenExchange";

    private readonly HttpsServer _server;
    private JsonArray _keys = [];

    private TokenIssuer(HttpsServer server)
    {
        _server = server;
        Configuration = new JsonObject { ["issuer"] = Name, ["jwks_uri"] = $"{Name}/jwks" };
        server.Answers["/.well-known/openid-configuration"] = context => context.Response.WriteAsync(Configuration.ToJsonString());
        server.Answers["/jwks"] = context => context.Response.WriteAsync(new JsonObject { ["keys"] = _keys.DeepClone() }.ToJsonString());
        Publish(JwkOf(Key, "k1"));
    }

    public RSA Key { get; } = RSA.Create(2048);

    public HttpsServer Server => _server;

    public string Name => _server.Address;

    public JsonObject Configuration { get; }

    /// <summary>How often its keys were asked for.</summary>
    public int Fetches => _server.Asked.Count(path => path == "/jwks");

    public static async Task<TokenIssuer> StartAsync() => new(await HttpsServer.StartAsync());

    public static JsonObject JwkOf(RSA key, string? id)
    {
        var parameters = key.ExportParameters(false);
        var jwk = new JsonObject { ["kty"] = "RSA", ["use"] = "sig", ["n"] = Base64Url.EncodeToString(parameters.Modulus), ["e"] = Base64Url.EncodeToString(parameters.Exponent) };
        if (id is not null) jwk["kid"] = id;
        return jwk;
    }

    public static JsonObject JwkOf(ECDsa key, string id, string curve)
    {
        var point = key.ExportParameters(false).Q;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = curve,
            ["kid"] = id,
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    /// <summary>Signs with RS256 and a key; by the issuer's own if none is given.</summary>
    public Func<byte[], byte[]> With(RSA? key = null) => data => (key ?? Key).SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public void Publish(params JsonObject[] keys) => _keys = [.. keys];

    /// <summary>A token that is good from then on for ten minutes, but for what the test changes: a claim that is null is left out.</summary>
    public string Token(DateTimeOffset now, object? header = null, object? claims = null, Func<byte[], byte[]>? sign = null)
    {
        var head = Merge(new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = "k1" }, header);
        var at = now.ToUnixTimeSeconds();
        var body = Merge(
            new JsonObject { ["iss"] = Name, ["sub"] = Subject, ["aud"] = Audience, ["iat"] = at, ["nbf"] = at, ["exp"] = at + 600 }, claims);
        return Sign(head.ToJsonString(), body.ToJsonString(), sign ?? With());
    }

    public static string Sign(string header, string claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public async ValueTask DisposeAsync()
    {
        Key.Dispose();
        await _server.DisposeAsync();
    }

    private static JsonObject Merge(JsonObject known, object? changes)
    {
        if (changes is null) return known;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(changes)!.AsObject())
        {
            if (value is null) known.Remove(name);
            else known[name] = value.DeepClone();
        }

        return known;
    }
}
