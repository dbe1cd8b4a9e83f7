using System.Globalization;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>What each kind of connection must be set to. Every setting is read back: a store that would lose an acknowledged write must not start.</summary>
internal static class SessionPragmas
{
    public static SqliteSession OpenWriter(SqliteOptions options)
    {
        return Open(options, readOnly: false, options.WriterCacheBytes, options.BusyTimeout, session =>
        {
            Set(session, "journal_mode", "WAL", "wal");
            Set(session, "wal_autocheckpoint", "0");
        });
    }

    public static SqliteSession OpenCheckpointer(SqliteOptions options)
    {
        // It holds the write lock while it waits for readers, so it must not wait long.
        return Open(options, readOnly: false, 64 * 1024, TimeSpan.FromMilliseconds(100), session =>
        {
            Assert(session, "journal_mode", "wal");
            Set(session, "wal_autocheckpoint", "0");
        });
    }

    public static SqliteSession OpenReader(SqliteOptions options)
    {
        return Open(options, readOnly: true, options.ReaderCacheBytes, options.BusyTimeout, session =>
        {
            Assert(session, "journal_mode", "wal");
            Set(session, "query_only", "1");
            session.HeedDeadlines();
        });
    }

    /// <summary>A reader of everything.</summary>
    public static SqliteSession OpenCopier(SqliteOptions options) =>
        Open(options, readOnly: true, options.ReaderCacheBytes, options.BusyTimeout, session =>
        {
            Assert(session, "journal_mode", "wal");
            Set(session, "query_only", "1");
        });

    /// <summary>The new file that a copy is written to: nothing reads it before it is whole, and it is synced as a whole then.</summary>
    public static SqliteSession OpenCopy(SqliteOptions options, string path)
    {
        var session = SqliteSession.Open(path, readOnly: false, options.FileLayer);
        try
        {
            Set(session, "journal_mode", "OFF", "off");
            Set(session, "synchronous", "OFF", "0");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static SqliteSession Open(SqliteOptions options, bool readOnly, long cacheBytes, TimeSpan busyTimeout, Action<SqliteSession> more)
    {
        var session = SqliteSession.Open(options.Path, readOnly, options.FileLayer);
        try
        {
            Set(session, "busy_timeout", ((long)busyTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
            more(session);
            Set(session, "synchronous", "FULL", "2");
            Set(session, "foreign_keys", "1");
            Set(session, "temp_store", "MEMORY", "2");
            Set(session, "trusted_schema", "0");
            // A mapped page that cannot be read kills the process; a read that fails is an error.
            Set(session, "mmap_size", "0");
            Set(session, "cache_size", (-cacheBytes / 1024).ToString(CultureInfo.InvariantCulture));
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static void Set(SqliteSession session, string name, string value, string? expected = null)
    {
        session.Run($"PRAGMA {name} = {value}");
        Assert(session, name, expected ?? value);
    }

    private static void Assert(SqliteSession session, string name, string expected)
    {
        var actual = session.Run($"PRAGMA {name}");
        if (actual == expected) return;
        throw new MetadataStartException(
            $"The database does not keep 'PRAGMA {name} = {expected}' (it says '{actual}'), without which acknowledged writes are not safe.");
    }
}
