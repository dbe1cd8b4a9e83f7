namespace Berth.Storage;

/// <summary>Short forms of <see cref="IBlobStore"/>'s members.</summary>
public static class BlobStoreExtensions
{
    /// <summary>Opens for appending a location that no other writer can be given meanwhile.</summary>
    public static Task<IBlobWriter> AppendAsync(
        this IBlobStore store, string location, long offset, long declared, CancellationToken cancellationToken) =>
        store.AppendAsync(location, offset, declared, static () => ValueTask.CompletedTask, cancellationToken);
}
