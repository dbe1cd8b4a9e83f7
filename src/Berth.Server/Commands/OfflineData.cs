using System.CommandLine;
using Berth.Metadata;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;

namespace Berth.Server.Commands;

/// <summary>A data folder opened by an offline command: the same settings, lock and stores as the server's, without the server.</summary>
internal static class OfflineData
{
    // A node that serves says so every ten seconds; one that is silent for three times as long is gone.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>The flag that names the settings by which an installation is served: they say where its rows and bytes are.</summary>
    public static Option<string?> ConfigOption() => new("--config") { Description = "A JSON file with settings, as serve has it; BERTH_ variables and flags win over it.", HelpName = "FILE" };

    /// <summary>Loads the settings that apply to a data folder.</summary>
    /// <param name="data">The folder, where it was named.</param>
    /// <param name="config">The configuration file, where one was named.</param>
    public static ServerOptions Load(string? data, string? config) =>
        ServerOptionsLoader.Load(new ServeArguments(Data: data, Config: config), Environment.GetEnvironmentVariables()).Options;

    /// <summary>Opens the stores of an installation that is there.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="command">What this process does, for the sentence that another process gets.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CannotStartException">There is no installation, or another process has it.</exception>
    public static Task<Stores> OpenAsync(ServerOptions options, string command, CancellationToken cancellationToken) => OpenAsync(options, command, besideNodes: false, cancellationToken);

    /// <summary>Opens the stores of an installation that is there.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="command">What this process does, for the sentence that another process gets.</param>
    /// <param name="besideNodes">Whether nodes that share the database may serve meanwhile, because nothing is changed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CannotStartException">There is no installation, or another process has it.</exception>
    public static async Task<Stores> OpenAsync(ServerOptions options, string command, bool besideNodes, CancellationToken cancellationToken)
    {
        var data = Path.GetFullPath(options.Data);

        // Elsewhere than in the data folder it is looked for once the stores are open.
        if (options.Metadata.Kind == MetadataKind.Sqlite) DataFolder.RequireInstallation(data, $"There is no installation in {data}; name its data folder with --data.");
        var stores = new Stores(options, TimeProvider.System, LoggingSetup.CreateFactory(options.Logging, TimeProvider.System)) { IsOffline = true };
        await stores.LockAsync(command, cancellationToken);
        await stores.OpenAsync(cancellationToken);
        if (options.Metadata.Kind == MetadataKind.Postgres && !besideNodes) await RequireSilenceAsync(stores.Metadata, command, cancellationToken);
        return stores;
    }

    // The lock of the data folder is this machine's; of the others the database knows. A row of a node that was killed, or came back with a restore, is believed after half a minute.
    private static async Task RequireSilenceAsync(INodes nodes, string command, CancellationToken cancellationToken)
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var list = await nodes.ListNodesAsync(1000, cancellationToken);
            if (list.Nodes.FirstOrDefault(node => list.Now - node.SeenAt < Silence) is not { } serving) return;
            if (TimeProvider.System.GetElapsedTime(patience) > Silence + TimeSpan.FromSeconds(5))
                throw new CannotStartException($"The node {serving.Node.Name} serves this installation; {command} changes it: stop all nodes first.");
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken);
        }
    }
}
