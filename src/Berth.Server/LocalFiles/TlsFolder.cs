using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Server.LocalFiles;

/// <summary>The data folder's <c>tls</c>: the local authority and the certificate it issued, as PEM files; keys are the owner's alone to read.</summary>
internal sealed class TlsFolder(string path)
{
    /// <summary>The authority's certificate, which clients trust.</summary>
    public const string AuthorityCertificate = "ca.pem";

    /// <summary>The authority's key.</summary>
    public const string AuthorityKey = "ca-key.pem";

    /// <summary>The server's certificate.</summary>
    public const string ServerCertificate = "server.pem";

    /// <summary>The server's key.</summary>
    public const string ServerKey = "server-key.pem";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The folder.</summary>
    public string Path => path;

    /// <summary>What changes when one of the files does.</summary>
    public FileStamp Stamp() => FileStamp.Of(In(AuthorityCertificate), In(AuthorityKey), In(ServerCertificate), In(ServerKey));

    /// <summary>A certificate with its key, or null when neither file is there.</summary>
    /// <exception cref="CannotStartException">One of the two is missing, or they do not belong together.</exception>
    public X509Certificate2? ReadPair(string certificate, string key)
    {
        if (!File.Exists(In(certificate)) && !File.Exists(In(key)))
            return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(In(certificate), In(key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CannotStartException(
                $"{In(certificate)} and {In(key)} cannot be used together ({CertificateFiles.Sentence(e)}); restore them, or remove both so that new ones are made.", e);
        }
    }

    /// <summary>Writes a certificate and its key, each whole or not at all.</summary>
    public void WritePair(string certificate, string key, X509Certificate2 pair)
    {
        try
        {
            Directory.CreateDirectory(path, Private | UnixFileMode.UserExecute);
            using var ecdsa = pair.GetECDsaPrivateKey()!;
            Write(In(key), ecdsa.ExportPkcs8PrivateKeyPem(), Private);
            Write(In(certificate), pair.ExportCertificatePem(), Public);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CannotStartException($"The certificate cannot be written to {path}: {e.Message}", e);
        }
    }

    // Durable before it takes its name, so that a power loss leaves no torn file.
    private static void Write(string file, string pem, UnixFileMode mode)
    {
        var temporary = file + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(pem + "\n"));
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, file, overwrite: true);
    }

    private string In(string file) => System.IO.Path.Combine(path, file);
}
