using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Berth.Server.Configuration;
using Berth.Server.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Server.Tests.Tls;

public sealed class OwnCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("berth-own-").FullName;
    private readonly LocalAuthority _authority = LocalAuthority.Create(DateTimeOffset.UtcNow);
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Pem_files_give_the_certificate_with_its_key_and_the_chain_after_it()
    {
        var leaf = Issue("a.example");
        File.WriteAllText(In("cert.pem"), leaf.ExportCertificatePem() + "\n" + _authority.Certificate.ExportCertificatePem());
        File.WriteAllText(In("key.pem"), Key(leaf));
        var set = new OwnCertificateSource(new TlsOptions { Certificate = In("cert.pem"), Key = In("key.pem") }).Load();
        Assert.Equal(leaf.Thumbprint, set.Certificate.Thumbprint);
        Assert.True(set.Certificate.HasPrivateKey);
        Assert.Equal(_authority.Certificate.Thumbprint, Assert.Single(set.Chain).Thumbprint);
        Assert.Null(set.Authority);
    }

    [Fact]
    public void One_pem_file_may_hold_both()
    {
        var leaf = Issue("a.example");
        File.WriteAllText(In("both.pem"), leaf.ExportCertificatePem() + "\n" + Key(leaf));
        Assert.True(new OwnCertificateSource(new TlsOptions { Certificate = In("both.pem") }).Load().Certificate.HasPrivateKey);
    }

    [Fact]
    public void A_pfx_file_and_an_encrypted_key_need_their_password()
    {
        var leaf = Issue("a.example");
        File.WriteAllBytes(In("cert.pfx"), leaf.Export(X509ContentType.Pfx, "secret"));
        Assert.True(new OwnCertificateSource(new TlsOptions { Certificate = In("cert.pfx"), Password = "secret" }).Load().Certificate.HasPrivateKey);

        File.WriteAllText(In("cert.pem"), leaf.ExportCertificatePem());
        using var key = leaf.GetECDsaPrivateKey()!;
        File.WriteAllText(In("key.pem"), key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        var options = new TlsOptions { Certificate = In("cert.pem"), Key = In("key.pem"), Password = "secret" };
        Assert.True(new OwnCertificateSource(options).Load().Certificate.HasPrivateKey);

        var refusal = Assert.Throws<CannotStartException>(() => new OwnCertificateSource(options with { Password = "wrong!" }).Load());
        Assert.DoesNotContain("wrong!", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_do_not_belong_together_are_refused_by_name()
    {
        File.WriteAllText(In("cert.pem"), Issue("a.example").ExportCertificatePem());
        File.WriteAllText(In("key.pem"), Key(Issue("b.example")));
        var refusal = Assert.Throws<CannotStartException>(() => new OwnCertificateSource(new TlsOptions { Certificate = In("cert.pem"), Key = In("key.pem") }).Load());
        Assert.Contains("Tls:Certificate is '", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("key.pem", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_refused() =>
        Assert.Contains("cannot be used", Assert.Throws<CannotStartException>(() => new OwnCertificateSource(new TlsOptions { Certificate = In("none.pem") }).Load()).Message, StringComparison.Ordinal);

    [Fact]
    public void New_files_are_taken_up_and_what_cannot_be_used_leaves_the_present_certificate_in_place()
    {
        var first = Issue("a.example");
        Write(first, Key(first));
        using var certificates = new ServerCertificates(
            new OwnCertificateSource(new TlsOptions { Certificate = In("cert.pem"), Key = In("key.pem") }), "berth.localhost",
            TimeSpan.FromSeconds(10), _time, NullLogger<ServerCertificates>.Instance);
        Assert.Equal(first.Thumbprint, Served(certificates));

        // The certificate came, its key not yet.
        var second = Issue("b.example");
        Write(second, Key(first));
        certificates.Refresh();
        Assert.Equal(first.Thumbprint, Served(certificates));

        Write(second, Key(second));
        certificates.Refresh();
        Assert.Equal(second.Thumbprint, Served(certificates));

        File.Delete(In("key.pem"));
        certificates.Refresh();
        Assert.Equal(second.Thumbprint, Served(certificates));
    }

    [Fact]
    public void Nothing_is_loaded_anew_while_the_files_stay()
    {
        var leaf = Issue("a.example");
        Write(leaf, Key(leaf));
        using var certificates = new ServerCertificates(
            new OwnCertificateSource(new TlsOptions { Certificate = In("cert.pem"), Key = In("key.pem") }), "berth.localhost",
            TimeSpan.FromSeconds(10), _time, NullLogger<ServerCertificates>.Instance);
        var before = certificates.Select(null);
        certificates.Refresh();
        Assert.Same(before, certificates.Select("any.example"));
    }

    [Fact]
    public void A_change_behind_a_link_is_seen()
    {
        var first = Issue("a.example");
        Directory.CreateDirectory(In("v1"));
        Directory.CreateDirectory(In("v2"));
        File.WriteAllText(In("v1/both.pem"), first.ExportCertificatePem() + "\n" + Key(first));
        var second = Issue("bb.example");
        File.WriteAllText(In("v2/both.pem"), second.ExportCertificatePem() + "\n" + Key(second));
        File.SetLastWriteTimeUtc(In("v2/both.pem"), File.GetLastWriteTimeUtc(In("v1/both.pem")).AddSeconds(1));
        File.CreateSymbolicLink(In("both.pem"), In("v1/both.pem"));
        var source = new OwnCertificateSource(new TlsOptions { Certificate = In("both.pem") });
        source.Load();
        Assert.False(source.HasChanged());
        File.Delete(In("both.pem"));
        File.CreateSymbolicLink(In("both.pem"), In("v2/both.pem"));
        Assert.True(source.HasChanged());
    }

    private static string? Served(ServerCertificates certificates) => certificates.Select(null).ServerCertificateContext!.TargetCertificate.Thumbprint;

    private static string Key(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    private X509Certificate2 Issue(string name) => _authority.Issue(new CertificateNames([name], []), DateTimeOffset.UtcNow);

    private void Write(X509Certificate2 certificate, string key)
    {
        File.WriteAllText(In("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(In("key.pem"), key);
    }

    private string In(string file) => Path.Combine(_folder, file);
}
