using System.Buffers;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Storage;
using Berth.Storage.Hashing;

namespace Berth.Registry.Distribution;

/// <summary>
/// Takes the blob of a promised session in whose bytes come in one request and are few: they are read and hashed before any of them is stored, and nothing is written but by the commit of the blob.
/// What fails leaves the session as empty as it was.
/// </summary>
internal sealed class WholeUploads(
    IUploads metadata, IBlobStore store, UploadService uploads, PromisedSessions promised, ReservedLocations locations, DistributionOptions options, LifecycleOptions lifecycle, TimeProvider time, ISteps steps,
    DistributionMetrics metrics)
{
    /// <summary>The most bytes that are few.</summary>
    public const int MostBytes = 256 * 1024;

    private int _pushing;

    /// <summary>Stores the request's body and commits it as a blob of the repository.</summary>
    /// <param name="request">The request.</param>
    /// <param name="repositoryId">The repository.</param>
    /// <param name="digest">The digest that the client says.</param>
    /// <param name="length">The body's length in bytes.</param>
    /// <exception cref="OciException">400: the bytes have another digest; the session ends. 409: another request was faster.</exception>
    public async Task PushAsync(DistributionRequest request, long repositoryId, Digest digest, int length)
    {
        metrics.TransferStarted();
        Interlocked.Increment(ref _pushing);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var bytes = buffer.AsMemory(0, length);
        var received = 0;
        var areKept = false;
        try
        {
            received = await ReceiveAsync(request, bytes);
            var actual = DigestOf(bytes.Span, digest.Algorithm);
            if (actual != digest)
            {
                // The answer that was lost, asked for without the bytes.
                if (!await promised.TryEndAsync(request) && await promised.HasEndedAsync(request, digest)) return;
                throw UploadService.WrongDigest(actual, digest);
            }

            await uploads.LookAfterAsync(request, digest);
            if (!await TryCommitAsync(request, repositoryId, digest, await StoreAsync(bytes), length))
            {
                // The clock jumped, or the database went back in time: it knows none of those that were reserved.
                locations.Forget();
                if (!await TryCommitAsync(request, repositoryId, digest, await StoreAsync(bytes), length))
                    throw new MetadataUnavailableException("The metadata database does not know any more where the bytes went; push them again.");
            }

            areKept = true;
        }
        finally
        {
            Interlocked.Decrement(ref _pushing);
            ArrayPool<byte>.Shared.Return(buffer);
            metrics.Received(received, areKept);
            metrics.TransferEnded();
        }
    }

    private async Task<int> ReceiveAsync(DistributionRequest request, Memory<byte> bytes)
    {
        var body = request.Http.Request.BodyReader;
        using var window = new TransferWindow(options.StallLimit, time, request.Aborted);
        var received = 0;
        while (true)
        {
            var read = await window.ReadAsync(body);
            var buffer = read.Buffer;
            var length = (int)buffer.Length;
            buffer.CopyTo(bytes.Span[received..]);
            body.AdvanceTo(buffer.End);
            received += length;
            window.Passed(length);
            if (read.IsCompleted) return received;
        }
    }

    private static Digest DigestOf(ReadOnlySpan<byte> bytes, DigestAlgorithm algorithm)
    {
        using var hash = ContentHash.Create(algorithm);
        hash.Append(bytes);
        return hash.Finish();
    }

    /// <summary>Brings the bytes to a location that was reserved; when it returns they are durable.</summary>
    private async Task<string> StoreAsync(ReadOnlyMemory<byte> bytes)
    {
        var location = await locations.TakeAsync(CancellationToken.None);
        await steps.ReachAsync("upload.before-open");
        await using var writer = await store.AppendAsync(location, 0, null, epoch: 1, bytes.Length, static () => ValueTask.CompletedTask, CancellationToken.None);
        if (bytes.Length > 0) await writer.WriteAsync(new ReadOnlySequence<byte>(bytes), CancellationToken.None);
        await writer.FlushAsync(CancellationToken.None);
        await steps.ReachAsync("upload.before-sync");
        await writer.FinishAsync(CancellationToken.None);
        await steps.ReachAsync("upload.after-sync");
        return location;
    }

    /// <summary>Commits the blob; false where its location is not reserved any more.</summary>
    private async Task<bool> TryCommitAsync(DistributionRequest request, long repositoryId, Digest digest, string location, int length)
    {
        var id = UploadTickets.IdOf(request.Target.UploadId!);
        var upload = new WholeUpload(id, request.Registry.Id, repositoryId, request.Repository, location, digest, length) { Others = Volatile.Read(ref _pushing) - 1 };
        var now = time.GetUtcNow();
        await steps.ReachAsync("upload.before-commit");
        var outcome = await metadata.CompleteWholeAsync(upload, now + lifecycle.Grace, request.Caller, CancellationToken.None);
        // Another request was faster. Where it brought the same blob, as a proxy's second attempt does, this one did what it was to do.
        if (outcome == WholeUploadOutcome.Taken && !await promised.HasEndedAsync(request, digest)) throw UploadService.Busy(id);
        if (outcome == WholeUploadOutcome.Completed) await steps.ReachAsync("upload.after-commit");
        return outcome != WholeUploadOutcome.NotReserved;
    }
}
