using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Bench.Servers;

/// <summary>
/// Debian's docker-registry at its fastest: no authentication, files, blob descriptors cached in memory, no access log. It has one
/// listener, so TLS is a second process over the same files.
/// </summary>
internal sealed class PeerServer(string folder) : RegistryServer("docker-registry", folder)
{
    private static readonly Dictionary<string, string> NoEnvironment = [];

    private ServerProcess? _tls;

    public override IPEndPoint TlsTarget { get; } = ServerProcess.FreeAddress();

    public override ServerProcess TlsProcess => _tls ?? throw new BenchException("the peer's TLS process does not run");

    protected override string ReadyPath => "/v2/";

    public override void StartTls()
    {
        var (certificate, key) = WriteCertificate();
        _tls = Launch(NoEnvironment, "docker-registry", "serve", Configure("tls", TlsTarget, $"\n  tls:\n    certificate: {certificate}\n    key: {key}"));
        _tls.WaitFor(TlsTarget, Requests.Format("GET", "/v2/"), tls: true);
    }

    public override void StopTls()
    {
        _tls?.Dispose();
        _tls = null;
    }

    public override void Dispose()
    {
        StopTls();
        base.Dispose();
    }

    protected override ServerProcess Launch() => Launch(NoEnvironment, "docker-registry", "serve", Configure("plain", Requests.Target, ""));

    private string Configure(string name, IPEndPoint address, string tls)
    {
        var path = $"{Folder}-{name}.yml";
        File.WriteAllText(path, $"""
            version: 0.1
            log:
              level: error
              accesslog:
                disabled: true
            storage:
              filesystem:
                rootdirectory: {Folder}
              cache:
                blobdescriptor: inmemory
              delete:
                enabled: true
            http:
              addr: {address}
              secret: bench{tls}

            """);
        return path;
    }

    private (string Certificate, string Key) WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        File.WriteAllText(Folder + ".crt", certificate.ExportCertificatePem());
        File.WriteAllText(Folder + ".key", key.ExportPkcs8PrivateKeyPem());
        return (Folder + ".crt", Folder + ".key");
    }
}
