using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Sqlite;

/// <summary>Consistent copies of a database, its own process's or another's.</summary>
public static class SqliteSnapshot
{
    /// <summary>Copies all rows as they are at one moment, while another process may go on writing.</summary>
    /// <param name="options">The database.</param>
    /// <param name="path">A new file, or an empty one that is replaced: content appears only when it is whole and durable.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <exception cref="IOException">The file holds something already.</exception>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume of the copy is full.</exception>
    public static async Task CopyAsync(SqliteOptions options, string path, CancellationToken cancellationToken)
    {
        var target = Path.GetFullPath(path);
        if (File.Exists(target) && new FileInfo(target).Length > 0) throw new IOException($"'{target}' exists already; a snapshot goes into a new file.");

        await Task.Run(() => CopyTo(options, target, cancellationToken), cancellationToken);
    }

    /// <summary>Copies into a file beside the target, which gets its name only when it is whole and durable.</summary>
    private static void CopyTo(SqliteOptions options, string target, CancellationToken cancellationToken)
    {
        var partial = $"{target}.{Guid.CreateVersion7():N}.partial";
        try
        {
            CopyPages(options, partial, cancellationToken);
            DurableFiles.SyncFile(partial);
            File.Move(partial, target, overwrite: true);
            DurableFiles.SyncDirectory(Path.GetDirectoryName(target)!);
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    // Pages in one read transaction: docs/decisions/0004-snapshots-copy-pages.md. What is slow and needs no snapshot, the sync, comes after it.
    private static void CopyPages(SqliteOptions options, string path, CancellationToken cancellationToken)
    {
        using var target = SessionPragmas.OpenCopy(options, path);
        using var source = SessionPragmas.OpenCopier(options);
        using var snapshot = source.BeginRead();
        source.Run("PRAGMA schema_version"); // a read transaction begins with its first read, not with BEGIN
        source.CopyTo(target, cancellationToken);
    }
}
