using System.CommandLine;
using Berth.Oci;
using Berth.Server.Backups;

namespace Berth.Server.Commands;

/// <summary><c>restore</c>: a data folder from a backup.</summary>
internal static class RestoreCommand
{
    /// <summary>The command with its flags and action.</summary>
    public static Command Create()
    {
        var from = new Option<string>("--from") { Description = "The backup's folder.", HelpName = "DIR", Required = true };
        var data = new Option<string?>("--data") { Description = "The data folder to make (./data); it must be absent, empty, or what a restore left that was ended.", HelpName = "DIR" };
        var output = CopyReport.OutputOption();
        var command = new Command("restore", "Makes a data folder from a backup. Deletion pauses for one grace from the first start on.") { from, data, output };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            Path.GetFullPath(parsed.GetValue(from)!), parsed.GetValue(data), parsed.GetValue(output), cancellationToken));
        return command;
    }

    private static Task<int> RunAsync(string source, string? data, CopyOutput output, CancellationToken cancellationToken) => CopyFailure.SayAsync("restore", async () =>
    {
        var options = OfflineData.Load(data);
        var copy = await new Restore(options, source, NoSteps.Instance).RunAsync(cancellationToken);
        var made = Path.GetFullPath(options.Data);
        return CopyReport.Write(
            output, made, copy,
            $"Restored into {made}: {copy.Copied} blobs of {copy.Bytes} bytes copied, {copy.Present} were there already. "
            + $"Deletion pauses for one grace from its first start. Next: ./berth serve --data {made}");
    });
}
