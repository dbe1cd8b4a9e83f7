using System.Globalization;

namespace Berth.Bench.Servers;

/// <summary>Nodes of one installation: a database of their own and one object store.</summary>
internal sealed class BerthCluster : IDisposable
{
    private readonly List<BerthServer> _nodes = [];

    /// <param name="launcher">The program.</param>
    /// <param name="folder">Where the nodes' data folders lie.</param>
    /// <param name="postgres">The server of the database.</param>
    /// <param name="database">The database's name; it is made.</param>
    /// <param name="store">Settings of the object store.</param>
    /// <param name="nodes">How many there are; the first is started, which makes the installation.</param>
    /// <param name="settings">What else they are told.</param>
    public BerthCluster(
        string launcher, string folder, PostgresServer postgres, string database, IReadOnlyDictionary<string, string> store, int nodes, IReadOnlyDictionary<string, string>? settings = null)
    {
        Database = database;
        postgres.Create(database);
        var own = new Dictionary<string, string>(store)
        {
            ["BERTH_Metadata__Kind"] = "Postgres",
            ["BERTH_Metadata__ConnectionString"] = postgres.ConnectionString(database, "node"),
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) own[name] = value;
        Directory.CreateDirectory(folder);
        for (var i = 0; i < nodes; i++) _nodes.Add(new BerthServer(launcher, Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"node-{i}")), own));
        Start(1);
    }

    /// <summary>The database's name.</summary>
    public string Database { get; }

    public IReadOnlyList<BerthServer> Nodes => _nodes;

    /// <summary>Lets so many run, and no others.</summary>
    public void Start(int nodes)
    {
        foreach (var node in _nodes.Skip(nodes)) node.Stop();
        foreach (var node in _nodes.Take(nodes).Where(node => !node.IsRunning))
        {
            node.Start();
            node.WaitForApi();
        }
    }

    public void Dispose() => _nodes.ForEach(node => node.Dispose());
}
