using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Health;

/// <summary>What <c>acr check-health</c> says of certificates.</summary>
public sealed class TlsProbeTests : IDisposable
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_certificate_that_nobody_here_trusts_is_told_with_what_to_trust()
    {
        using var certificate = Certificate("localhost", Now.AddDays(90));
        var line = await TlsLineAsync(certificate, "localhost", isTrusted: false);
        Assert.Contains("error", line, StringComparison.Ordinal);
        Assert.Contains("CONNECTIVITY_SSL_ERROR: the certificate, issued by CN=fake, is not trusted here", line, StringComparison.Ordinal);
        Assert.Contains("SSL_CERT_FILE", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_told_with_its_names()
    {
        using var certificate = Certificate("other.example", Now.AddDays(90));
        Assert.Contains("CONNECTIVITY_SSL_ERROR: the certificate is not for localhost; it is for other.example", await TlsLineAsync(certificate, "localhost"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_past_its_end_is_told_with_its_dates()
    {
        using var certificate = Certificate("localhost", Now.AddDays(-1));
        Assert.Contains($"until {Now.AddDays(-1):yyyy-MM-dd HH:mm}Z", await TlsLineAsync(certificate, "localhost"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_ends_soon_is_a_warning()
    {
        using var certificate = Certificate("localhost", Now.AddDays(3));
        var line = await TlsLineAsync(certificate, "localhost");
        Assert.Contains("warning  CERTIFICATE_EXPIRY_WARNING", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_certificate_is_fine()
    {
        using var certificate = Certificate("localhost", Now.AddDays(90));
        Assert.Matches("^tls +ok +TLS 1.[23], a trusted certificate for localhost", await TlsLineAsync(certificate, "localhost"));
    }

    [Fact]
    public async Task A_plain_listener_is_told_from_a_bad_certificate()
    {
        await using var plain = new FakePeer(_ => new FakeAnswer(400));
        var run = await _client.RunAsync("acr", "check-health", "--host", $"https://localhost:{plain.Port}");
        Assert.Equal(1, run.Status);
        Assert.Contains("does not agree on TLS", run.Output, StringComparison.Ordinal);
        Assert.Contains("http://", run.Output, StringComparison.Ordinal);
    }

    private async Task<string> TlsLineAsync(X509Certificate2 certificate, string host, bool isTrusted = true)
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(200, "{}"), certificate);
        if (isTrusted)
        {
            _client.Environment["SSL_CERT_FILE"] = Path.Combine(_client.Folder, "ca.pem");
            await File.WriteAllTextAsync(_client.Environment["SSL_CERT_FILE"], certificate.ExportCertificatePem());
        }

        var run = await _client.RunAsync("acr", "check-health", "--host", $"https://{host}:{registry.Port}");
        var lines = run.Output.Split('\n');
        var at = Array.FindIndex(lines, line => line.StartsWith("tls ", StringComparison.Ordinal));
        Assert.True(at >= 0, run.Output);
        return $"{lines[at]}\n{lines[at + 1]}";
    }

    private static X509Certificate2 Certificate(string name, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fake", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Parse("192.0.2.1"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var made = request.CreateSelfSigned(Now.AddDays(-30), until);
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
