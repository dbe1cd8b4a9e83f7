using System.Buffers;
using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Berth.Storage.Hashing;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Copies the blobs that a snapshot of the metadata names from one store into another. Locations are never reused, so what the target
/// has already is what it should be: a second backup into the same place copies only what is new. A blob whose bytes neither has is marked damaged in
/// the snapshot: the copy of an installation that lost it has lost it, too, and says so.
/// </summary>
/// <param name="snapshot">The rows of the copy.</param>
/// <param name="source">The store that has the bytes.</param>
/// <param name="target">The store that gets them.</param>
/// <param name="resumed">Whether an earlier copy was ended before its end: what it left in the target is read again, and made durable.</param>
public sealed class BlobCopy(IMetadataStore snapshot, IBlobStore source, IBlobStore target, bool resumed)
{
    private const int PageSize = 500;
    private const int BlockSize = 256 * 1024;

    /// <summary>How many blobs are copied side by side: a store that is asked over a network answers many at once. Default 1.</summary>
    public int AtOnce { get; init; } = 1;

    /// <summary>What the target was seen to hold, where only copies write to it: what is there in its size is not asked for again. Default null.</summary>
    public StoredSizes? Seen { get; init; }

    /// <summary>Whether bytes are hashed on their way: a blob that has not its digest any more counts as lost. Default false.</summary>
    public bool Checks { get; init; }

    /// <summary>Copies what is missing.</summary>
    /// <param name="progress">Is told how many bytes are done, of how many.</param>
    /// <param name="cancellationToken">Ends the work; a later call goes on.</param>
    /// <exception cref="StorageUnavailableException">One of the stores does not answer; that says nothing about a blob.</exception>
    public async Task<BlobCopyResult> RunAsync(IProgress<(long Done, long Total)> progress, CancellationToken cancellationToken)
    {
        var result = new BlobCopyResult(0, 0, 0);
        var lost = new List<Digest>();
        await EachAsync(
            CopyAsync,
            (blob, outcome) =>
            {
                if (outcome == Outcome.Copied) result = result with { Copied = result.Copied + 1, Bytes = result.Bytes + blob.Size };
                if (outcome == Outcome.Present) result = result with { Present = result.Present + 1 };
                if (outcome == Outcome.Lost) lost.Add(blob.Digest);
            },
            progress,
            cancellationToken);
        return lost.Count == 0 ? result : result with { Lost = lost };
    }

    /// <summary>Reads back from the target all that the snapshot names, and copies again what is not as it should be: the digests of these blobs.</summary>
    /// <param name="progress">Is told how many bytes are done, of how many.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="StorageUnavailableException">One of the stores does not answer, or the target does not give back what it was given.</exception>
    public async Task<IReadOnlyList<Digest>> VerifyAsync(IProgress<(long Done, long Total)> progress, CancellationToken cancellationToken)
    {
        var healed = new List<Digest>();
        await EachAsync(
            IsWholeAsync,
            (blob, isWhole) =>
            {
                if (!isWhole) healed.Add(blob.Digest);
            },
            progress,
            cancellationToken);
        return healed;
    }

