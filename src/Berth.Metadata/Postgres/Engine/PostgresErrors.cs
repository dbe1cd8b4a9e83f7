using Npgsql;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>What PostgreSQL's errors mean to an operation and its caller.</summary>
internal static class PostgresErrors
{
    /// <summary>The transaction conflicted with another; run again, it may well not.</summary>
    public static bool IsConflict(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>A row with the same key was committed meanwhile; run again, the operation sees it.</summary>
    public static bool IsDuplicate(Exception error) => error is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    /// <summary>The connection's prepared statements are not what they were: the schema moved, or a pooler gave another connection.</summary>
    public static bool IsStalePlan(Exception error) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.FeatureNotSupported or PostgresErrorCodes.InvalidSqlStatementName or PostgresErrorCodes.DuplicatePreparedStatement,
    };

    /// <summary>The server, or the way to it, does not answer.</summary>
    public static bool IsLost(Exception error) => error switch
    {
        PostgresException postgres => postgres.SqlState[..2] is "08" or "57" or "53" or "58" || postgres.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction,
        NpgsqlException or IOException or TimeoutException or System.Net.Sockets.SocketException => true,
        InvalidOperationException => false,
        _ => false,
    };

    /// <summary>The exception a caller sees; the error itself when it is neither a full volume nor a database that does not answer.</summary>
    public static Exception Translate(Exception error) => error switch
    {
        MetadataUnavailableException or MetadataFullException or MetadataStartException => error,
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } =>
            new MetadataFullException("The volume of the metadata database is full; free some space and try again.", error),
        _ when IsConflict(error) => new MetadataUnavailableException("The change conflicted with others again and again; try again in a moment.", error),
        PostgresException postgres when IsLost(error) =>
            new MetadataUnavailableException($"The metadata database does not answer (SQLSTATE {postgres.SqlState}); try again later.", error),
        _ when IsLost(error) => new MetadataUnavailableException("The metadata database does not answer; try again later.", error),
        _ => error,
    };
}
