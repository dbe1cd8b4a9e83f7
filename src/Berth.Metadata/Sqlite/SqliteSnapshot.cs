using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Sqlite;

/// <summary>Consistent copies of a database, its own process's or another's.</summary>
public static class SqliteSnapshot
{
    private static readonly Sql CopyInto = new("VACUUM INTO ?1");

    /// <summary>Copies all rows as they are at one moment, while another process may go on writing.</summary>
    /// <param name="options">The database.</param>
    /// <param name="path">A new file; it appears only when it is whole and durable.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <exception cref="IOException">The file exists already.</exception>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume of the copy is full.</exception>
    public static async Task CopyAsync(SqliteOptions options, string path, CancellationToken cancellationToken)
    {
        var target = Path.GetFullPath(path);
        if (File.Exists(target)) throw new IOException($"'{target}' exists already; a snapshot goes into a new file.");

        await Task.Run(() => CopyTo(options, target, cancellationToken), cancellationToken);
    }

    /// <summary>Copies into a file beside the target, which gets its name only when it is whole and durable.</summary>
    private static void CopyTo(SqliteOptions options, string target, CancellationToken cancellationToken)
    {
        var partial = $"{target}.{Guid.CreateVersion7():N}.partial";
        try
        {
            using (var session = SessionPragmas.OpenCopier(options))
            using (cancellationToken.UnsafeRegister(static state => ((Session)state!).Interrupt(), session))
            {
                using var copy = session.Use(CopyInto).Bind(partial);
                copy.Step();
            }

            cancellationToken.ThrowIfCancellationRequested();
            DurableFiles.SyncFile(partial);
            File.Move(partial, target);
            DurableFiles.SyncDirectory(Path.GetDirectoryName(target)!);
        }
        catch (Microsoft.Data.Sqlite.SqliteException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var translated = SqliteErrors.Translate(error);
            if (ReferenceEquals(translated, error)) throw;
            throw translated;
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
