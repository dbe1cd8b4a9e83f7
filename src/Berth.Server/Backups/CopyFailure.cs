using Berth.Metadata;

namespace Berth.Server.Backups;

/// <summary>What a backup or a restore says that could not go on: a full or failing disk is no unexpected error.</summary>
internal static class CopyFailure
{
    /// <summary>Runs the work, whose result is the exit code unless it fails.</summary>
    /// <exception cref="CannotStartException">It could not begin.</exception>
    public static async Task<int> SayAsync(string what, Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MetadataStartException)
        {
            await Console.Error.WriteLineAsync($"berth: The {what} is not finished: {e.Message} Run it again when the cause is gone: it goes on.");
            return ExitCodes.Failure;
        }
    }
}
