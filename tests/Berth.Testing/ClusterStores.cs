using System.Collections.Concurrent;

namespace Berth.Testing;

/// <summary>
/// A PostgreSQL database and an Azurite container in the place of one data folder's files. A run with <c>BERTH_TEST_STACK=cluster</c> gives every server that chooses no
/// stores itself such a pair, so that the suites are the same for one process and for many nodes.
/// </summary>
public static class ClusterStores
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<SharedStores>>> Folders = new();

    /// <summary>Whether this run is one of the cluster's stores.</summary>
    public static bool AreUsed { get; } = Environment.GetEnvironmentVariable("BERTH_TEST_STACK") switch
    {
        null or "" or "embedded" => false,
        "cluster" => true,
        var other => throw new InvalidOperationException($"BERTH_TEST_STACK is 'embedded' or 'cluster', not '{other}'."),
    };

    /// <summary>The stores of a data folder, made by the first call.</summary>
    /// <param name="folder">The folder's path.</param>
    /// <param name="template">The database that the new one is a copy of; null for an empty one.</param>
    public static Task<SharedStores> OfFolderAsync(string folder, string? template = null) =>
        Folders.GetOrAdd(folder, _ => new(() => SharedStores.MakeAsync(template))).Value;

    /// <summary>The settings of the server of a data folder. Readers get bytes and not links: what a link does has tests of its own.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> SettingsOfAsync(string folder)
    {
        var stores = await OfFolderAsync(folder);
        return new Dictionary<string, string>(stores.Settings())
        {
            ["BERTH_Metadata__ConnectionString"] = stores.ConnectionString,
            ["BERTH_Metadata__MaxConnections"] = "8",
            ["BERTH_Distribution__StoreLinks"] = "false",
        };
    }

    /// <summary>Removes a data folder's stores, if it has any.</summary>
    public static async Task RemoveAsync(string folder)
    {
        if (Folders.TryRemove(folder, out var made)) await (await made.Value).DisposeAsync();
    }
}
