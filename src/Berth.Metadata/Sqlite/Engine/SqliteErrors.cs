using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>What SQLite's errors mean to a caller.</summary>
internal static class SqliteErrors
{
    /// <summary>The exception a caller sees; the error itself when it is neither a full volume nor a database that does not answer.</summary>
    public static Exception Translate(Exception error) => error is not SqliteException sqlite ? error : sqlite.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => new MetadataFullException("The volume of the metadata database is full; free some space and try again.", error),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_NOMEM or raw.SQLITE_PROTOCOL
            or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_READONLY or raw.SQLITE_INTERRUPT =>
            new MetadataUnavailableException($"The metadata database does not answer ({sqlite.Message}); try again later.", error),
        _ => error,
    };

    /// <summary>Whether a read was ended because it took too long.</summary>
    public static bool IsInterrupt(Exception error) => error is SqliteException { SqliteErrorCode: raw.SQLITE_INTERRUPT };

    /// <summary>Whether the database can no longer be trusted to keep what it is told: the process must stop.</summary>
    public static bool IsFatal(Exception error) => error is SqliteException
    {
        SqliteErrorCode: raw.SQLITE_IOERR or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_READONLY,
    };

    /// <summary>
    /// Whether the database can no longer be trusted after an error that came before the commit: the file was found damaged, or a sync failed
    /// (the engine syncs a log that begins anew as soon as a statement's pages spill into it). Any other error is the statement's own.
    /// </summary>
    public static bool IsFatalBeforeCommit(Exception error) => error is SqliteException
    {
        SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB,
    } or SqliteException
    {
        SqliteExtendedErrorCode: raw.SQLITE_IOERR_FSYNC or raw.SQLITE_IOERR_DIR_FSYNC,
    };
}
