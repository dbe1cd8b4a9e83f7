namespace Berth.Metadata.Relational;

/// <summary>Who reads the ledger, and how far.</summary>
public sealed partial class RelationalMetadataStore
{
    // Numbers are never given twice (AUTOINCREMENT): the end is the last one given, whether or not its record is still there.
    private const string LedgerEnd = "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'ledger'), 0)";
    private const string PostgresLedgerEnd = "(SELECT last_number FROM ledger_sequence)";

    // Records that have no number yet get the next ones: they count, and it takes no write to say so.
    private const string PostgresLedgerEndToBe = "((SELECT last_number FROM ledger_sequence) + (SELECT count(*) FROM ledger WHERE number IS NULL))";

    private static readonly Sql PutReader = new(PutReaderText(LedgerEnd), postgres: PutReaderText(PostgresLedgerEnd));

    private static readonly Sql FindReader = new("SELECT epoch, number, (SELECT ledger_epoch FROM installation) FROM ledger_readers WHERE name = ?1");

    private static readonly Sql SetReaderEpoch = new("UPDATE ledger_readers SET epoch = (SELECT ledger_epoch FROM installation), updated_at = ?2 WHERE name = ?1");

    private static readonly Sql MoveReader = new("UPDATE ledger_readers SET number = ?2, updated_at = ?3 WHERE name = ?1 AND number < ?2");

    private static readonly Sql DeleteReader = new("DELETE FROM ledger_readers WHERE name = ?1");

    private static readonly Sql ListReaders = new(ListReadersText(LedgerEnd), postgres: ListReadersText(PostgresLedgerEndToBe));

    /// <inheritdoc/>
    public async Task<LedgerCursor> OpenLedgerReaderAsync(string name, TimeSpan keepFor, long keepRecords, CancellationToken cancellationToken)
    {
        // The end is behind all that was committed before.
        await _database.NumberLedgerAsync(cancellationToken);
        return await RelieveAsync(
            scope =>
            {
                scope.Use(PutReader).Bind(name).Bind(scope.Now).Bind((long)keepFor.TotalMilliseconds).Bind(keepRecords).Tell();
                (long Epoch, long Number, long Current) found;
                using (var row = scope.Use(FindReader).Bind(name))
                {
                    row.Step();
                    found = (row.Int64(0), row.Int64(1), row.Int64(2));
                }

                if (found.Epoch != found.Current) scope.Use(SetReaderEpoch).Bind(name).Bind(scope.Now).Tell();
                return new LedgerCursor(found.Current, found.Number, LeftBehind: found.Epoch == 0);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task MoveLedgerReaderAsync(string name, long number, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            scope.Use(MoveReader).Bind(name).Bind(number).Bind(scope.Now).Tell();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ForgetLedgerReaderAsync(string name, CancellationToken cancellationToken) =>
        RelieveAsync(scope => scope.Use(DeleteReader).Bind(name).Execute() > 0, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerReader>> ListLedgerReadersAsync(CancellationToken cancellationToken) => ReadAsync(
        0,
        static (reader, _) =>
        {
            var readers = new List<LedgerReader>();
            using var row = reader.Use(ListReaders);
            while (row.Step()) readers.Add(new LedgerReader(row.Text(0), row.Int64(1), row.Int64(2)));
            return (IReadOnlyList<LedgerReader>)readers;
        },
        cancellationToken);

    private static string PutReaderText(string end) => $"""
        INSERT INTO ledger_readers (name, epoch, number, updated_at, keep_for, keep_records)
        VALUES (?1, (SELECT ledger_epoch FROM installation), {end}, ?2, ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET keep_for = excluded.keep_for, keep_records = excluded.keep_records
        """;

    private static string ListReadersText(string end) => $"SELECT name, number, max(0, {end} - number) FROM ledger_readers ORDER BY name";
}
