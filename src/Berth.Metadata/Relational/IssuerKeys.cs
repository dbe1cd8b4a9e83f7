namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string IssuerKeysColumns = "issuer, keys, created_at, created_by, updated_at, updated_by";

    private static readonly Sql FindIssuerKeys = new($"SELECT {IssuerKeysColumns} FROM issuer_keys WHERE issuer = ?1");

    private static readonly Sql ListIssuerKeys = new($"SELECT {IssuerKeysColumns} FROM issuer_keys WHERE issuer > '' ORDER BY issuer LIMIT {IIssuerKeys.MostIssuers}");

    private static readonly Sql CountIssuerKeys = new("SELECT count(*) FROM issuer_keys WHERE issuer > '' AND issuer <> ?1");

    private static readonly Sql UpsertIssuerKeys = new("""
        INSERT INTO issuer_keys (issuer, keys, created_at, created_by, updated_at, updated_by) VALUES (?1, ?2, ?3, ?4, ?3, ?4)
        ON CONFLICT (issuer) DO UPDATE SET keys = excluded.keys, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """);

    private static readonly Sql DeleteIssuerKeys = new("DELETE FROM issuer_keys WHERE issuer = ?1");

    private static readonly Sql ListTrustingPrincipals = new("SELECT DISTINCT principal_id FROM federated_credentials WHERE issuer = ?1");

    /// <inheritdoc/>
    public ValueTask<IssuerKeysRecord?> FindIssuerKeysAsync(string issuer, CancellationToken cancellationToken) =>
        ReadAsync(issuer, static (reader, issuer) => ReadIssuerKeys(reader, issuer), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<IssuerKeysRecord>> ListIssuerKeysAsync(CancellationToken cancellationToken) =>
        ReadAsync<int, IReadOnlyList<IssuerKeysRecord>>(
            0,
            static (reader, _) =>
            {
                var all = new List<IssuerKeysRecord>();
                using var rows = reader.Use(ListIssuerKeys);
                while (rows.Step()) all.Add(ReadIssuerKeys(rows));
                return all;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<IssuerKeysRecord>> PutIssuerKeysAsync(string issuer, string keys, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            var standing = ReadIssuerKeys(scope.Session, issuer);
            if (standing?.Keys == keys) return new CreateResult<IssuerKeysRecord>(CreateOutcome.Updated, standing);
            if (CountOthers(scope, issuer) >= IIssuerKeys.MostIssuers) return new CreateResult<IssuerKeysRecord>(CreateOutcome.TooMany, null);

            scope.Use(UpsertIssuerKeys).Bind(issuer).Bind(keys).Bind(scope.Now).Bind(caller.Name).Tell();
            RaiseTrusting(scope, issuer);
            scope.Append(new LedgerEntry(LedgerKinds.IssuerKeysSet, Payload: JsonText.Facts(("issuer", issuer), ("keys", keys))), caller);
            return new CreateResult<IssuerKeysRecord>(
                standing is null ? CreateOutcome.Created : CreateOutcome.Updated, ReadIssuerKeys(scope.Session, issuer));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteIssuerKeysAsync(string issuer, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(DeleteIssuerKeys).Bind(issuer).Execute() == 0) return false;

            RaiseTrusting(scope, issuer);
            scope.Append(new LedgerEntry(LedgerKinds.IssuerKeysDeleted, Payload: JsonText.Facts(("issuer", issuer))), caller);
            return true;
        },
        cancellationToken);

    // What was given for a token that the keys before verified is to be good no more.
    private static void RaiseTrusting(WriteScope scope, string issuer)
    {
        var trusting = new List<long>();
        using (var rows = scope.Use(ListTrustingPrincipals).Bind(issuer))
        {
            while (rows.Step()) trusting.Add(rows.Int64(0));
        }

        foreach (var principal in trusting) RaisePrincipal(scope, principal);
    }

    private static long CountOthers(WriteScope scope, string issuer)
    {
        using var row = scope.Use(CountIssuerKeys).Bind(issuer);
        return row.OnlyInt64();
    }

    private static IssuerKeysRecord? ReadIssuerKeys(Session session, string issuer)
    {
        using var row = session.Use(FindIssuerKeys).Bind(issuer);
        return row.Step() ? ReadIssuerKeys(row) : null;
    }

    private static IssuerKeysRecord ReadIssuerKeys(Statement row) =>
        new(row.Text(0), row.Text(1), new Authorship(row.Time(2), row.Text(3), row.Time(4), row.Text(5)));
}
