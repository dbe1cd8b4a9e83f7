using System.Buffers;

namespace Berth.Storage;

/// <summary>Appends to one location. Not for concurrent use. Disposing it never deletes bytes.</summary>
public interface IBlobWriter : IAsyncDisposable
{
    /// <summary>The offset of the next byte: bytes written by this and earlier writers.</summary>
    long Position { get; }

    /// <summary>
    /// Appends bytes. They need not be durable yet. After a failure <see cref="Position"/> has not moved and nothing more can be appended; what
    /// stood before may still be synced.
    /// </summary>
    /// <exception cref="StorageFullException">The volume is full.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or another writer took the location over.</exception>
    ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken);

    /// <summary>
    /// Makes every byte written so far, and the location's directory entry, durable. After a failure the writer is of no more use and
    /// the location must not be trusted past the last success.
    /// </summary>
    /// <exception cref="StorageFullException">The volume is full.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or another writer took the location over.</exception>
    Task SyncAsync(CancellationToken cancellationToken);
}
