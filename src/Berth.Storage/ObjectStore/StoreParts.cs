using Microsoft.Extensions.Logging;

namespace Berth.Storage.ObjectStore;

/// <summary>What the store, its writers and its readers share.</summary>
/// <param name="Client">The service.</param>
/// <param name="Calls">Makes its calls.</param>
/// <param name="Identity">Whose store it is.</param>
/// <param name="Deletions">Removes objects in batches.</param>
/// <param name="Memory">The memory for parts.</param>
/// <param name="Logger">Is told of failures.</param>
internal sealed record StoreParts(
    IObjectClient Client, ObjectCalls Calls, ObjectIdentity Identity, ObjectDeletions Deletions, PartMemory Memory, ILogger Logger)
{
    /// <summary>The key of a location's object.</summary>
    /// <exception cref="ArgumentException">The text is not a location.</exception>
    public static string KeyOf(string location)
    {
        _ = BlobLocation.FolderOf(location);
        return ObjectBlobStore.Folder + location;
    }

    /// <summary>The size of an object; null when there is none.</summary>
    public Task<long?> FindSizeAsync(string key, CancellationToken cancellationToken) =>
        Calls.MakeAsync("head", 0, attempt => Client.FindSizeAsync(key, attempt), cancellationToken);
}
