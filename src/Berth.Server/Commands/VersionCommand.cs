using System.CommandLine;

namespace Berth.Server.Commands;

/// <summary><c>version</c>: prints the version.</summary>
internal static class VersionCommand
{
    /// <summary>The command with its action.</summary>
    public static Command Create()
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(_ => Console.Out.WriteLine(BerthVersion.Text));
        return command;
    }
}
