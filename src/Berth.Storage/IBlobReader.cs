namespace Berth.Storage;

/// <summary>Reads one open location at any offset. Its bytes stay readable until it is disposed, whatever is deleted meanwhile.</summary>
public interface IBlobReader : IAsyncDisposable
{
    /// <summary>The location.</summary>
    string Location { get; }

    /// <summary>The size in bytes.</summary>
    long Length { get; }

    /// <summary>Reads at an offset into the buffer; returns the bytes read, at least one before the end, 0 at it.</summary>
    ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}
