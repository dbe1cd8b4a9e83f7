using Berth.Metadata.Relational;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Postgres;

/// <summary>The metadata in one PostgreSQL database, which many nodes may serve at once.</summary>
public static class PostgresMetadataStore
{
    /// <summary>Connects to the database, which exists, and brings its schema up to date.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock, which follows the database's from the moment that the store is open.</param>
    /// <param name="steps">Where tests hold it.</param>
    /// <param name="logger">For what becomes of connections and clocks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MetadataStartException">The database must not be served as it is.</exception>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    public static Task<RelationalMetadataStore> OpenAsync(
        PostgresOptions options, DatabaseTime time, ISteps steps, ILogger<RelationalMetadataStore> logger, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                var database = PostgresDatabase.Open(options, time, logger);
                return new RelationalMetadataStore(database, options.Retention, time, steps);
            },
            cancellationToken);
}
