namespace Berth.Server.LocalFiles;

/// <summary>A file that holds one secret, as container platforms mount them; a line feed at its end does not belong to it.</summary>
internal static class SecretFile
{
    private const int MaxBytes = 16 * 1024;

    /// <summary>The secret.</summary>
    /// <exception cref="CannotStartException">The file cannot be read, or holds none.</exception>
    public static string Read(string setting, string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes) throw new IOException("it is larger than 16 KiB");
            var secret = File.ReadAllText(path).TrimEnd('\r', '\n');
            return secret.Length > 0 ? secret : throw new IOException("it is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CannotStartException($"{setting} is '{path}', which cannot be used ({CertificateFiles.Sentence(e)}); allowed is a file with one secret.", e);
        }
    }
}
