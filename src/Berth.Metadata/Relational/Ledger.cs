namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string LedgerColumns = "number, hybrid_time, kind, registry_id, repository, reference, digest, actor, address, request_id, region, payload";

    private static readonly Sql ReadLedger = new($"SELECT {LedgerColumns} FROM ledger WHERE number > ?1 ORDER BY number LIMIT ?2");

    private static readonly Sql ReadLedgerBackwards = new($"SELECT {LedgerColumns} FROM ledger WHERE number < ?1 ORDER BY number DESC LIMIT ?2");

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerRecord>> ReadLedgerAsync(long after, int limit, CancellationToken cancellationToken) =>
        ReadRecordsAsync(ReadLedger, after, limit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerRecord>> ReadLedgerBackwardsAsync(long before, int limit, CancellationToken cancellationToken) =>
        ReadRecordsAsync(ReadLedgerBackwards, before, limit, cancellationToken);

    private async ValueTask<IReadOnlyList<LedgerRecord>> ReadRecordsAsync(Sql sql, long from, int limit, CancellationToken cancellationToken)
    {
        await _database.NumberLedgerAsync(cancellationToken);
        return await ReadAsync(
            (sql, from, limit),
            static (reader, list) =>
            {
                var records = new List<LedgerRecord>();
                using var row = reader.Use(list.sql).Bind(list.from).Bind(list.limit);
                while (row.Step())
                {
                    records.Add(new LedgerRecord(
                        row.Int64(0), row.Int64(1), row.Text(2), row.Int64(3), row.TextOrNull(4), row.TextOrNull(5), row.Digest(6),
                        row.Text(7), row.TextOrNull(8), row.TextOrNull(9), row.Text(10), row.TextOrNull(11)));
                }

                return (IReadOnlyList<LedgerRecord>)records;
            },
            cancellationToken);
    }
}
