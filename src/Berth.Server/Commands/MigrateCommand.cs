using System.CommandLine;
using Berth.Metadata.Moving;
using Berth.Oci;
using Berth.Server.Backups;
using Berth.Server.Migration;

namespace Berth.Server.Commands;

/// <summary>What a migration checks of the new store's bytes.</summary>
internal enum MigrationCheck
{
    /// <summary>Each blob was hashed when it was copied, and is there in its length.</summary>
    Quick,

    /// <summary>Each blob is read back, too, and hashed.</summary>
    Full,
}

/// <summary><c>migrate</c>: from a data folder to PostgreSQL and an object store.</summary>
internal static class MigrateCommand
{
    /// <summary>The command with its flags and action.</summary>
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder to move out of (./data); it may be served until --finish.", HelpName = "DIR" };
        var config = new Option<string?>("--config") { Description = "A JSON file with the settings that the new nodes will have; BERTH_ variables win over it.", HelpName = "FILE" };
        var finish = new Option<bool>("--finish") { Description = "Copy what is left and all rows. The folder must not be served, and is not served afterwards." };
        var verify = new Option<MigrationCheck>("--verify")
        {
            Description = "quick: every blob is hashed when it is copied. full: it is read back from the new store, too.",
            DefaultValueFactory = _ => MigrationCheck.Quick,
        };
        var command = new Command("migrate", "Moves an installation from its data folder to PostgreSQL and an object store. Can be ended and run again at any time.")
        {
            data, config, finish, verify,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(data), parsed.GetValue(config), parsed.GetValue(finish), parsed.GetValue(verify) == MigrationCheck.Full, cancellationToken));
        return command;
    }

    private static Task<int> RunAsync(string? data, string? config, bool finishes, bool verifies, CancellationToken cancellationToken) => CopyFailure.SayAsync("migration", async () =>
    {
        var options = OfflineData.Load(data, config);
        var migrate = new Migrate(options, verifies, NoSteps.Instance);
        try
        {
            var result = finishes ? await migrate.FinishAsync(cancellationToken) : await migrate.PrepareAsync(cancellationToken);
            Say(result, migrate, Path.GetFullPath(options.Data));
            return result.Blobs.Lost.Count == 0 ? ExitCodes.Success : ExitCodes.BlobsLost;
        }
        catch (MoveFailedException e)
        {
            await Console.Error.WriteLineAsync($"berth: The migration is not finished: {e.Message} The data folder is as it was.");
            return ExitCodes.Failure;
        }
    });

    private static void Say(MigrationResult result, Migrate migrate, string data)
    {
        foreach (var digest in result.Blobs.Lost) Console.Out.WriteLine($"lost: {digest} has a row, and no bytes or others; in the new place it is marked damaged, and a push heals it");
        foreach (var digest in result.Healed) Console.Out.WriteLine($"repaired: {digest} was not in the new store as it should be, and was copied again");
        if (result.WasFinished)
        {
            Console.Out.WriteLine($"{data} was moved already: to {migrate.Database} and {migrate.Store}.");
            return;
        }

        Console.Out.WriteLine($"{result.Blobs.Copied} blobs of {result.Blobs.Bytes} bytes copied to {migrate.Store}, {result.Blobs.Present} were there already.");
        if (result.Rows is not { } rows)
        {
            Console.Out.WriteLine(
                $"Prepared. Run it again to copy what is new by then. To move over: stop the server, and run it with --finish and the same settings; {data} is served as before until then.");
            return;
        }

        Console.Out.WriteLine($"{rows.Rows} rows of {rows.Tables.Count} tables copied to {migrate.Database} and compared.");
        if (rows.Discarded > 0) Console.Out.WriteLine($"{rows.Discarded} objects that nothing names any more wait for garbage collection.");
        Console.Out.WriteLine($"Finished. Serve with the same settings from now on; {data} is not served any more. Deletion pauses for one grace from the first start.");
    }
}
