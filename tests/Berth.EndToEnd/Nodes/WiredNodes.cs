using System.Net;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.Nodes;

/// <summary>
/// Nodes in networks of their own, and one more network with the database and the object store, with a wire from each node to that one. Clients of a node call it past the wires, so that a node
/// whose wire is down still hears them.
/// </summary>
internal sealed class WiredNodes : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-wires-");
    private readonly List<NetworkNamespace> _networks = [];
    private readonly List<FaultProxy> _doors = [];
    private NetworkNamespace? _middle;
    private PostgresServer? _postgres;
    private Azurite? _azurite;
    private HttpClient? _http;

    private WiredNodes()
    {
    }

    /// <summary>What they share.</summary>
    public SharedStores Stores { get; private set; } = null!;

    /// <summary>The nodes; each is called at its own address of the loopback.</summary>
    public List<ServerProcess> Nodes { get; } = [];

    private NetworkNamespace Middle => _middle ?? throw new InvalidOperationException("There is no network yet.");

    /// <summary>Makes the networks and starts so many nodes, the first alone at first: it takes all jobs.</summary>
    public static async Task<WiredNodes> StartAsync(int count, string name, IReadOnlyDictionary<string, string> settings)
    {
        SharedStoresActions.Require();
        if (BuiltProgram.Server is null) Tool.Lacking("There is no built berth-server.");
        var made = new WiredNodes();
        try
        {
            await made.MakeStoresAsync();
            var password = $"secret-{Content.Name()}";
            for (var i = 0; i < count; i++) await made.MakeNodeAsync(i, $"{name}-{i}", settings, password);
            await made.Nodes[0].StartAsync(TimeSpan.FromSeconds(60));
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a node's wire down: what it sends goes nowhere, and nothing tells it so.</summary>
    public Task CutAsync(int node) => SetAsync(node, "down");

    /// <summary>Takes it up again.</summary>
    public Task MendAsync(int node) => SetAsync(node, "up");

    /// <summary>Runs a command of the server where the stores are.</summary>
    public Task<ToolResult> RunBesideStoresAsync(params string[] arguments)
    {
        string[] command = [.. Middle.Within, BuiltProgram.Server!, .. arguments];
        return Tool.RunAsync(command[0], command[1..], _folder.FullName, SettingsFrom(IPAddress.Loopback.ToString()));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < Nodes.Count; i++)
        {
            await MendAsync(i);
            await Nodes[i].DisposeAsync();
        }

        foreach (var door in _doors) await door.DisposeAsync();
        if (Stores is not null) await Stores.DisposeAsync();
        _http?.Dispose();
        _azurite?.Dispose();
        if (_postgres is not null) await _postgres.DisposeAsync();
        foreach (var network in _networks) await network.DisposeAsync();
        if (_middle is not null) await _middle.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task MakeStoresAsync()
    {
        _middle = await NetworkNamespace.MakeAsync(_folder.FullName);
        (await _middle.RunAsync("ip", "link", "set", "lo", "up")).Succeeded();
        _postgres = await PostgresServer.StartAsync(_middle.Within, "*");
        _azurite = await Azurite.StartAsync(_middle.Within, IPAddress.Any.ToString());
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, token) =>
            {
                var socket = _middle.MakeSocket();
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, token);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        });
        Stores = await SharedStores.MakeAsync(_postgres, _azurite, _http);
    }

    private async Task MakeNodeAsync(int i, string name, IReadOnlyDictionary<string, string> settings, string password)
    {
        var network = await NetworkNamespace.MakeAsync(_folder.FullName);
        _networks.Add(network);
        var wire = await Middle.RunAsync("ip", "link", "add", Wire(i), "type", "veth", "peer", "name", "wire", "netns", $"{network.Id}");
        if (wire.Status != 0) Tool.Lacking($"There is no wire between networks here: {wire}");
        (await Middle.RunAsync("ip", "address", "add", $"10.78.{i}.1/30", "dev", Wire(i))).Succeeded();
        (await Middle.RunAsync("ip", "link", "set", Wire(i), "up")).Succeeded();
        (await network.RunAsync("ip", "address", "add", $"10.78.{i}.2/30", "dev", "wire")).Succeeded();
        foreach (var device in (string[])["lo", "wire"]) (await network.RunAsync("ip", "link", "set", device, "up")).Succeeded();

        var all = SettingsFrom($"10.78.{i}.1");
        foreach (var (setting, value) in settings) all[setting] = value;
        var node = new ServerProcess(BuiltProgram.Server!, name, all, password: password) { Within = network.Within };
        Nodes.Add(node);

        // The same address there and here: one is in the node's network, the other in that of the clients.
        _doors.Add(new FaultProxy(node.Endpoint.Address, node.Endpoint.Address.Port, network.MakeSocket));
    }

    private Dictionary<string, string> SettingsFrom(string address) => Stores.NodeSettings(
        new UriBuilder(Stores.Database) { Host = address }.Uri, new UriBuilder(Stores.Objects) { Host = address }.Uri);

    private static string Wire(int node) => $"wire{node}";

    private async Task SetAsync(int node, string state) => (await Middle.RunAsync("ip", "link", "set", Wire(node), state)).Succeeded();
}
