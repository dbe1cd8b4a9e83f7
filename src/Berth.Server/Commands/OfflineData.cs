using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;

namespace Berth.Server.Commands;

/// <summary>A data folder opened by an offline command: the same settings, lock and stores as the server's, without the server.</summary>
internal static class OfflineData
{
    /// <summary>Loads the settings that apply to a data folder.</summary>
    /// <param name="data">The folder, where it was named.</param>
    /// <param name="config">The configuration file, where one was named.</param>
    public static ServerOptions Load(string? data, string? config = null) =>
        ServerOptionsLoader.Load(new ServeArguments(Data: data, Config: config), Environment.GetEnvironmentVariables()).Options;

    /// <summary>Opens the stores of an installation that is there.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="command">What this process does, for the sentence that another process gets.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CannotStartException">There is no installation, or another process has it.</exception>
    public static async Task<Stores> OpenAsync(ServerOptions options, string command, CancellationToken cancellationToken)
    {
        var data = Path.GetFullPath(options.Data);

        // Elsewhere than in the data folder it is looked for once the stores are open.
        if (options.Metadata.Kind == MetadataKind.Sqlite) DataFolder.RequireInstallation(data, $"There is no installation in {data}; name its data folder with --data.");
        var stores = new Stores(options, TimeProvider.System, LoggingSetup.CreateFactory(options.Logging, TimeProvider.System)) { IsOffline = true };
        await stores.LockAsync(command, cancellationToken);
        await stores.OpenAsync(cancellationToken);
        return stores;
    }
}
