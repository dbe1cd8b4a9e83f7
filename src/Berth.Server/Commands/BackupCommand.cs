using System.CommandLine;
using System.Globalization;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;
using Berth.Storage;
using Berth.Storage.FileSystem;

namespace Berth.Server.Commands;

/// <summary>
/// <c>backup</c> and <c>restore</c>. A backup is a data folder: a snapshot of the rows and the bytes that they name. It is taken beside a running
/// server: a hold keeps garbage collection from removing bytes until they are copied.
/// </summary>
internal static class BackupCommand
{
    /// <summary>The <c>backup</c> command.</summary>
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder (./data); it may be served meanwhile.", HelpName = "DIR" };
        var to = new Option<string>("--to") { Description = "The backup's folder. One that holds a backup is brought up to date: only new blobs are copied.", HelpName = "DIR", Required = true };
        var command = new Command("backup", "Makes a consistent copy of an installation, also of one that is being served.") { data, to };
        command.SetAction((parsed, cancellationToken) => BackUpAsync(OfflineData.Load(parsed.GetValue(data)), Path.GetFullPath(parsed.GetValue(to)!), cancellationToken));
        return command;
    }

    /// <summary>The <c>restore</c> command.</summary>
    public static Command CreateRestore()
    {
        var from = new Option<string>("--from") { Description = "The backup's folder.", HelpName = "DIR", Required = true };
        var data = new Option<string?>("--data") { Description = "The data folder to make (./data); it must be absent or empty.", HelpName = "DIR" };
        var command = new Command("restore", "Makes a data folder from a backup. Deletion pauses for one grace afterwards.") { from, data };
        command.SetAction((parsed, cancellationToken) => RestoreAsync(Path.GetFullPath(parsed.GetValue(from)!), OfflineData.Load(parsed.GetValue(data)), cancellationToken));
        return command;
    }

    private static async Task<int> BackUpAsync(ServerOptions options, string target, CancellationToken cancellationToken)
    {
        var data = Path.GetFullPath(options.Data);
        if (!DataFolder.HoldsInstallation(data)) throw new CannotStartException($"There is no installation in {data}; name its data folder with --data.");
        if (!DataFolder.IsVacant(target) && !DataFolder.HoldsInstallation(target))
            throw new CannotStartException($"{target} holds something that is no backup; name an empty folder, or one that holds a backup.");

        DataFolder.Ensure(target);
        using var targetLock = await LockAsync(target, "berth backup", cancellationToken);
        // From here on nothing that the snapshot names is removed until it is copied.
        using var hold = await BackupHold.TakeAsync(data, TimeProvider.System, cancellationToken);
        var snapshot = Path.Combine(target, "metadata", string.Create(CultureInfo.InvariantCulture, $"snapshot-{Environment.ProcessId}.db"));
        await SqliteSnapshot.CopyAsync(new SqliteOptions { Path = Stores.DatabasePath(data) }, snapshot, cancellationToken);
        DataFolder.ReplaceDatabase(snapshot, target);
        var copy = await CopyAsync(options, data, target, cancellationToken);
        DataFolder.CopyCertificates(data, target);
        Console.Out.WriteLine($"Backup in {target}: {copy.Copied} blobs of {copy.Bytes} bytes copied, {copy.Present} were there already.");
        return ExitCodes.Success;
    }

    private static async Task<int> RestoreAsync(string source, ServerOptions options, CancellationToken cancellationToken)
    {
        var data = Path.GetFullPath(options.Data);
        if (!DataFolder.HoldsInstallation(source)) throw new CannotStartException($"{source} holds no backup; name the folder that berth backup wrote.");
        if (!DataFolder.IsVacant(data)) throw new CannotStartException($"{data} is not empty; name an absent or empty folder with --data.");

        DataFolder.Ensure(data);
        using var sourceHold = await BackupHold.TakeAsync(source, TimeProvider.System, cancellationToken);
        using var dataLock = await LockAsync(data, "berth restore", cancellationToken);
        await SqliteSnapshot.CopyAsync(new SqliteOptions { Path = Stores.DatabasePath(source) }, Stores.DatabasePath(data), cancellationToken);
        var copy = await CopyAsync(options, source, data, cancellationToken);
        DataFolder.CopyCertificates(source, data);

        using var loggers = LoggingSetup.CreateFactory(options.Logging, TimeProvider.System);
        await using var metadata = await OpenMetadataAsync(data, loggers, cancellationToken);
        await metadata.MarkRestoredAsync(TimeProvider.System.GetUtcNow() + options.Registry.Lifecycle.Grace, cancellationToken);
        Console.Out.WriteLine(
            $"Restored into {data}: {copy.Copied} blobs of {copy.Bytes} bytes. Deletion pauses for {options.Registry.Lifecycle.Grace}. Next: ./berth serve --data {data}");
        return ExitCodes.Success;
    }

    private static async Task<BlobCopyResult> CopyAsync(ServerOptions options, string from, string to, CancellationToken cancellationToken)
    {
        using var loggers = LoggingSetup.CreateFactory(options.Logging, TimeProvider.System);
        await using var rows = await OpenMetadataAsync(to, loggers, cancellationToken);
        await using var source = await OpenBlobsAsync(from, loggers, cancellationToken);
        await using var target = await OpenBlobsAsync(to, loggers, cancellationToken);
        var installation = await rows.FindInstallationAsync(cancellationToken)
            ?? throw new CannotStartException($"The database in {from} holds no installation.");
        if (await target.ReadIdentityAsync(cancellationToken) is null) await target.WriteIdentityAsync(installation.StoreId, cancellationToken);

        var copy = new BlobCopy(rows, source, target);
        try
        {
            var result = await ByteProgress.RunAsync("copying blobs", progress => copy.RunAsync(progress, cancellationToken));
            await copy.PruneAsync(cancellationToken);
            return result;
        }
        catch (BlobMissingException e)
        {
            throw new CannotStartException($"{from} lacks bytes that its rows name ({e.Message}); run ./berth storage verify --data {from} while it is not served.", e);
        }
    }

    private static async Task<DataFolderLock> LockAsync(string folder, string command, CancellationToken cancellationToken)
    {
        try
        {
            return await DataFolderLock.AcquireAsync(folder, command, TimeProvider.System, cancellationToken);
        }
        catch (DataFolderInUseException e)
        {
            throw new CannotStartException(e.Message, e);
        }
    }

    private static Task<SqliteMetadataStore> OpenMetadataAsync(string data, ILoggerFactory loggers, CancellationToken cancellationToken) => SqliteMetadataStore.OpenAsync(
        new SqliteOptions { Path = Stores.DatabasePath(data) }, TimeProvider.System, NoSteps.Instance, loggers.CreateLogger<SqliteMetadataStore>(), cancellationToken);

    private static Task<FileSystemBlobStore> OpenBlobsAsync(string data, ILoggerFactory loggers, CancellationToken cancellationToken) => FileSystemBlobStore.OpenAsync(
        new FileSystemOptions { Root = Stores.BlobRoot(data), ReserveBytes = 0 }, TimeProvider.System, NoSteps.Instance, loggers.CreateLogger<FileSystemBlobStore>(), cancellationToken);
}