    /// <summary>Removes from the target what the snapshot does not name any more.</summary>
    public async Task<int> PruneAsync(CancellationToken cancellationToken)
    {
        var removed = 0;
        await foreach (var page in target.ListAsync(cancellationToken).Select(stored => stored.Location).Chunk(PageSize))
        {
            var known = await snapshot.KnownLocationsAsync(page, cancellationToken);
            foreach (var location in page.Where(location => !known.Contains(location)))
            {
                await target.DeleteAsync(location, cancellationToken);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Does something with each blob that is not damaged, some side by side, and says what came of it, one after the other.</summary>
    private async Task EachAsync<T>(
        Func<StoredBlobRecord, CancellationToken, Task<T>> work, Action<StoredBlobRecord, T> take, IProgress<(long Done, long Total)> progress, CancellationToken cancellationToken)
    {
        var total = (await snapshot.ReadTotalsAsync(cancellationToken)).BlobBytes;
        var side = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        var gate = new Lock();
        long done = 0;
        var after = default(Digest);
        while (await snapshot.WalkBlobsAsync(after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            after = page[^1].Digest;
            await Parallel.ForEachAsync(page, side, async (blob, ending) =>
            {
                if (blob.State == BlobState.Live)
                {
                    var outcome = await work(blob, ending);
                    lock (gate) take(blob, outcome);
                }

                lock (gate) progress.Report((done += blob.Size, total));
            });
        }
    }

    // After a copy that was ended, the size says little: blocks are written side by side, and one before the last may be missing.
    private async Task<bool> IsThereAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        if (Seen is not null) return Seen.Holds(blob.Location, blob.Size);
        if (resumed)
        {
            if (!await BlobCheck.HasDigestAsync(target, blob.Location, blob.Size, blob.Digest, afterBlock: null, cancellationToken)) return false;
            await target.SyncAsync(blob.Location, cancellationToken);
            return true;
        }

        await using var present = await target.OpenAsync(blob.Location, blob.Size, cancellationToken);
        return true;
    }

    private async Task<bool> IsWholeAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        if (await HasDigestAsync(blob, cancellationToken)) return true;
        if (await TryCopyBytesAsync(blob, cancellationToken) && await HasDigestAsync(blob, cancellationToken)) return false;
        throw new StorageUnavailableException($"The new store does not give back the bytes of {blob.Digest} that it was given.");
    }

    private async Task<bool> HasDigestAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        try
        {
            return await BlobCheck.HasDigestAsync(target, blob.Location, blob.Size, blob.Digest, afterBlock: null, cancellationToken);
        }
        catch (BlobMissingException)
        {
            return false;
        }
    }

    private async Task<Outcome> CopyAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        try
        {
            if (await IsThereAsync(blob, cancellationToken)) return Outcome.Present;
        }
        catch (BlobMissingException)
        {
            // Absent, or cut short by an earlier copy that was ended.
        }

        // A miss counts when a second look says the same.
        if (await TryCopyBytesAsync(blob, cancellationToken) || await TryCopyBytesAsync(blob, cancellationToken)) return Outcome.Copied;

        await target.DeleteAsync(blob.Location, cancellationToken);
        await snapshot.MarkDamagedAsync(blob.Digest, blob.Location, cancellationToken);
        return Outcome.Lost;
    }

    /// <summary>Copies one blob's bytes; false when the source answered that it does not have all of them, or has others.</summary>
    private async Task<bool> TryCopyBytesAsync(StoredBlobRecord blob, CancellationToken cancellationToken)
    {
        await target.DeleteAsync(blob.Location, cancellationToken);

        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            using var hash = Checks ? ContentHash.Create(blob.Digest.Algorithm) : null;
            await using var reader = await source.OpenAsync(blob.Location, blob.Size, cancellationToken);
            await using var writer = await target.AppendAsync(blob.Location, 0, blob.Size, cancellationToken);
            for (long offset = 0; offset < blob.Size;)
            {
                var read = await reader.ReadAsync(offset, buffer, cancellationToken);
                if (read == 0) return false;
                hash?.Append(buffer.AsSpan(0, read));
                await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
                offset += read;
            }

            if (hash is not null && hash.Finish() != blob.Digest) return false;
            await writer.FinishAsync(cancellationToken);
            return true;
        }
        catch (BlobMissingException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private enum Outcome
    {
        Copied,
        Present,
        Lost,
    }
}

/// <summary>What a copy did.</summary>
/// <param name="Copied">Blobs copied.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Present">Blobs that the target had already.</param>
public sealed record BlobCopyResult(int Copied, long Bytes, int Present)
{
    /// <summary>Blobs whose bytes neither the source nor the target has, though the rows named them as good; the copy has them as damaged.</summary>
    public IReadOnlyList<Digest> Lost { get; init; } = [];
}
