using System.Diagnostics;

namespace Berth.EndToEnd.Harness;

/// <summary>
/// Two networks of their own with a wire between them: in one a server listens, from the other clients call, each with several addresses of both kinds. The machine's own
/// network stays as it is.
/// </summary>
internal sealed class NetworkNamespaces : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Process _server;
    private readonly Process _client;

    private NetworkNamespaces(string folder, Process server, Process client) => (_folder, _server, _client) = (folder, server, client);

    /// <summary>Makes them; where that cannot be done the test is skipped, or fails on continuous integration.</summary>
    public static async Task<NetworkNamespaces> MakeAsync(string folder, IEnumerable<string> ofServer, IEnumerable<string> ofClient)
    {
        foreach (var tool in (string[])["ip", "nsenter", "unshare", "curl"]) Tool.Require(tool);
        if (!Environment.IsPrivilegedProcess) Tool.Lacking("Networks of their own are root's to make.");
        var made = new NetworkNamespaces(folder, await HoldAsync(folder), await HoldAsync(folder));
        var wire = await made.InServerAsync("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", $"{made._client.Id}");
        if (wire.Status != 0)
        {
            await made.DisposeAsync();
            Tool.Lacking($"There is no wire between networks here: {wire}");
        }

        await ConfigureAsync(made.InServerAsync, ofServer);
        await ConfigureAsync(made.InClientAsync, ofClient);
        return made;
    }

    /// <summary>The command line that runs a program where the server is.</summary>
    public string[] ServerCommand(string program, params IEnumerable<string> arguments) => [Tool.Require("nsenter"), "--target", $"{_server.Id}", "--net", program, .. arguments];

    /// <summary>Runs a program where the server is.</summary>
    public Task<ToolResult> InServerAsync(string program, params string[] arguments) => RunAsync(_server, program, arguments);

    /// <summary>Runs a program where the clients are.</summary>
    public Task<ToolResult> InClientAsync(string program, params string[] arguments) => RunAsync(_client, program, arguments);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Nobody is in them any more then, and they go.
        foreach (var holder in (Process[])[_server, _client])
        {
            holder.StandardInput.Close();
            await holder.WaitForExitAsync();
            holder.Dispose();
        }
    }

    private static async Task<Process> HoldAsync(string folder)
    {
        var holder = Tool.Start(Tool.Require("unshare"), ["--net", "cat"], folder);
        var own = File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)!.Name;
        var clock = Stopwatch.StartNew();
        while (!holder.HasExited && File.ResolveLinkTarget($"/proc/{holder.Id}/ns/net", returnFinalTarget: false)?.Name == own)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
            await Task.Delay(10);
        }

        if (holder.HasExited) Tool.Lacking($"A network of its own cannot be made here: {await holder.StandardError.ReadToEndAsync()}");
        return holder;
    }

    private static async Task ConfigureAsync(Func<string, string[], Task<ToolResult>> runAsync, IEnumerable<string> addresses)
    {
        foreach (var address in addresses)
        {
            string[] kind = address.Contains(':') ? ["nodad"] : [];
            (await runAsync("ip", ["address", "add", address, "dev", "wire", .. kind])).Succeeded();
        }

        foreach (var device in (string[])["lo", "wire"]) (await runAsync("ip", ["link", "set", device, "up"])).Succeeded();
    }

    private Task<ToolResult> RunAsync(Process holder, string program, string[] arguments) =>
        Tool.RunAsync(Tool.Require("nsenter"), ["--target", $"{holder.Id}", "--net", Tool.Require(program), .. arguments], _folder);
}
