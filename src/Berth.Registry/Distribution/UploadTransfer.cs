using System.Buffers;
using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Berth.Storage.Hashing;

namespace Berth.Registry.Distribution;

/// <summary>
/// One writer's pass over an upload session: appends to its location and hashes what passes. The hash goes on from the session's state;
/// without a matching one, the bytes that stand are read once.
/// </summary>
internal sealed class UploadTransfer : IAsyncDisposable
{
    private const int RereadBlock = 1 << 20;

    private readonly IBlobWriter _writer;
    private readonly ContentHash _hash;

    private UploadTransfer(IBlobWriter writer, ContentHash hash, DigestAlgorithm algorithm)
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
    public static async Task<UploadTransfer> OpenAsync(
        IBlobStore store, UploadRecord upload, DigestAlgorithm algorithm, long declared, Func<ValueTask> confirm, Func<ValueTask> keepTaken,
        CancellationToken cancellationToken)
    {
        var writer = await store.AppendAsync(upload.Location, upload.Offset, declared, confirm, cancellationToken);
        try
        {
            var hash = Restore(upload, algorithm);
            if (hash is null)
            {
                hash = ContentHash.Create(algorithm);
                await RereadAsync(store, upload, hash, keepTaken, cancellationToken);
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
        _hash.Append(bytes);
    }

    /// <summary>Completes when all bytes have been written: a volume that has no room for them says so here, and not when they are synced.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => _writer.FlushAsync(cancellationToken);

    /// <summary>Makes all bytes durable.</summary>
    public Task SyncAsync(CancellationToken cancellationToken) => _writer.SyncAsync(cancellationToken);

    /// <summary>The hash's state after all bytes so far, or null where it cannot be kept.</summary>
    public byte[]? SaveHashState() => _hash.Length == Position ? _hash.SaveState() : null;

    /// <summary>The digest of all bytes; the last use of the hash.</summary>
    /// <exception cref="InvalidOperationException">Some bytes were written and not hashed: nothing may be said about them.</exception>
    public Digest FinishDigest() => _hash.Length == Position
        ? _hash.Finish()
        : throw new InvalidOperationException($"{_hash.Length} bytes were hashed and {Position} written.");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        await _writer.DisposeAsync();
    }

    private static async Task RereadAsync(
        IBlobStore store, UploadRecord upload, ContentHash hash, Func<ValueTask> keepTaken, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(RereadBlock);
        try
        {
            await using var reader = await store.OpenAsync(upload.Location, upload.Offset, cancellationToken);
            for (long offset = 0; offset < upload.Offset;)
            {
                var read = await reader.ReadAsync(offset, buffer, cancellationToken);
                if (read == 0) throw new BlobMissingException(upload.Location, "The bytes of the upload session end before its offset.");
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
