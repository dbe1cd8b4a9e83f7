namespace Berth.Storage.ObjectStore;

/// <summary>
/// Reads an object by requests that go on to its end: reading on costs no further one, reading elsewhere begins another. A request that breaks, or falls silent, is made
/// again from where it broke.
/// </summary>
internal sealed class ObjectBlobReader(StoreParts parts, string location, string key, long length) : IBlobReader
{
    private const int MostBreaks = 5;

    private CancellationTokenSource _limit = new();
    private Stream? _stream;
    private long _offset;

    /// <inheritdoc/>
    public string Location => location;

    /// <inheritdoc/>
    public long Length => length;

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset >= length || buffer.IsEmpty) return 0;
        if (buffer.Length > length - offset) buffer = buffer[..(int)(length - offset)];

        for (var breaks = 1; ; breaks++)
        {
            if (_stream is null || _offset != offset) await OpenAsync(offset, cancellationToken);
            try
            {
                var read = await ReadOnAsync(buffer, cancellationToken);
                _offset += read;
                if (read > 0) return read;
                throw new IOException("the object ended early");
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                await CloseAsync();
                if (breaks < MostBreaks) continue;
                throw new StorageUnavailableException($"The blob store ({parts.Client.Place}) breaks off while '{location}' is read ({e.Message}).", e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _limit.Dispose();
    }

    // The clients wait for a body for ever. In real time, whatever the store's clock: only such a source can be used again, and a read costs no timer.
    private async ValueTask<int> ReadOnAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!_limit.TryReset())
        {
            _limit.Dispose();
            _limit = new CancellationTokenSource();
        }

        _limit.CancelAfter(parts.Calls.Patience);
        using var given = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _limit);
        try
        {
            return await _stream!.ReadAsync(buffer, _limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"nothing came within {parts.Calls.Patience.TotalSeconds:0} s", e);
        }
    }

    private async Task OpenAsync(long offset, CancellationToken cancellationToken)
    {
        await CloseAsync();
        try
        {
            _stream = await parts.Calls.MakeAsync("get", 0, attempt => parts.Client.GetAsync(key, offset, attempt), cancellationToken);
            _offset = offset;
        }
        catch (ObjectFailureException e) when (e.Failure == ObjectFailure.Absent)
        {
            await parts.Identity.RequireAsync(cancellationToken);
            throw new BlobMissingException(location, $"The location '{location}' is absent.");
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_stream is not { } stream) return;
        _stream = null;
        await stream.DisposeAsync();
    }
}
