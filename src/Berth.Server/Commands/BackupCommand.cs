using System.CommandLine;
using Berth.Oci;
using Berth.Server.Backups;

namespace Berth.Server.Commands;

/// <summary><c>backup</c>: a consistent copy of an installation.</summary>
internal static class BackupCommand
{
    /// <summary>The command with its flags and action.</summary>
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder (./data); it may be served meanwhile.", HelpName = "DIR" };
        var to = new Option<string>("--to") { Description = "The backup's folder. One that holds a backup is brought up to date: only new blobs are copied.", HelpName = "DIR", Required = true };
        var config = OfflineData.ConfigOption();
        var output = CopyReport.OutputOption();
        var command = new Command("backup", "Makes a consistent copy of an installation, also of one that is being served.") { data, config, to, output };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(data), parsed.GetValue(config), Path.GetFullPath(parsed.GetValue(to)!), parsed.GetValue(output), cancellationToken));
        return command;
    }

    private static Task<int> RunAsync(string? data, string? config, string target, CopyOutput output, CancellationToken cancellationToken) => CopyFailure.SayAsync("backup", async () =>
    {
        var copy = await new Backup(OfflineData.Load(data, config), target, NoSteps.Instance).RunAsync(cancellationToken);
        return CopyReport.Write(output, target, copy, $"Backup in {target}: {copy.Copied} blobs of {copy.Bytes} bytes copied, {copy.Present} were there already.");
    });
}
