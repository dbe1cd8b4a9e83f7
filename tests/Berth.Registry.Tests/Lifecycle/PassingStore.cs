using Berth.Storage;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>A store in front of the host's, for tests that change one of its answers.</summary>
internal abstract class PassingStore(IBlobStore inner) : IBlobStore
{
    public bool ReadsUnfinished => inner.ReadsUnfinished;

    public bool WritersShareBytes => inner.WritersShareBytes;

    public string NewLocation() => inner.NewLocation();

    public Task<string?> ReadIdentityAsync(CancellationToken cancellationToken) => inner.ReadIdentityAsync(cancellationToken);

    public Task WriteIdentityAsync(string identity, CancellationToken cancellationToken) => inner.WriteIdentityAsync(identity, cancellationToken);

    public virtual Task<IBlobWriter> AppendAsync(
        string location, long offset, string? checkpoint, long epoch, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken) =>
        inner.AppendAsync(location, offset, checkpoint, epoch, declared, confirm, cancellationToken);

    public virtual Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken) =>
        inner.OpenAsync(location, size, cancellationToken);

    public Task<bool> IsAtRestAsync(string location, long size, CancellationToken cancellationToken) =>
        inner.IsAtRestAsync(location, size, cancellationToken);

    public Task SyncAsync(string location, CancellationToken cancellationToken) => inner.SyncAsync(location, cancellationToken);

    public Task DeleteAsync(string location, CancellationToken cancellationToken) => inner.DeleteAsync(location, cancellationToken);

    public ValueTask<Uri?> LinkAsync(string location, TimeSpan lifetime, CancellationToken cancellationToken) =>
        inner.LinkAsync(location, lifetime, cancellationToken);

    public IAsyncEnumerable<StoredBlob> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public StorageSpace? Space() => inner.Space();

    // The host's store is the host's to close.
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
