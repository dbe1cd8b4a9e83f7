namespace Berth.Storage;

/// <summary>Short forms of <see cref="IBlobStore"/>'s members.</summary>
public static class BlobStoreExtensions
{
    /// <summary>Opens for appending a location that no other writer can be given meanwhile.</summary>
    public static Task<IBlobWriter> AppendAsync(
        this IBlobStore store, string location, long offset, long declared, CancellationToken cancellationToken) =>
        store.AppendAsync(location, offset, checkpoint: null, declared, cancellationToken);

    /// <summary>The same, behind what an earlier writer synced.</summary>
    public static Task<IBlobWriter> AppendAsync(
        this IBlobStore store, string location, long offset, string? checkpoint, long declared, CancellationToken cancellationToken) =>
        store.AppendAsync(location, offset, checkpoint, epoch: 0, declared, static () => ValueTask.CompletedTask, cancellationToken);
}
