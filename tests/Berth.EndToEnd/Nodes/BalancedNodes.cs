using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>Some nodes of one installation on the same stores, and a balancer that sends each connection to the next node that takes it.</summary>
internal sealed class BalancedNodes : IAsyncDisposable
{
    private readonly FaultProxy _balancer;

    private BalancedNodes(SharedStores stores, IReadOnlyList<ServerProcess> nodes)
    {
        (Stores, Nodes) = (stores, nodes);
        _balancer = new FaultProxy(nodes.Select(node => node.Endpoint.Address));
        Endpoint = new RegistryEndpoint(_balancer.Address, nodes[0].Endpoint.User, nodes[0].Endpoint.Password);
        Client = new RegistryClient(Endpoint) { UsesConnectionsOnce = true };
    }

    /// <summary>What they share.</summary>
    public SharedStores Stores { get; }

    /// <summary>The nodes.</summary>
    public IReadOnlyList<ServerProcess> Nodes { get; }

    /// <summary>The balancer's address, with the owner's credentials.</summary>
    public RegistryEndpoint Endpoint { get; }

    /// <summary>A client of the balancer; each of its requests may meet another node.</summary>
    public RegistryClient Client { get; }

    /// <summary>Starts so many nodes.</summary>
    public static async Task<BalancedNodes> StartAsync(int count, string name, IReadOnlyDictionary<string, string> settings)
    {
        if (BuiltProgram.Server is not { } program)
        {
            Tool.Lacking("There is no built berth-server.");
            throw new InvalidOperationException("not reached");
        }

        var stores = await SharedStoresActions.MakeAsync();
        var all = stores.NodeSettings();
        foreach (var (setting, value) in settings) all[setting] = value;
        var password = $"secret-{Content.Name()}";
        var group = new BalancedNodes(stores, [.. Enumerable.Range(1, count).Select(i => new ServerProcess(program, $"{name}-{i}", all, password: password))]);

        // The first makes the installation.
        await group.Nodes[0].StartAsync(TimeSpan.FromSeconds(60));
        await Task.WhenAll(group.Nodes.Skip(1).Select(node => node.StartAsync(TimeSpan.FromSeconds(60))));
        return group;
    }

    /// <summary>Keeps the nodes' logs, because something failed.</summary>
    public void KeepLogs()
    {
        foreach (var node in Nodes) node.KeepLog = true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _balancer.DisposeAsync();
        foreach (var node in Nodes) await node.DisposeAsync();
        await Stores.DisposeAsync();
    }
}
