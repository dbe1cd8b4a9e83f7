using System.IO.Pipelines;
using System.Security.Cryptography;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Storage;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>
/// Takes blobs in. A session's row stands before its first byte; what is recorded as its offset is durable; a blob is committed only
/// after all its bytes are. No path here deletes bytes: what is left over is the reaper's.
/// </summary>
internal sealed class UploadService(
    IMetadataStore metadata, IBlobStore store, UploadTickets tickets, DistributionOptions options, LifecycleOptions lifecycle, TimeProvider time, ISteps steps,
    DamageReport damage, DistributionMetrics metrics)
{
    /// <summary>How long a session that has ended well answers its last request again.</summary>
    public static readonly TimeSpan AnswerKept = TimeSpan.FromHours(1);

    private static readonly TimeSpan LongestTouchInterval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);

    /// <summary>Opens a session.</summary>
    /// <param name="request">Who opens it, and where.</param>
    /// <param name="algorithm">The algorithm to hash with.</param>
    /// <param name="whole">The digest of the blob where the same request goes on to send all of its bytes; else the default.</param>
    public Task<UploadRecord> OpenAsync(DistributionRequest request, DigestAlgorithm algorithm, Digest whole)
    {
        var isWhole = !whole.IsDefault;
        var upload = new NewUpload(
            NewId(), request.Registry.Id, request.Repository, store.NewLocation(), algorithm, ExpiresAt(), isWhole ? WriterUntil() : null)
        {
            Declared = isWhole ? request.Http.Request.ContentLength ?? 0 : 0,
            Expected = whole,
            Readable = isWhole ? request.Rights.Readable : [],
            AsOf = request.AsOf,
        };
        return metadata.OpenUploadAsync(upload, request.Caller, request.Aborted);
    }

    /// <summary>How a request that opens a session reads its caller's epochs.</summary>
    public OpeningReading OpeningFor(RegistryRecord registry, RequestTarget target) => new(metadata, registry.Id, target);

    /// <summary>How a request that adds to a session or finishes it reads it, or takes it at once.</summary>
    public UploadReading ReadingFor(RegistryRecord registry, RequestTarget target, Digest digest, bool isCompared) => new(metadata, registry.Id, target, digest, time) { IsCompared = isCompared };

    /// <summary>The session of the request's path, if it is this principal's; its blob may be committed already. Null where it was promised and nothing has come to it.</summary>
    /// <exception cref="OciException">404: there is none.</exception>
    public async ValueTask<UploadRecord?> FindAsync(DistributionRequest request)
    {
        var id = UploadTickets.IdOf(request.Target.UploadId!);
        var upload = request.Reading is UploadReading { IsDone: true } reading
            ? reading.Upload
            : await metadata.FindUploadAsync(request.Registry.Id, request.Repository, id, request.Aborted);
        if (upload is null && UploadTickets.IsTicket(request.Target.UploadId!) && await tickets.IsGoodAsync(request)) return null;
        return upload is not null && upload.State != UploadState.Aborting && upload.PrincipalId == request.Principal.Id ? upload : throw Unknown(id);
    }

    /// <summary>Takes the session of the request's path for this request alone, whose caller was found to be allowed it as of some epochs.</summary>
    /// <exception cref="EpochsMovedException">They do not stand, or the session is not there, not the caller's, not free or does not stand at the offset.</exception>
    public async Task<UploadRecord> TakeAsync(DistributionRequest request, SecurityEpochs asOf, long? offset) =>
        await ((UploadReading)request.Reading!).TakeAsync(request.Principal.Id, asOf, offset, WriterUntil(), request.Aborted) ?? throw new EpochsMovedException();

    /// <summary>Takes the session for this request alone.</summary>
    /// <exception cref="OciException">409: another request writes to it.</exception>
    public async Task<UploadRecord> AcquireAsync(DistributionRequest request, UploadRecord upload) =>
        await metadata.AcquireUploadAsync(upload.Id, upload.Epoch, WriterUntil(), request.Aborted) ?? throw Held(upload);

    /// <summary>Opens the location of a session that this request has taken.</summary>
    public async Task<UploadTransfer> BeginAsync(DistributionRequest request, UploadRecord upload, DigestAlgorithm algorithm)
    {
        await steps.ReachAsync("upload.before-open");
        try
        {
            return await UploadTransfer.OpenAsync(
                store, upload, algorithm, request.Http.Request.ContentLength ?? 0, () => ConfirmTakenAsync(upload),
                KeepTaken(upload, request.Aborted), request.Aborted);
        }
        catch (BlobMissingException)
        {
            await metadata.AbortUploadAsync(upload.Id, upload.Epoch, request.Caller, CancellationToken.None);
            throw Unknown(upload.Id);
        }
        catch (StorageFullException e) when (e.ExceedsStore || request.Http.Request.ContentLength > store.Space()?.Total)
        {
            // The client's fault, not the volume's: room will never come free for it.
            await ReleaseAsync(upload);
            throw new OciException(
                OciErrorCode.SizeInvalid, "The Content-Length is more than the registry's whole store holds; nothing was stored.",
                status: StatusCodes.Status413PayloadTooLarge);
        }
        catch (StorageFullException)
        {
            await GiveUpAsync(request, upload);
            throw;
        }
        catch
        {
            await ReleaseAsync(upload);
            throw;
        }
    }

    /// <summary>
    /// Appends the request's body. When the client goes away or stalls, what came is made durable and recorded, so that it can resume;
    /// when the body is not what was announced, or the volume or a quota is full, the session stays at its offset.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="upload">The session, taken by this request.</param>
    /// <param name="transfer">Its open location.</param>
    /// <param name="expected">The exact length that a Content-Range announced, or null.</param>
    public async Task ReceiveAsync(DistributionRequest request, UploadRecord upload, UploadTransfer transfer, long? expected)
    {
        metrics.TransferStarted();
        var areKept = true;
        try
        {
            var announced = expected ?? request.Http.Request.ContentLength;
            var reservation = new UploadReservation(metadata, upload, upload.Offset + announced);
            await reservation.CoverAnnouncedAsync(request.Aborted);
            await PumpAsync(request.Http.Request.BodyReader, upload, transfer, reservation, expected, request.Aborted);
        }
        catch (Exception e) when (e is StorageFullException or QuotaException)
        {
            areKept = false;
            await GiveUpAsync(request, upload);
            throw;
        }
        catch (Exception e) when (e is StorageUnavailableException or not (IOException or OperationCanceledException))
        {
            await ReleaseAsync(upload);
            throw;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            await RecordAsync(upload, transfer);
            throw;
        }
        finally
        {
            metrics.Received(transfer.Position - upload.Offset, areKept);
            metrics.TransferEnded();
        }
    }

    /// <summary>Makes the bytes durable and records them with the hash state that belongs to them.</summary>
    /// <returns>The session's new offset.</returns>
    /// <exception cref="OciException">404: the session was cancelled meanwhile.</exception>
    public async Task<long> RecordAsync(UploadRecord upload, UploadTransfer transfer)
    {
        await MakeDurableAsync(upload, transfer.SyncAsync);
        var recorded = await metadata.RecordUploadAsync(
            upload.Id, upload.Epoch, transfer.Position, transfer.Algorithm, transfer.SaveHashState(), transfer.Checkpoint, ExpiresAt(), CancellationToken.None);
        return recorded ? transfer.Position : throw Unknown(upload.Id);
    }

    /// <summary>Commits the session's bytes as a blob of the repository, after they are durable and have the digest that the client says.</summary>
    /// <exception cref="OciException">400: they have another digest; the session ends.</exception>
    public async Task CompleteAsync(DistributionRequest request, UploadRecord upload, UploadTransfer transfer, Digest digest)
    {
        // Before anything is asked about the digest: the time that it takes would tell a client without the bytes whether some other registry has them.
        var passed = transfer.PeekDigest();
        if (passed is { } known)
        {
            await RequireAsync(request, upload, known, digest);
            await LookAfterOrRecordAsync(request, upload, transfer, digest);
        }

        await MakeDurableAsync(upload, transfer.FinishAsync);
        var size = transfer.Position;
        var actual = await transfer.FinishDigestAsync(store, upload, KeepTaken(upload, CancellationToken.None), CancellationToken.None);
        await RequireAsync(request, upload, actual, digest);
        if (passed is null) await LookAfterOrRecordAsync(request, upload, transfer, digest);
        await CommitAsync(request, upload, digest, size);
    }

    /// <summary>Looks after the digest; where that fails, what came stays, for a client that tries again.</summary>
    private async Task LookAfterOrRecordAsync(DistributionRequest request, UploadRecord upload, UploadTransfer transfer, Digest digest)
    {
        try
        {
            await LookAfterAsync(request, digest);
        }
        catch
        {
            await RecordAsync(upload, transfer);
            throw;
        }
    }

    /// <summary>
    /// Commits a session whose bytes are all durable and recorded, from its hash state alone; false when that does not do: its location holds
    /// more than was recorded, somebody writes there, or the bytes would have to be read.
    /// </summary>
    public async Task<bool> TryCompleteAtRestAsync(DistributionRequest request, UploadRecord upload, Digest digest)
    {
        using var hash = UploadTransfer.Restore(upload, digest.Algorithm);
        if (hash is null || !await store.IsAtRestAsync(upload.Location, upload.Offset, request.Aborted)) return false;

        await RequireAsync(request, upload, hash.Finish(), digest);
        await LookAfterAsync(request, digest);
        await CommitAsync(request, upload, digest, upload.Offset);
        return true;
    }

    /// <summary>Ends the session whose bytes have another digest than their client says.</summary>
    private async Task RequireAsync(DistributionRequest request, UploadRecord upload, Digest actual, Digest digest)
    {
        if (actual == digest) return;
        if (!await metadata.AbortUploadAsync(upload.Id, upload.Epoch, request.Caller, CancellationToken.None)) throw Busy(upload.Id);
        throw WrongDigest(actual, digest);
    }

    private async Task CommitAsync(DistributionRequest request, UploadRecord upload, Digest digest, long size)
    {
        var now = time.GetUtcNow();
        await steps.ReachAsync("upload.before-commit");
        bool committed;
        try
        {
            committed = await metadata.CompleteUploadAsync(
                upload, digest, size, now + lifecycle.Grace, now + AnswerKept, request.Caller, CancellationToken.None);
        }
        catch (LockedException)
        {
            // The session stays for who tries again when the repository is unlocked.
            await ReleaseAsync(upload);
            throw;
        }
        catch (QuotaException)
        {
            // Its client pushes the blob anew, if at all; until then nothing is to be held back from others.
            await metadata.AbortUploadAsync(upload.Id, upload.Epoch, request.Caller, CancellationToken.None);
            throw;
        }

        if (!committed) throw Busy(upload.Id);
        await steps.ReachAsync("upload.after-commit");
    }

    /// <summary>
    /// Content that stands already keeps its bytes, and those of this push go: not unless they are there. Where they are not, the blob is marked damaged,
    /// and this push heals it.
    /// </summary>
    public async Task LookAfterAsync(DistributionRequest request, Digest digest)
    {
        StoredBlobRecord? missed = null;
        if (request.Reading is not UploadReading reading || !reading.TryGetStored(digest, LongestTouchInterval, out var stored))
            stored = await metadata.FindStoredBlobAsync(digest, CancellationToken.None);
        for (; stored is { State: BlobState.Live }; stored = await metadata.FindStoredBlobAsync(digest, CancellationToken.None))
        {
            try
            {
                await using var reader = await store.OpenAsync(stored.Location, stored.Size, CancellationToken.None);
                return;
            }
            catch (BlobMissingException) when (stored != missed)
            {
                // It may have been collected, or pushed anew, since the row was read.
                missed = stored;
            }
            catch (BlobMissingException)
            {
                await damage.ReportAsync(digest, stored.Location);
                return;
            }
        }
    }

    /// <summary>Ends a session at its client's wish.</summary>
    public async Task CancelAsync(DistributionRequest request, UploadRecord upload)
    {
        if (!await metadata.AbortUploadAsync(upload.Id, null, request.Caller, request.Aborted)) throw Unknown(upload.Id);
    }

    /// <summary>The error for a session that is not there, or not this principal's.</summary>
    public static OciException Unknown(string id) => new(
        OciErrorCode.BlobUploadUnknown, "There is no such upload session: it never was, has finished, was cancelled, or has expired. Start a new one.",
        detail: id);

    /// <summary>The error for a session that another request writes to.</summary>
    public static OciException Busy(string id) => new(
        OciErrorCode.BlobUploadInvalid, "Another request is writing to this upload session; nothing of this one was stored.", status: 409, detail: id);

    private async Task PumpAsync(
        PipeReader body, UploadRecord upload, UploadTransfer transfer, UploadReservation reservation, long? expected, CancellationToken aborted)
    {
        var limit = upload.Offset + expected;
        var keepTaken = KeepTaken(upload, aborted);
        using var window = new TransferWindow(options.StallLimit, time, aborted);
        while (true)
        {
            var read = await window.ReadAsync(body);
            var bytes = read.Buffer;
            var length = bytes.Length;
            try
            {
                if (transfer.Position + bytes.Length > limit) throw WrongLength(expected!.Value);

                // Before the write: another writer may have the session by now, and its bytes stand where these would go.
                await keepTaken();
                await reservation.CoverAsync(transfer.Position + bytes.Length, aborted);
                if (!bytes.IsEmpty) await transfer.WriteAsync(bytes, aborted);
            }
            finally
            {
                // Also when refused: the server can read over the rest only behind what was taken, else it cuts the connection before the answer is read.
                body.AdvanceTo(bytes.End);
            }

            window.Passed(length);
            if (read.IsCompleted) break;
        }

        if (limit is not null && transfer.Position != limit) throw WrongLength(expected!.Value);
        await transfer.FlushAsync(CancellationToken.None);
    }

    /// <summary>
    /// Fails when another has the session by now. A hold may have ended while its request stood still, and a successor may have committed; one that
    /// comes after this has to wait until the location is open.
    /// </summary>
    private async ValueTask ConfirmTakenAsync(UploadRecord upload)
    {
        // One that was taken just now holds for longer than this request can have stood still.
        var left = upload.WriterUntil - time.GetUtcNow();
        if (left > options.StallLimit && left <= 2 * options.StallLimit) return;
        var current = await metadata.FindUploadAsync(upload.RegistryId, upload.Repository, upload.Id, CancellationToken.None);
        if (current is not { State: UploadState.Open } || current.Epoch != upload.Epoch) throw Unknown(upload.Id);
    }

    /// <summary>Extends the writer's hold on the session whenever it is due; fails when another has it, or it was cancelled.</summary>
    private Func<ValueTask> KeepTaken(UploadRecord upload, CancellationToken aborted)
    {
        var touched = time.GetTimestamp();
        var interval = options.StallLimit / 2 < LongestTouchInterval ? options.StallLimit / 2 : LongestTouchInterval;
        return async () =>
        {
            if (time.GetElapsedTime(touched) <= interval) return;
            touched = time.GetTimestamp();
            if (!await metadata.TouchUploadAsync(upload.Id, upload.Epoch, WriterUntil(), ExpiresAt(), aborted)) throw Unknown(upload.Id);
        };
    }

    private async Task MakeDurableAsync(UploadRecord upload, Func<CancellationToken, Task> sync)
    {
        await steps.ReachAsync("upload.before-sync");
        try
        {
            await sync(CancellationToken.None);
        }
        catch (StorageUnavailableException e) when (e.IsTakenOver)
        {
            // No disk failed: the session is the successor's, and what it was told holds.
            throw;
        }
        catch (Exception e) when (e is StorageUnavailableException { LeavesWhatStood: true } or MetadataUnavailableException)
        {
            await ReleaseAsync(upload);
            throw;
        }
        catch
        {
            // What a failed sync leaves cannot be trusted, whoever writes to it next: the session ends for that writer, too (a later session has a
            // location of its own). Where each writer's bytes are its own, a successor may have finished with them, which is why this one failed.
            await metadata.AbortUploadAsync(upload.Id, store.WritersShareBytes ? null : upload.Epoch, Caller.System, CancellationToken.None);
            await ReleaseAsync(upload);
            throw;
        }

        await steps.ReachAsync("upload.after-sync");
    }

    /// <summary>
    /// Lets go of a session for which there is no room, on the volume or in a quota. One that holds nothing ends: retries would otherwise leave sessions that
    /// look like progress and hold garbage collection back.
    /// </summary>
    private Task<bool> GiveUpAsync(DistributionRequest request, UploadRecord upload) =>
        upload.Offset == 0 ? metadata.AbortUploadAsync(upload.Id, upload.Epoch, request.Caller, CancellationToken.None) : ReleaseAsync(upload);

    /// <summary>Lets go of a session that this request has taken; it stays where it was.</summary>
    public Task<bool> ReleaseAsync(UploadRecord upload) => metadata.RecordUploadAsync(
        upload.Id, upload.Epoch, upload.Offset, upload.Algorithm, upload.HashState, upload.Checkpoint, ExpiresAt(), CancellationToken.None);

    /// <summary>A new session's id.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>When a session ends to which bytes come now, unless more do.</summary>
    public DateTimeOffset ExpiresAt() => time.GetUtcNow() + options.UploadExpiry;

    /// <summary>Until when a writer that begins now holds its session, unless it goes on.</summary>
    public DateTimeOffset WriterUntil() => time.GetUtcNow() + (2 * options.StallLimit);

    /// <summary>The error for a session that another request holds, or may still hold in the name of a node that is gone: when to come again, at the latest.</summary>
    private OciException Held(UploadRecord upload)
    {
        var left = upload.WriterUntil - time.GetUtcNow() ?? TimeSpan.Zero;
        var wait = left < ShortestWait ? ShortestWait : left > NodeRecord.Silence ? NodeRecord.Silence : left;
        return new OciException(
            OciErrorCode.BlobUploadInvalid, "Another request is writing to this upload session; nothing of this one was stored.", status: StatusCodes.Status409Conflict, detail: upload.Id)
        {
            RetryAfter = wait,
        };
    }

    /// <summary>The error for bytes that are not what their client says.</summary>
    public static OciException WrongDigest(Digest actual, Digest digest) => new(
        OciErrorCode.DigestInvalid, $"The bytes that came have the digest {actual}, not {digest}; the upload session is ended. Upload the blob again.",
        detail: digest.ToString());

    private static OciException WrongLength(long expected) => new(
        OciErrorCode.SizeInvalid, $"The body does not have the {expected} bytes that its Content-Range announces; nothing of it was stored.");
}
