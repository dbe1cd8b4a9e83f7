using Berth.Metadata.Relational;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite;

/// <summary>The metadata in one SQLite database.</summary>
public static class SqliteMetadataStore
{
    /// <summary>Opens the database, makes it where there is none, and brings its schema up to date.</summary>
    /// <exception cref="MetadataStartException">The database must not be served as it is.</exception>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    public static Task<RelationalMetadataStore> OpenAsync(
        SqliteOptions options, TimeProvider time, ISteps steps, ILogger<RelationalMetadataStore> logger, CancellationToken cancellationToken) =>
        Task.Run(() => new RelationalMetadataStore(SqliteDatabase.Open(options, time, logger), options.Retention, time, steps), cancellationToken);
}
