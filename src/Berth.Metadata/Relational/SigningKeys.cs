namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListSigningKeys = new("""
        SELECT id, private_key, created_at, active_from FROM signing_keys WHERE issuer = ?1 ORDER BY active_from, id
        """);

    private static readonly Sql InsertSigningKey = new("""
        INSERT INTO signing_keys (id, issuer, private_key, created_at, active_from) VALUES (?1, ?2, ?3, ?4, ?5)
        """);

    // The newest of the old ones signs until the added one does.
    private static readonly Sql DeleteSigningKeys = new("""
        DELETE FROM signing_keys WHERE issuer = ?1 AND created_at < ?2 AND id <> (
            SELECT id FROM signing_keys WHERE issuer = ?1 AND created_at < ?2 ORDER BY active_from DESC, id DESC LIMIT 1)
        """);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SigningKeyRecord>> ListSigningKeysAsync(string issuer, CancellationToken cancellationToken) =>
        ReadAsync(
            issuer,
            static (reader, issuer) =>
            {
                var keys = new List<SigningKeyRecord>();
                using var row = reader.Use(ListSigningKeys).Bind(issuer);
                while (row.Step()) keys.Add(new SigningKeyRecord(row.Text(0), issuer, row.BytesOrNull(1)!, row.Time(2), row.Time(3)));
                return (IReadOnlyList<SigningKeyRecord>)keys;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task AddSigningKeyAsync(SigningKeyRecord key, DateTimeOffset keepSince, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            scope.Use(DeleteSigningKeys).Bind(key.Issuer).Bind(keepSince).Tell();
            scope.Use(InsertSigningKey).Bind(key.Id).Bind(key.Issuer).Bind(key.PrivateKey).Bind(key.CreatedAt).Bind(key.ActiveFrom).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.SigningKeyAdded, Payload: $$"""{"key":"{{key.Id}}","issuer":"{{key.Issuer}}"}"""), Caller.System);
            return true;
        },
        cancellationToken);
}
