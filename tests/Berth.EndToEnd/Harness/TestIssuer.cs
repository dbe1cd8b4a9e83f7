using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>An issuer of workloads' tokens on loopback, as a CI system or a cluster is one: it publishes its key over HTTPS and signs real JWTs.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    /// <summary>The workload that its tokens name.</summary>
    public const string Subject = "repo:team/app:ref:refs/heads/main";

    /// <summary>The audience that its tokens name.</summary>
    public const string Audience = "api://AzureADTokenExchange";

    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _loop;

    /// <summary>An issuer that answers, and whose certificate stands in a file.</summary>
    public TestIssuer(string certificateFile)
    {
        File.WriteAllText(certificateFile, _certificate.ExportCertificatePem());
        _listener.Start();
        Name = $"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _loop = AcceptAsync();
    }

    /// <summary>How its tokens name it.</summary>
    public string Name { get; }

    /// <summary>Its public keys, as it publishes them (a JWK set).</summary>
    public string Keys => Document("/jwks");

    /// <summary>A token that is good for ten minutes.</summary>
    public string Token(string subject = Subject)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = Name,
            ["sub"] = subject,
            ["aud"] = Audience,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 600,
            ["jti"] = Content.Name(),
        };
        var signed = $"{Part(new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = "k1" })}.{Part(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";

        static string Part(JsonObject json) => Base64Url.EncodeToString(Content.Utf8(json.ToJsonString()));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        _listener.Dispose();
        _end.Dispose();
        _certificate.Dispose();
        _key.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                try
                {
                    await AnswerAsync(client);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // Whoever does not finish its request gets no answer; the next one does.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        await using var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _end.Token);
        using var reader = new StreamReader(stream, leaveOpen: true);
        var request = await reader.ReadLineAsync(_end.Token) ?? "";
        while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 })
        {
            // No header matters.
        }

        var body = Content.Utf8(Document(request.Split(' ') is [_, var path, ..] ? path : ""));
        await stream.WriteAsync(Content.Utf8($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), _end.Token);
        await stream.WriteAsync(body, _end.Token);
    }

    private string Document(string path)
    {
        if (path == "/.well-known/openid-configuration") return new JsonObject { ["issuer"] = Name, ["jwks_uri"] = $"{Name}/jwks" }.ToJsonString();
        var key = _key.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA",
                ["use"] = "sig",
                ["kid"] = "k1",
                ["n"] = Base64Url.EncodeToString(key.Modulus),
                ["e"] = Base64Url.EncodeToString(key.Exponent),
            }),
        }.ToJsonString();
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=issuer", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
