namespace Berth.Oci.Client;

/// <summary>A blob, or a part of one, on its way; disposing it ends the transfer.</summary>
public sealed class BlobDownload : IDisposable
{
    private readonly HttpResponseMessage _response;

    internal BlobDownload(HttpResponseMessage response, Stream content, long? length, long? total)
    {
        _response = response;
        Content = content;
        Length = length;
        Total = total;
    }

    /// <summary>
    /// The bytes, forward only. The read of the last byte throws <see cref="OciException"/> (<see cref="OciErrorCode.DigestInvalid"/>) when a whole blob
    /// is not what its digest says; a transfer that ends early or stands still throws <see cref="IOException"/>.
    /// </summary>
    public Stream Content { get; }

    /// <summary>How many bytes <see cref="Content"/> has; null when the registry does not say.</summary>
    public long? Length { get; }

    /// <summary>How many bytes the whole blob has; null when the registry does not say.</summary>
    public long? Total { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Content.Dispose();
        _response.Dispose();
    }
}
