namespace Berth.Storage.ObjectStore;

/// <summary>How a writer finds what stands, keeps what it took, and makes it the object.</summary>
internal sealed partial class ObjectBlobWriter
{
    /// <summary>Opens the writer behind what stands, once its predecessor can write no more and the caller still owns the location.</summary>
    public async Task OpenAsync(string? checkpoint, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken)
    {
        try
        {
            await confirm();
            _confirm = confirm;
            cancellationToken.ThrowIfCancellationRequested();
            if (declared > PartPlan.MostBytes - Position)
                throw new StorageFullException($"{declared} more bytes are more than an object store takes ({PartPlan.MostBytes} in all).") { ExceedsStore = true };
            _declaredEnd = Position + declared;
            if (Position > 0) await ResumeAsync(checkpoint, cancellationToken);
            else if (checkpoint is not null) _checkpoints.Add(UploadCheckpoint.KeyOf(key, checkpoint));
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ResumeAsync(string? checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint is not null && await TryReadAsync(checkpoint, cancellationToken)) return;

        // An earlier request may have finished the location, and nobody learned of it.
        var size = await parts.FindSizeAsync(key, cancellationToken);
        if (size == Position)
        {
            (_finished, MustBeRead, Checkpoint) = (true, true, checkpoint);
            return;
        }

        throw new BlobMissingException(location, $"What was uploaded to '{location}' cannot be resumed at {Position}: its parts are gone.");
    }

    private async Task<bool> TryReadAsync(string name, CancellationToken cancellationToken)
    {
        var checkpointKey = UploadCheckpoint.KeyOf(key, name);
        try
        {
            var checkpoint = await parts.Calls.MakeAsync(
                "get", PartPlan.Smallest, attempt => ReadAsync(checkpointKey, attempt), cancellationToken);
            if (checkpoint.Upload is { } upload)
            {
                var last = await parts.Calls.MakeAsync(
                    "list-parts", 0, attempt => parts.Client.FindLastNumberAsync(key, upload, checkpoint.Parts, attempt), cancellationToken);

                _next = PartPlan.FirstAfter(checkpoint.Parts.Count > 0 ? checkpoint.Parts[^1].Number : 0, last, epoch - checkpoint.Epoch - 1);
            }

            _upload = checkpoint.Upload;
            _standing.AddRange(checkpoint.Parts);
            _sent = checkpoint.Parts.Sum(part => part.Size);
            (Checkpoint, _checkpointAt) = (name, Position);
            _checkpoints.Add(checkpointKey);
            if (checkpoint.Previous is { } previous) Forget([UploadCheckpoint.KeyOf(key, previous)]);
            return true;
        }
        catch (ObjectFailureException e) when (e.Failure is ObjectFailure.Absent or ObjectFailure.UploadGone)
        {
            Interlocked.Exchange(ref _buffer, null)?.Dispose();

            // What was acknowledged is given up for a second look at the least.
            if (e.Failure == ObjectFailure.Absent && await parts.FindSizeAsync(checkpointKey, cancellationToken) is not null)
                throw new StorageUnavailableException($"The blob store ({parts.Client.Place}) says of the checkpoint of '{location}' that it is there and that it is not.", e) { LeavesWhatStood = true };
            return false;
        }
        catch (InvalidDataException e)
        {
            throw new BlobMissingException(location, $"What was uploaded to '{location}' cannot be resumed: {e.Message}");
        }
    }

    private async Task<UploadCheckpoint> ReadAsync(string checkpointKey, CancellationToken cancellationToken)
    {
        await using var content = await parts.Client.GetAsync(checkpointKey, 0, cancellationToken);
        var checkpoint = await UploadCheckpoint.ReadHeadAsync(content, cancellationToken);
        if (checkpoint.Offset != Position) throw new InvalidDataException("The checkpoint is another offset's.");
        if (checkpoint.TailLength == 0) return checkpoint;

        var size = Math.Max(PartPlan.SizeOf(Math.Min(PartPlan.Most, checkpoint.Parts.Count + 1)), (int)checkpoint.TailLength);
        _buffer ??= await parts.Memory.RentAsync(size, cancellationToken);
        await _buffer.FillAsync(content, cancellationToken);
        return _buffer.Length == checkpoint.TailLength ? checkpoint : throw new IOException("the checkpoint ended early");
    }

    private async Task KeepAsync()
    {
        await ArriveAsync(0);
        if (_finished || _checkpointAt == Position) return;

        var name = UploadCheckpoint.NewName();
        var checkpointKey = UploadCheckpoint.KeyOf(key, name);
        var head = new UploadCheckpoint(Position, epoch, _upload, _standing, Checkpoint).ToHead();
        await parts.Calls.MakeAsync(
            "put", head.Length + (_buffer?.Length ?? 0),
            async attempt =>
            {
                await using var body = _buffer is null ? new PartStream(head) : _buffer.Open(head);
                await parts.Client.PutAsync(checkpointKey, body, onlyIfAbsent: false, attempt);
            },
            CancellationToken.None);
        (Checkpoint, _checkpointAt) = (name, Position);
        _checkpoints.Add(checkpointKey);
    }

    private async Task CompleteAsync()
    {
        await ArriveAsync(0);
        if (_finished) return;

        try
        {
            if (_upload is null && parts.Client.CanPutOnlyIfAbsent) await PutWholeAsync();
            else await PutPartsTogetherAsync();
        }
        catch (ObjectFailureException e) when (e.Failure is ObjectFailure.Present or ObjectFailure.UploadGone)
        {
            // An attempt whose answer was lost did it, or a writer that comes too late: only the bytes say which.
            var size = await parts.FindSizeAsync(key, CancellationToken.None);
            ObjectBlobStore.LogInDoubt(parts.Logger, location, size == Position, e.Message);
            if (size != Position) throw;
            MustBeRead = true;
        }

        _finished = true;
        Interlocked.Exchange(ref _buffer, null)?.Dispose();
        Forget(_checkpoints);
    }

    private Task PutWholeAsync() => parts.Calls.MakeAsync(
        "put", Position,
        async attempt =>
        {
            await using var body = _buffer is null ? new PartStream(default) : _buffer.Open(default);
            await parts.Client.PutAsync(key, body, onlyIfAbsent: true, attempt);
        },
        CancellationToken.None);

    private async Task PutPartsTogetherAsync()
    {
        if (_buffer is { Length: > 0 } || _standing.Count == 0)
        {
            _buffer ??= await parts.Memory.RentAsync(PartPlan.SmallBlob, CancellationToken.None);
            await SendAsync();
            await ArriveAsync(0);
        }

        // Where nothing else keeps a writer that comes too late from replacing what its successor finished.
        if (!parts.Client.CanPutOnlyIfAbsent) await _confirm();

        // A writer that was fenced off may have an upload of its own to this key: it must not become the object once this one is.
        await parts.Calls.MakeAsync("abort", 0, attempt => parts.Client.AbortAsync(key, _upload, attempt), CancellationToken.None);
        await parts.Calls.MakeAsync("complete", 0, PutTogetherAsync, CancellationToken.None);
    }

    // Without a condition there is only a look, right before: it leaves the time of one request.
    private async Task PutTogetherAsync(CancellationToken attempt)
    {
        if (!parts.Client.CanPutOnlyIfAbsent && await parts.Client.FindSizeAsync(key, attempt) is not null)
            throw new ObjectFailureException(ObjectFailure.Present, "an object stands there already");
        await parts.Client.CompleteAsync(key, _upload!, _standing, attempt);
    }

    // They go with the location at the latest; nobody waits for it.
    private void Forget(IReadOnlyList<string> keys)
    {
        foreach (var forgotten in keys) _ = ForgetAsync(forgotten);
    }

    private async Task ForgetAsync(string forgotten)
    {
        try
        {
            await parts.Deletions.DeleteAsync(forgotten);
        }
        catch (IOException e)
        {
            ObjectBlobStore.LogLeftover(parts.Logger, e, forgotten);
        }
    }
}
