using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Berth.EndToEnd.Access;

namespace Berth.EndToEnd.Operations;

/// <summary>A server with a listener that is the registry local's alone.</summary>
public sealed class PrivateListenerFixture : AzureCliFixture
{
    /// <summary>The listener's address.</summary>
    public const string Address = "127.0.0.10";

    /// <summary>The listener's port.</summary>
    public int PrivatePort { get; } = FreePort();

    /// <summary>The connection that it stands for.</summary>
    public string Connection => $"{Address}-{PrivatePort}";

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings =>
        new Dictionary<string, string>(base.Settings) { ["BERTH_Network__PrivateListeners__0"] = $"{Address}:{PrivatePort}=local" };

    /// <summary>What is answered at the private listener.</summary>
    internal Task<(HttpStatusCode Status, string Body)> CallPrivatelyAsync(string registry = "local", string path = "/v2/") => CallAsync(Address, PrivatePort, registry, path);

    /// <summary>What is answered at the public listener.</summary>
    internal Task<(HttpStatusCode Status, string Body)> CallPubliclyAsync(string path = "/v2/") => CallAsync("127.0.0.1", IPEndPoint.Parse(Server.Https).Port, "local", path);

    private async Task<(HttpStatusCode Status, string Body)> CallAsync(string address, int port, string registry, string path)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Authority);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{registry}.berth.localhost:{port}{path}");
        request.Headers.TryAddWithoutValidation("Authorization", Endpoint.PasswordHeader);
        request.Headers.TryAddWithoutValidation("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*");
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(Address), 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
