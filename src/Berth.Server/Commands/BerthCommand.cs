using System.CommandLine;

namespace Berth.Server.Commands;

/// <summary>The server program's command line: one file in this folder for each command.</summary>
internal static class BerthCommand
{
    /// <summary>Runs what the arguments ask for; the result is the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var serve = ServeCommand.Create();
        var root = new RootCommand("Berth, a private OCI registry: the server.")
        {
            serve,
            StorageCommand.Create(),
            BackupCommand.Create(),
            RestoreCommand.Create(),
            MigrateCommand.Create(),
            VersionCommand.Create(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync($"berth: {parsed.Errors[0].Message} See ./berth {parsed.CommandResult.Command.Name} --help.");
            return ExitCodes.CannotStart;
        }

        try
        {
            // SIGTERM and Ctrl-C are the host's: it drains, which takes longer than the parser would wait.
            return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
        }
        catch (CannotStartException e)
        {
            await Console.Error.WriteLineAsync($"berth: {e.Message}");

            // What starts a server over and over goes by this; of the other commands, 1 says what they found.
            return e.MayPass && parsed.CommandResult.Command == serve ? ExitCodes.Failure : ExitCodes.CannotStart;
        }
        catch (Exception e)
        {
            // Nobody foresaw this one: all that is known helps whoever reads it.
            await Console.Error.WriteLineAsync($"berth: an unexpected error: {e}");
            return ExitCodes.Failure;
        }
    }
}
