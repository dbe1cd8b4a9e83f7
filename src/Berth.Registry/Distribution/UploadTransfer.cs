using System.Buffers;
using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Berth.Storage.Hashing;

namespace Berth.Registry.Distribution;

/// <summary>
/// One writer's pass over an upload session: appends to its location and hashes what passes. The hash goes on from the session's state;
/// without a matching one, the bytes that stand are read once: now, or when they are finished where a store shows them only then.
/// </summary>
internal sealed class UploadTransfer : IAsyncDisposable
{
    private const int RereadBlock = 1 << 20;

    private readonly IBlobWriter _writer;
    // Null where all bytes are to be hashed at the end.
    private readonly ContentHash? _hash;

    private UploadTransfer(IBlobWriter writer, ContentHash? hash, DigestAlgorithm algorithm)
    {
        _writer = writer;
        _hash = hash;
        Algorithm = algorithm;
    }

    /// <summary>The algorithm that the bytes are hashed with.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>How many bytes the session holds, durable or not.</summary>
    public long Position => _writer.Position;

    /// <summary>Opens the session's location at its durable offset.</summary>
    /// <param name="store">The blob store.</param>
    /// <param name="upload">The session, taken by this writer.</param>
    /// <param name="algorithm">The algorithm to hash with; may differ from the session's.</param>
    /// <param name="declared">How many bytes the client says will follow, or 0.</param>
    /// <param name="confirm">Throws when the session is this writer's no longer; awaited before anything at its location is touched.</param>
    /// <param name="keepTaken">Is awaited between blocks while bytes are read again, which may take longer than a writer's hold lasts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BlobMissingException">What stands there is not what the session's row says: it cannot be resumed.</exception>
    public static async Task<UploadTransfer> OpenAsync(
        IBlobStore store, UploadRecord upload, DigestAlgorithm algorithm, long declared, Func<ValueTask> confirm, Func<ValueTask> keepTaken,
        CancellationToken cancellationToken)
    {
        var writer = await store.AppendAsync(upload.Location, upload.Offset, upload.Checkpoint, upload.Epoch, declared, confirm, cancellationToken);
        try
        {
            var hash = writer.MustBeRead ? null : Restore(upload, algorithm);
            if (hash is null && store.ReadsUnfinished)
            {
                hash = ContentHash.Create(algorithm);
                await RereadAsync(store, upload.Location, upload.Offset, hash, keepTaken, cancellationToken);
            }

            return new UploadTransfer(writer, hash, algorithm);
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    /// <summary>The hash of the session's durable bytes from its state alone, or null when they would have to be read.</summary>
    public static ContentHash? Restore(UploadRecord upload, DigestAlgorithm algorithm)
    {
        if (upload.Offset == 0) return ContentHash.Create(algorithm);
        if (upload.Algorithm != algorithm || upload.HashState is not { } state || ContentHash.TryRestore(algorithm, state) is not { } hash) return null;
        if (hash.Length == upload.Offset) return hash;

        hash.Dispose();
        return null;
    }

    /// <summary>Appends and then hashes bytes: a write that was cancelled or failed must leave the hash where the position is.</summary>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        await _writer.WriteAsync(bytes, cancellationToken);
        _hash?.Append(bytes);
    }

    /// <summary>Completes when all bytes have been written: a volume that has no room for them says so here, and not when they are synced.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => _writer.FlushAsync(cancellationToken);

    /// <summary>Makes all bytes durable.</summary>
    public Task SyncAsync(CancellationToken cancellationToken) => _writer.SyncAsync(cancellationToken);

    /// <summary>What the store needs to go on behind the last sync.</summary>
    public string? Checkpoint => _writer.Checkpoint;

    /// <summary>Makes all bytes durable and the location final: nothing is appended after it.</summary>
    public Task FinishAsync(CancellationToken cancellationToken) => _writer.FinishAsync(cancellationToken);

    /// <summary>The digest of all bytes so far; null where they would have to be read for it.</summary>
    public Digest? PeekDigest() => _hash?.Length == Position && !_writer.MustBeRead ? _hash.Peek() : null;

    /// <summary>The hash's state after all bytes so far, or null where it cannot be kept.</summary>
    public byte[]? SaveHashState() => _hash?.Length == Position ? _hash.SaveState() : null;

    /// <summary>
    /// The digest of all bytes; the last use of the hash. Where the location was finished by a request whose answer nobody saw, that of the bytes that
    /// stand there.
    /// </summary>
    /// <exception cref="InvalidOperationException">Some bytes were written and not hashed: nothing may be said about them.</exception>
    public async ValueTask<Digest> FinishDigestAsync(IBlobStore store, UploadRecord upload, Func<ValueTask> keepTaken, CancellationToken cancellationToken)
    {
        if (_hash is not null && !_writer.MustBeRead)
        {
            return _hash.Length == Position
                ? _hash.Finish()
                : throw new InvalidOperationException($"{_hash.Length} bytes were hashed and {Position} written.");
        }

        using var hash = ContentHash.Create(Algorithm);
        await RereadAsync(store, upload.Location, Position, hash, keepTaken, cancellationToken);
        return hash.Finish();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _hash?.Dispose();
        await _writer.DisposeAsync();
    }

    private static async Task RereadAsync(
        IBlobStore store, string location, long length, ContentHash hash, Func<ValueTask> keepTaken, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(RereadBlock);
        try
        {
            await using var reader = await store.OpenAsync(location, length, cancellationToken);
            for (long offset = 0; offset < length;)
            {
                var read = await reader.ReadAsync(offset, buffer, cancellationToken);
                if (read == 0) throw new BlobMissingException(location, "The bytes of the upload session end before its offset.");
                hash.Append(buffer.AsSpan(0, read));
                offset += read;
                await keepTaken();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
