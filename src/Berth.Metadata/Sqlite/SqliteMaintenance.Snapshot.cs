using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    /// <inheritdoc/>
    public async Task SnapshotAsync(string path, CancellationToken cancellationToken)
    {
        var target = Path.GetFullPath(path);
        if (File.Exists(target)) throw new IOException($"'{target}' exists already; a snapshot goes into a new file.");

        await Task.Run(() => CopyTo(target, cancellationToken), cancellationToken);
    }

    /// <summary>Copies into a file beside the target, which gets its name only when it is whole and durable.</summary>
    private void CopyTo(string target, CancellationToken cancellationToken)
    {
        var partial = $"{target}.{Guid.CreateVersion7():N}.partial";
        try
        {
            using (var session = SessionPragmas.OpenReader(_options))
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

    private static readonly Sql CopyInto = new("VACUUM INTO ?1");
}
