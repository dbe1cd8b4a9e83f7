using System.Buffers;

namespace Berth.Storage;

/// <summary>Appends to one location. Not for concurrent use. Disposing it never deletes bytes.</summary>
public interface IBlobWriter : IAsyncDisposable
{
    /// <summary>The offset of the next byte: bytes written by this and earlier writers.</summary>
    long Position { get; }

    /// <summary>
    /// What the store needs to go on behind the last <see cref="SyncAsync"/>, at most 100 characters: kept in the upload's row beside the offset, and given back
    /// when the upload is resumed. Null where the location itself says enough.
    /// </summary>
    string? Checkpoint { get; }

    /// <summary>
    /// Whether the location was finished, with as many bytes as <see cref="Position"/> says, by a request whose answer nobody saw: whose bytes they are is
    /// then known only by reading them.
    /// </summary>
    bool MustBeRead { get; }

    /// <summary>
    /// Takes bytes; they need not be durable yet, nor written. After a failure, of these or of bytes taken before, nothing more can be appended;
    /// what stands up to <see cref="Position"/>, which may have gone back, may still be synced.
    /// </summary>
    /// <exception cref="StorageFullException">The volume is full.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or another writer took the location over.</exception>
    ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Completes when every byte taken has been written; it fails as <see cref="WriteAsync"/> does. Says nothing about durability.</summary>
    /// <exception cref="StorageFullException">The volume is full.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or another writer took the location over.</exception>
    Task FlushAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes every byte written so far durable, so that any process can go on behind it, though it cannot be read yet. After a failure the writer is of no more use and
    /// the location must not be trusted past the last success.
    /// </summary>
    /// <exception cref="StorageFullException">The volume is full.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or another writer took the location over.</exception>
    Task SyncAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes every byte durable and the location final: it can be read, and its row may be committed, unless <see cref="MustBeRead"/> turned true. Nothing is written
    /// after it. Doing it again is no error.
    /// </summary>
    /// <exception cref="StorageFullException">The volume is full.</exception>
    /// <exception cref="StorageUnavailableException">The store does not answer, or another writer took the location over.</exception>
    Task FinishAsync(CancellationToken cancellationToken);
}
