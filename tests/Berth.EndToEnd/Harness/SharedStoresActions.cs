using System.Globalization;
using Berth.EndToEnd.ObjectStores;
using Berth.Testing;
using Berth.Testing.ObjectServers;
using Npgsql;

namespace Berth.EndToEnd.Harness;

/// <summary>What tests of real nodes do with the stores that these share.</summary>
internal static class SharedStoresActions
{
    /// <summary>Skips the test where they cannot be had here, or fails it on continuous integration.</summary>
    public static void Require()
    {
        if (PostgresServer.Lacking is { } lacking) Tool.Lacking(lacking);
        ObjectStore.Require(Azurite.Lacking);
    }

    /// <summary>Makes them where they can be had (<see cref="Require"/>).</summary>
    public static async Task<SharedStores> MakeAsync()
    {
        Require();
        return await SharedStores.MakeAsync();
    }

    /// <summary>The settings of nodes with one name, whatever ports they have; bytes come through them, so that what breaks on the way is theirs to bear.</summary>
    public static Dictionary<string, string> NodeSettings(this SharedStores stores, Uri? database = null, Uri? objects = null) => new(stores.Settings(database, objects))
    {
        ["BERTH_Https__PublicPort"] = "443",
        ["BERTH_Distribution__StoreLinks"] = "false",
        ["BERTH_Metadata__MaxConnections"] = "16",
        ["BERTH_Storage__AzureBlob__Prefix"] = "registry/",
    };

    /// <summary>The settings of a node with any ports.</summary>
    public static Dictionary<string, string> OwnedSettings(this SharedStores stores) => new(stores.Settings()) { ["BERTH_OWNER_PASSWORD"] = stores.Password };

    /// <summary>A node with any ports that is not started yet.</summary>
    public static ServerProcess Node(this SharedStores stores, string name, IReadOnlyDictionary<string, string>? settings = null, string? data = null)
    {
        var all = stores.OwnedSettings();
        foreach (var (key, value) in settings ?? new Dictionary<string, string>()) all[key] = value;
        return new ServerProcess(BuiltProgram.Server!, name, all, data, password: stores.Password);
    }

    /// <summary>What PostgreSQL's own client says to a query of one value.</summary>
    public static async Task<string> QueryAsync(this SharedStores stores, string text) =>
        (await Tool.RunAsync(Tool.Require("psql"), ["-At", "-c", text, stores.Address], "/")).Succeeded().Output.Trim();

    /// <summary>The one number that a query answers.</summary>
    public static async Task<long> CountAsync(this SharedStores stores, string query) => (await stores.ListAsync(query))[0];

    /// <summary>The column of numbers that a query answers.</summary>
    public static async Task<IReadOnlyList<long>> ListAsync(this SharedStores stores, string query)
    {
        await using var connection = await stores.ConnectAsync();
        await using var command = new NpgsqlCommand(query, connection);
        await using var rows = await command.ExecuteReaderAsync();
        var found = new List<long>();
        while (await rows.ReadAsync()) found.Add(Convert.ToInt64(rows.GetValue(0), CultureInfo.InvariantCulture));
        return found;
    }

    /// <summary>The leases that nodes hold: for each job its holder and its fence.</summary>
    public static async Task<IReadOnlyDictionary<string, (string Holder, long Fence)>> ListLeasesAsync(this SharedStores stores)
    {
        await using var connection = await stores.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT name, holder, fence FROM leases", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var found = new Dictionary<string, (string, long)>();
        while (await reader.ReadAsync()) found.Add(reader.GetString(0), (reader.GetString(1), reader.GetInt64(2)));
        return found;
    }
}
