using System.Security.Cryptography.X509Certificates;
using Berth.Server.LocalFiles;

namespace Berth.Server.Tls;

/// <summary>The certificate that the local authority issues; both are kept in the data folder and made when they are missing.</summary>
internal sealed class LocalCertificateSource(TlsFolder folder, CertificateNames names, TimeProvider time) : ICertificateSource
{
    /// <summary>A certificate with less time left is replaced by a new one.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(60);

    private FileStamp _loaded;
    private DateTimeOffset _renewAt;

    /// <inheritdoc/>
    public CertificateSet Load()
    {
        var now = time.GetUtcNow();
        var authority = LoadAuthority(now);
        var leaf = folder.ReadPair(TlsFolder.ServerCertificate, TlsFolder.ServerKey);
        if (leaf is null || !authority.HasIssued(leaf) || !names.AreIn(leaf) || RenewalOf(leaf, authority) <= now)
        {
            leaf?.Dispose();
            leaf = authority.Issue(names, now);
            folder.WritePair(TlsFolder.ServerCertificate, TlsFolder.ServerKey, leaf);
        }

        _loaded = folder.Stamp();
        _renewAt = RenewalOf(leaf, authority);
        return new CertificateSet(leaf, [], authority);
    }

    /// <inheritdoc/>
    public bool HasChanged() => folder.Stamp() != _loaded || time.GetUtcNow() >= _renewAt;

    private LocalAuthority LoadAuthority(DateTimeOffset now)
    {
        if (folder.ReadPair(TlsFolder.AuthorityCertificate, TlsFolder.AuthorityKey) is not { } existing)
        {
            var made = LocalAuthority.Create(now);
            folder.WritePair(TlsFolder.AuthorityCertificate, TlsFolder.AuthorityKey, made.Certificate);
            return made;
        }

        if (existing.NotAfter.ToUniversalTime() > now.UtcDateTime)
            return new LocalAuthority(existing);
        throw new CannotStartException(
            $"The local CA in {folder.Path} ended on {existing.NotAfter.ToUniversalTime():yyyy-MM-dd}: remove {TlsFolder.AuthorityCertificate} and {TlsFolder.AuthorityKey}, so that a new one is made, and let clients trust that one.");
    }

    // In the authority's own last days there is nothing to gain from renewing: the new certificate would end on the same day.
    private static DateTimeOffset RenewalOf(X509Certificate2 leaf, LocalAuthority authority)
    {
        var end = new DateTimeOffset(leaf.NotAfter);
        return end >= new DateTimeOffset(authority.Certificate.NotAfter) ? end : end - RenewBefore;
    }
}
