using Berth.Testing.ObjectServers;

namespace Berth.Bench.Servers;

/// <summary>PostgreSQL and the object stores of this machine, started when they are first asked for.</summary>
internal sealed class ClusterPlaces(string launcher, string folder) : IDisposable
{
    private readonly Lazy<PostgresServer> _postgres = new(PostgresServer.Start);
    private int _made;

    public PostgresServer Postgres => _postgres.Value;

    /// <summary>The object stores that can be had here; Azurite is the first.</summary>
    public static IReadOnlyList<IBareStore> Stores()
    {
        // As the tests: Ceph takes half a minute to start.
        Environment.SetEnvironmentVariable("BERTH_LONG", "1");
        if (Azurite.Lacking is { } lacking) throw new BenchException(lacking);
        return RadosGateway.Lacking is null ? [new AzuriteStore(), new RadosStore()] : [new AzuriteStore()];
    }

    /// <summary>Nodes on a database of their own and a bucket of their own.</summary>
    public async Task<(BerthCluster Cluster, string Bucket)> MakeAsync(IBareStore store, int nodes, IReadOnlyDictionary<string, string>? settings = null)
    {
        var name = $"bench{++_made}";
        return (Make(name, await store.PrepareAsync(name), nodes, settings), name);
    }

    /// <summary>Nodes on a database of their own and the store of these settings.</summary>
    public BerthCluster Make(string name, IReadOnlyDictionary<string, string> store, int nodes, IReadOnlyDictionary<string, string>? settings = null)
    {
        var cluster = new BerthCluster(launcher, Path.Combine(folder, name), Postgres, name, store, nodes, settings);
        Postgres.Recount(name);
        return cluster;
    }

    public void Dispose()
    {
        if (_postgres.IsValueCreated) _postgres.Value.Dispose();
    }
}
