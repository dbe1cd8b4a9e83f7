namespace Berth.EndToEnd.Harness;

/// <summary>
/// Two networks of their own with a wire between them: in one a server listens, from the other clients call, each with several addresses of both kinds. The machine's own
/// network stays as it is.
/// </summary>
internal sealed class NetworkNamespaces : IAsyncDisposable
{
    private readonly NetworkNamespace _server;
    private readonly NetworkNamespace _client;

    private NetworkNamespaces(NetworkNamespace server, NetworkNamespace client) => (_server, _client) = (server, client);

    /// <summary>Makes them; where that cannot be done the test is skipped, or fails on continuous integration.</summary>
    public static async Task<NetworkNamespaces> MakeAsync(string folder, IEnumerable<string> ofServer, IEnumerable<string> ofClient)
    {
        Tool.Require("curl");
        var made = new NetworkNamespaces(await NetworkNamespace.MakeAsync(folder), await NetworkNamespace.MakeAsync(folder));
        var wire = await made.InServerAsync("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", $"{made._client.Id}");
        if (wire.Status != 0)
        {
            await made.DisposeAsync();
            Tool.Lacking($"There is no wire between networks here: {wire}");
        }

        await ConfigureAsync(made._server, ofServer);
        await ConfigureAsync(made._client, ofClient);
        return made;
    }

    /// <summary>The command line that runs a program where the server is.</summary>
    public string[] ServerCommand(string program, params IEnumerable<string> arguments) => [.. _server.Within, program, .. arguments];

    /// <summary>Runs a program where the server is.</summary>
    public Task<ToolResult> InServerAsync(string program, params string[] arguments) => _server.RunAsync(program, arguments);

    /// <summary>Runs a program where the clients are.</summary>
    public Task<ToolResult> InClientAsync(string program, params string[] arguments) => _client.RunAsync(program, arguments);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _client.DisposeAsync();
    }

    private static async Task ConfigureAsync(NetworkNamespace network, IEnumerable<string> addresses)
    {
        foreach (var address in addresses)
        {
            string[] kind = address.Contains(':') ? ["nodad"] : [];
            (await network.RunAsync("ip", ["address", "add", address, "dev", "wire", .. kind])).Succeeded();
        }

        foreach (var device in (string[])["lo", "wire"]) (await network.RunAsync("ip", "link", "set", device, "up")).Succeeded();
    }
}
