using System.CommandLine;
using Berth.Oci;
using Berth.Server.Backups;
using Berth.Server.Configuration;

namespace Berth.Server.Commands;

/// <summary><c>restore</c>: a data folder from a backup; <c>restore --mark</c>: what a database needs that PostgreSQL's own tools brought back.</summary>
internal static class RestoreCommand
{
    /// <summary>The command with its flags and action.</summary>
    public static Command Create()
    {
        var from = new Option<string?>("--from") { Description = "The backup's folder.", HelpName = "DIR" };
        var mark = new Option<bool>("--mark") { Description = "Make nothing: say to a PostgreSQL database that it was brought back, before the first node serves it again." };
        var data = new Option<string?>("--data") { Description = "The data folder to make (./data); it must be absent, empty, or what a restore left that was ended.", HelpName = "DIR" };
        var config = OfflineData.ConfigOption();
        var output = CopyReport.OutputOption();
        var command = new Command("restore", "Makes a data folder from a backup. Deletion pauses for one grace from the first start on.") { from, mark, data, config, output };
        command.SetAction((parsed, cancellationToken) => (parsed.GetValue(from), parsed.GetValue(mark)) switch
        {
            (null, true) => MarkAsync(OfflineData.Load(parsed.GetValue(data), parsed.GetValue(config)), cancellationToken),
            ({ } folder, false) => RunAsync(Path.GetFullPath(folder), parsed.GetValue(data), parsed.GetValue(config), parsed.GetValue(output), cancellationToken),
            _ => throw new CannotStartException("Give one of --from DIR, a backup's folder, and --mark, for a PostgreSQL database that was brought back."),
        });
        return command;
    }

    private static async Task<int> MarkAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        if (options.Metadata.Kind != MetadataKind.Postgres)
            throw new CannotStartException($"Metadata:Kind is {options.Metadata.Kind}; --mark is for a PostgreSQL database. Restore a data folder with --from.");
        await using var stores = await OfflineData.OpenAsync(options, "berth restore --mark", cancellationToken);
        await stores.Metadata.MarkRestoredAsync(cancellationToken);
        Console.Out.WriteLine(
            "Marked as restored: readers of the ledger begin anew, tokens given before are refused, and deletion pauses for one grace from the first start. "
            + "Next: berth storage verify, then start the nodes.");
        return ExitCodes.Success;
    }

    private static Task<int> RunAsync(string source, string? data, string? config, CopyOutput output, CancellationToken cancellationToken) => CopyFailure.SayAsync("restore", async () =>
    {
        var options = OfflineData.Load(data, config);
        var copy = await new Restore(options, source, NoSteps.Instance).RunAsync(cancellationToken);
        var made = Path.GetFullPath(options.Data);
        return CopyReport.Write(
            output, made, copy,
            $"Restored into {made}: {copy.Copied} blobs of {copy.Bytes} bytes copied, {copy.Present} were there already. "
            + $"Deletion pauses for one grace from its first start. Next: ./berth serve --data {made}");
    });
}
