namespace Berth.Storage.ObjectStore;

/// <summary>
/// Removes objects, many with one request: what is asked for while a request is on its way goes with the next.
/// </summary>
internal sealed class ObjectDeletions(IObjectClient client, ObjectCalls calls)
{
    private readonly Lock _lock = new();
    private readonly Queue<(string Key, TaskCompletionSource Done)> _waiting = new();
    private bool _working;

    /// <summary>Removes an object; one that is absent is no error.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public Task DeleteAsync(string key)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool begin;
        lock (_lock)
        {
            _waiting.Enqueue((key, done));
            begin = !_working;
            _working = true;
        }

        if (begin) _ = WorkAsync();
        return done.Task;
    }

    private async Task WorkAsync()
    {
        // Whoever asks at the same time comes along.
        await Task.Yield();
        while (Take() is { Count: > 0 } batch)
        {
            try
            {
                await calls.MakeAsync("delete", 0, attempt => client.DeleteAsync([.. batch.Select(entry => entry.Key)], attempt), CancellationToken.None);
                foreach (var (_, done) in batch) done.SetResult();
            }
            catch (Exception e)
            {
                foreach (var (_, done) in batch) done.SetException(e);
            }
        }
    }

    private List<(string Key, TaskCompletionSource Done)> Take()
    {
        lock (_lock)
        {
            var batch = new List<(string Key, TaskCompletionSource Done)>();
            while (batch.Count < client.MostDeletions && _waiting.TryDequeue(out var entry)) batch.Add(entry);
            _working = batch.Count > 0;
            return batch;
        }
    }
}
