using System.Buffers;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// Sends the bytes of one location in parts, straight to the key that they keep: while one part is filled, others are on their way. What is less than a part stays in memory until
/// a checkpoint or the end takes it.
/// </summary>
internal sealed partial class ObjectBlobWriter(StoreParts parts, string location, string key, long start, long epoch) : IBlobWriter
{
    // One is filled, one is sent, and one lies ready where there is memory to spare.
    private const int MostOnTheirWay = 2;

    private readonly SemaphoreSlim _turn = new(0, 1);
    private readonly Queue<Task<ObjectPart>> _onTheirWay = new();
    private readonly List<ObjectPart> _standing = [];
    private readonly List<string> _checkpoints = [];
    private Func<ValueTask> _confirm = static () => ValueTask.CompletedTask;
    private string? _upload;
    private PartBuffer? _buffer;
    private long _sent;
    private int _next = 1;
    private long _declaredEnd;
    private long _checkpointAt = -1;
    private bool _finished;
    private Exception? _failure;
    private volatile bool _fenced;
    private volatile bool _disposed;

    /// <summary>Is told when this writer is disposed, with its location.</summary>
    public required Action<ObjectBlobWriter, string> Closed { get; init; }

    /// <inheritdoc/>
    public long Position { get; private set; } = start;

    /// <inheritdoc/>
    public string? Checkpoint { get; private set; }

    /// <inheritdoc/>
    public bool MustBeRead { get; private set; }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await InTurnAsync((this, bytes), static work => work.Item1.TakeAsync(work.bytes));
    }

    /// <inheritdoc/>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return InTurnAsync(this, static writer => writer.ArriveAsync(0));
    }

    /// <inheritdoc/>
    public Task SyncAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return InTurnAsync(this, static writer => writer.KeepAsync());
    }

    /// <inheritdoc/>
    public Task FinishAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return InTurnAsync(this, static writer => writer.CompleteAsync());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await SettleAsync();
        Interlocked.Exchange(ref _buffer, null)?.Dispose();
        Closed(this, location);
    }

    /// <summary>Completes when nothing is being sent by this writer and never will be again.</summary>
    public async Task FenceAsync()
    {
        _fenced = true;
        if (_disposed) return;
        await _turn.WaitAsync();
        try
        {
            await SettleAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task InTurnAsync<TState>(TState state, Func<TState, Task> work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_turn.Wait(0)) throw _fenced ? TakenOver() : new InvalidOperationException("A writer is not for concurrent use.");
        try
        {
            if (_fenced) throw TakenOver();
            if (_failure is not null) throw _failure;
            await work(state);
        }
        catch (ObjectFailureException e)
        {
            // The upload of parts is gone, or finished by another: what stood cannot be gone on with.
            throw _failure = new StorageUnavailableException($"The upload at '{location}' was ended by another request ({e.Message}).", e);
        }
        catch (Exception e)
        {
            _failure ??= e;
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private StorageUnavailableException TakenOver() => new($"Another request took over the upload at '{location}'.") { IsTakenOver = true };

    private async Task TakeAsync(ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        if (_finished) throw new StorageUnavailableException($"The upload at '{location}' was finished by another request: nothing can be added.") { LeavesWhatStood = true };
        foreach (var segment in bytes)
        {
            for (var rest = segment; !rest.IsEmpty;)
            {
                _buffer ??= await parts.Memory.RentAsync(SizeOfNext(rest.Length), CancellationToken.None);
                if (_buffer.Room == 0) await MakeRoomAsync();
                var taken = _buffer.Append(rest.Span);
                Position += taken;
                rest = rest[taken..];
            }
        }

        // The service gets a part as soon as it is whole.
        if (_buffer is { Room: 0 } full && full.Size >= PartPlan.SizeOf(_next)) await SendAsync();
    }

    // What the client declared may need less than a whole part; small blobs take little memory.
    private int SizeOfNext(int atLeast)
    {
        var whole = PartPlan.SizeOf(_next);
        var declared = _declaredEnd - Position;
        if (declared < atLeast || declared >= whole) return whole;
        return (int)Math.Min(whole, (declared + PartPlan.SmallBlob - 1) & -PartPlan.SmallBlob);
    }

    private async Task MakeRoomAsync()
    {
        if (_buffer!.Size >= PartPlan.SizeOf(_next))
        {
            await SendAsync();
            _buffer = parts.Memory.TryRent(PartPlan.SizeOf(_next));
            if (_buffer is not null) return;
            await ArriveAsync(0);
            _buffer = await parts.Memory.RentAsync(PartPlan.SizeOf(_next), CancellationToken.None);
            return;
        }

        // More came than was declared: the part goes on in memory for a whole one.
        var larger = await parts.Memory.RentAsync(PartPlan.SizeOf(_next), CancellationToken.None);
        var bytes = new byte[_buffer.Length];
        _buffer.Read(0, bytes);
        larger.Append(bytes);
        _buffer.Dispose();
        _buffer = larger;
    }

    /// <summary>Sends what the buffer holds as the next part.</summary>
    private async Task SendAsync()
    {
        await ArriveAsync(MostOnTheirWay - 1);
        _upload ??= await parts.Calls.MakeAsync("begin", 0, attempt => parts.Client.BeginAsync(key, attempt), CancellationToken.None);
        var part = _buffer!;
        _buffer = null;
        _sent += part.Length;
        _onTheirWay.Enqueue(SendAsync(_upload, _next++, part));
    }

    private async Task<ObjectPart> SendAsync(string upload, int number, PartBuffer part)
    {
        using (part)
        {
            var tag = await parts.Calls.MakeAsync(
                "put-part", part.Length,
                async attempt =>
                {
                    await using var body = part.Open(default);
                    return await parts.Client.PutPartAsync(key, upload, epoch, number, body, attempt);
                },
                CancellationToken.None);
            return new ObjectPart(number, part.Length, tag);
        }
    }

    /// <summary>Waits until no more than so many parts are on their way.</summary>
    private async Task ArriveAsync(int most)
    {
        while (_onTheirWay.Count > most)
        {
            _standing.Add(await _onTheirWay.Peek());
            _ = _onTheirWay.Dequeue();
        }
    }

    private async Task SettleAsync()
    {
        foreach (var part in _onTheirWay.ToArray())
        {
            try
            {
                await part;
            }
            catch (Exception e) when (e is IOException or ObjectFailureException)
            {
                // Nothing was promised about it.
            }
        }
    }
}
