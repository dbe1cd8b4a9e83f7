using Berth.Server.LocalFiles;
using Berth.Server.Tests.Hosting;
using Berth.Server.Tls;

namespace Berth.Server.Tests.Tls;

/// <summary>The files of <c>Outbound:TrustedCertificates</c>.</summary>
public sealed class TrustedCertificateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_certificates_of_all_files_are_read()
    {
        using var one = LocalAuthority.Create(DateTimeOffset.UtcNow);
        using var two = LocalAuthority.Create(DateTimeOffset.UtcNow);
        using var three = LocalAuthority.Create(DateTimeOffset.UtcNow);
        var files = new[]
        {
            Write("one.pem", one.Certificate.ExportCertificatePem() + "\n" + two.Certificate.ExportCertificatePem()),
            Write("three.pem", three.Certificate.ExportCertificatePem()),
        };

        Assert.Equal(
            [one.Certificate.Thumbprint, two.Certificate.Thumbprint, three.Certificate.Thumbprint], CertificateFiles.ReadTrusted(files).Select(c => c.Thumbprint));
    }

    [Theory]
    [InlineData("not a certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData(null)]
    public async Task A_file_without_a_certificate_stops_the_start_with_one_sentence(string? content)
    {
        var path = content is null ? Path.Combine(_folder.Data, "absent.pem") : Write("wrong.pem", content);
        var (code, _, errors) = await ServerRun.RunAsync(
            ["serve", "--data", Path.Combine(_folder.Data, "data"), "--http", "127.0.0.1:0", "--https", "none"], new() { ["BERTH_Outbound__TrustedCertificates__0"] = path });

        Assert.Equal(2, code);
        Assert.Contains($"Outbound:TrustedCertificates has '{path}', which cannot be used (", errors, StringComparison.Ordinal);
        Assert.Contains("allowed are PEM files with certificates.", errors, StringComparison.Ordinal);
    }

    private string Write(string name, string content)
    {
        Directory.CreateDirectory(_folder.Data);
        var path = Path.Combine(_folder.Data, name);
        File.WriteAllText(path, content);
        return path;
    }
}
