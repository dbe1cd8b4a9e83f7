using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Server.LocalFiles;

/// <summary>A certificate that the operator brings, in PEM or PFX files.</summary>
internal static class CertificateFiles
{
    // The kinds of keys that TLS is done with (RFC 3279, 2.3.1 and 2.3.5).
    private const string RsaKey = "1.2.840.113549.1.1.1";
    private const string EcKey = "1.2.840.10045.2.1";

    /// <summary>What changes when one of the files does.</summary>
    public static FileStamp Stamp(string certificate, string? key) => FileStamp.Of(certificate, key ?? certificate);

    /// <summary>The certificate with its key first, then the rest of its chain.</summary>
    /// <exception cref="CannotStartException">A file cannot be read, or they do not belong together.</exception>
    public static X509Certificate2Collection Read(string certificate, string? key, string? password)
    {
        try
        {
            var all = IsPfx(certificate) ? ReadPfx(certificate, password) : ReadPem(certificate, key ?? certificate, password);
            return all[0].GetKeyAlgorithm() is RsaKey or EcKey ? all : throw new CryptographicException("its key is neither RSA nor ECDSA");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            var files = key is null ? $"Tls:Certificate is '{certificate}'" : $"Tls:Certificate is '{certificate}' with Tls:Key '{key}'";
            throw new CannotStartException($"{files}, which cannot be used ({Sentence(e)}); allowed is a certificate with its private key, in PEM files or one PFX file.", e);
        }
    }

    /// <summary>The certificates of PEM files, all together.</summary>
    /// <exception cref="CannotStartException">A file cannot be read, or holds no certificate.</exception>
    public static X509Certificate2Collection ReadTrusted(IReadOnlyList<string> paths)
    {
        var all = new X509Certificate2Collection();
        foreach (var path in paths)
        {
            var before = all.Count;
            try
            {
                all.ImportFromPemFile(path);
                if (all.Count == before) throw new CryptographicException("it holds no certificate");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                throw new CannotStartException($"Outbound:TrustedCertificates has '{path}', which cannot be used ({Sentence(e)}); allowed are PEM files with certificates.", e);
            }
        }

        return all;
    }

    /// <summary>What an exception says, as part of a sentence.</summary>
    public static string Sentence(Exception e) => e.Message.Split(" (Parameter", 2)[0].TrimEnd('.');

    private static bool IsPfx(string path) => Path.GetExtension(path).ToLowerInvariant() is ".pfx" or ".p12";

    private static X509Certificate2Collection ReadPfx(string path, string? password)
    {
        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(path, password, X509KeyStorageFlags.EphemeralKeySet);
        var leaf = all.FirstOrDefault(c => c.HasPrivateKey) ?? throw new CryptographicException("it holds no private key");
        all.Remove(leaf);
        all.Insert(0, leaf);
        return all;
    }

    private static X509Certificate2Collection ReadPem(string certificate, string key, string? password)
    {
        var leaf = password is null ? X509Certificate2.CreateFromPemFile(certificate, key) : X509Certificate2.CreateFromEncryptedPemFile(certificate, password, key);
        var all = new X509Certificate2Collection(leaf);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificate);
        foreach (var other in chain.Where(c => !c.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span)))
            all.Add(other);
        return all;
    }
}
