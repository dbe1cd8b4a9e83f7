using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Sqlite;

/// <summary>
/// A database in the making, beside the one that it is to become. Its file is there from the first moment of the work to the last, and then
/// takes the database's name: where it stands, work was ended before its end.
/// </summary>
/// <param name="path">The file.</param>
public sealed class SqliteDraft(string path)
{
    /// <summary>Before the draft takes the database's name; everything of it is durable.</summary>
    public const string BeforePublish = "draft.before-publish";

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Whether the file is there.</summary>
    public bool Exists => File.Exists(Path);

    private string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Leaves an empty file, durably, and nothing of what an earlier attempt left. The folder must exist.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Begin()
    {
        // The file itself stays meanwhile: it is the mark.
        File.Create(Path).Dispose();
        foreach (var left in Directory.EnumerateFiles(Folder, System.IO.Path.GetFileName(Path) + "*").Where(file => file != Path)) File.Delete(left);
        DurableFiles.SyncDirectory(Folder);
    }

    /// <summary>Removes the file and what lies beside it. It must not be open.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public void Discard()
    {
        foreach (var left in Directory.EnumerateFiles(Folder, System.IO.Path.GetFileName(Path) + "*")) File.Delete(left);
    }

    /// <summary>Fills it with all rows of a database as they are at one moment, while another process may go on writing there.</summary>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    public Task FillAsync(SqliteOptions source, CancellationToken cancellationToken) => SqliteSnapshot.CopyAsync(source, Path, cancellationToken);

    /// <summary>
    /// Gives it the name of the database, over the one that has it: at every moment, a loss of power included, the name leads to one of the two
    /// as a whole. Neither may be open.
    /// </summary>
    /// <param name="database">The database's file, in the same folder.</param>
    /// <param name="steps">Points for tests.</param>
    /// <exception cref="MetadataUnavailableException">One of the two is open elsewhere, or does not answer.</exception>
    public async Task PublishAsync(string database, ISteps steps)
    {
        await Task.Run(() => Settle(database));
        await steps.ReachAsync(BeforePublish);
        await Task.Run(() =>
        {
            File.Move(Path, database, overwrite: true);
            DurableFiles.SyncDirectory(Folder);
        });
    }

    private void Settle(string database)
    {
        CloseLog(Path);
        DurableFiles.SyncFile(Path);

        // A log that outlived the old database would be taken for the new one's; without its log, the old one would not be whole.
        if (File.Exists(database)) CloseLog(database);
        foreach (var suffix in (string[])["-wal", "-shm"]) File.Delete(database + suffix);
        DurableFiles.SyncDirectory(Folder);
    }

    private static void CloseLog(string database)
    {
        if (!HasLog(database)) return;
        try
        {
            // The last connection that closes moves the log into the database.
            SessionPragmas.OpenWriter(new SqliteOptions { Path = database }).Dispose();
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }

        if (HasLog(database)) throw new MetadataUnavailableException($"'{database}' is open elsewhere, so its log cannot be closed.");
    }

    private static bool HasLog(string database) => File.Exists(database + "-wal") && new FileInfo(database + "-wal").Length > 0;
}
