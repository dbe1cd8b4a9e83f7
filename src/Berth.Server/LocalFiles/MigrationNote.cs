using Berth.Storage.FileSystem;

namespace Berth.Server.LocalFiles;

/// <summary>How far a migration out of a data folder has come.</summary>
internal enum MigrationState
{
    /// <summary>Bytes are copied ahead; the folder is served as before.</summary>
    Preparing,

    /// <summary>The target's database is about to have the rows, or has them: until that is known, the folder is not served.</summary>
    Finishing,

    /// <summary>The target has everything; the folder is not served any more.</summary>
    Finished,
}

/// <summary>What a data folder remembers of its migration, in <c>DATA/migration</c>: it is the one thing that decides whether the folder may still be served.</summary>
/// <param name="Id">This migration's own.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Database">Where the rows go, as people know it.</param>
/// <param name="Store">Where the bytes go.</param>
internal sealed record MigrationNote(string Id, MigrationState State, string Database, string Store)
{
    private const string Name = "migration";

    /// <summary>The note of a folder; null where none of it is migrated.</summary>
    /// <exception cref="CannotStartException">It cannot be read.</exception>
    public static MigrationNote? Read(string data)
    {
        var path = Path.Combine(data, Name);
        try
        {
            if (!File.Exists(path)) return null;
            var lines = File.ReadAllLines(path);
            if (lines.Length == 4 && lines[0].Length > 0 && Enum.TryParse<MigrationState>(lines[1], out var state) && Enum.IsDefined(state))
                return new MigrationNote(lines[0], state, lines[2], lines[3]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CannotStartException($"{path} says whether the folder was moved elsewhere, and cannot be read: {e.Message}", e);
        }

        throw new CannotStartException($"{path} says whether the folder was moved elsewhere, and is not what berth migrate writes; restore the file, or remove it if the folder was not moved.");
    }

    /// <summary>Keeps a second migration of the folder out until it is disposed; the kernel lets go of it with the process.</summary>
    /// <exception cref="CannotStartException">One is at work.</exception>
    public static IDisposable Claim(string data)
    {
        try
        {
            return new FileStream(Path.Combine(data, "migration.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new CannotStartException($"Another migration of {data} is at work; wait until it ends.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CannotStartException($"{data} cannot be written to: {e.Message}", e);
        }
    }

    /// <summary>Writes it, durably and whole.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string data)
    {
        var path = Path.Combine(data, Name);
        var draft = $"{path}.new";
        using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes($"{Id}\n{State}\n{Database}\n{Store}\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
        DurableDirectory.Sync(data);
    }

    /// <summary>Why the folder is not served; null when it may be.</summary>
    /// <param name="data">The folder.</param>
    /// <param name="servesFolder">Whether the rows or the bytes are to be those of the folder: a node of the target may have its certificates there.</param>
    public string? Refusal(string data, bool servesFolder) => State switch
    {
        MigrationState.Preparing when !servesFolder => $"{data} holds the installation still: run ./berth migrate --finish --data {data} with these settings before you serve with them.",
        MigrationState.Finishing =>
            $"{data} is being moved to {Database} and {Store}, and the last step was cut off: run ./berth migrate --finish --data {data} again with that target's settings "
            + "(without --finish, the folder is served again if the target has not everything).",
        MigrationState.Finished when servesFolder => $"{data} was moved to {Database} and {Store}, and what it holds is out of date: serve with the settings of that target.",
        _ => null,
    };
}
