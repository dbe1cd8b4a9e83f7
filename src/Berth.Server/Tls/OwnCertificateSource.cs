using Berth.Server.Configuration;
using Berth.Server.LocalFiles;

namespace Berth.Server.Tls;

/// <summary>The certificate that the operator brings (<c>Tls:Certificate</c>).</summary>
internal sealed class OwnCertificateSource(TlsOptions options) : ICertificateSource
{
    private FileStamp _loaded;

    /// <inheritdoc/>
    public CertificateSet Load()
    {
        // The stamp first: a change while the files are read is seen at the next look.
        var stamp = CertificateFiles.Stamp(options.Certificate!, options.Key);
        var certificates = CertificateFiles.Read(options.Certificate!, options.Key, options.Password);
        _loaded = stamp;
        var leaf = certificates[0];
        certificates.RemoveAt(0);
        return new CertificateSet(leaf, certificates, null);
    }

    /// <inheritdoc/>
    public bool HasChanged() => CertificateFiles.Stamp(options.Certificate!, options.Key) != _loaded;
}
