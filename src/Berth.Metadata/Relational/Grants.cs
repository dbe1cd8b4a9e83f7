namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string GrantColumns = "kind, hash, alias, state, payload, version, expires_at";

    private static readonly Sql FindGrant = new($"SELECT {GrantColumns} FROM authority_grants WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3");

    private static readonly Sql FindGrantByAlias = new($"SELECT {GrantColumns} FROM authority_grants WHERE alias = ?1 AND kind = ?2 AND expires_at > ?3");

    private static readonly Sql InsertGrant = new("""
        INSERT INTO authority_grants (kind, hash, alias, state, payload, version, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)
        ON CONFLICT DO NOTHING
        """);

    private static readonly Sql ReplaceGrant = new("""
        UPDATE authority_grants SET state = ?4, payload = ?5, expires_at = ?6, version = version + 1
        WHERE hash = ?1 AND kind = ?2 AND version = ?3 AND expires_at > ?7
        """);

    private static readonly Sql TakeGrant = new($"""
        DELETE FROM authority_grants WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3 RETURNING {GrantColumns}
        """);

    private static readonly Sql ForgetGrants = new("""
        DELETE FROM authority_grants WHERE hash IN (SELECT hash FROM authority_grants WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
        """);

    /// <inheritdoc/>
    public Task<bool> AddGrantAsync(GrantRecord grant, CancellationToken cancellationToken) => PushAsync(
        scope => scope.Use(InsertGrant).Bind(grant.Kind).Bind(grant.Hash).Bind(grant.Alias).Bind(grant.State).Bind(grant.Payload).Bind(scope.Now)
            .Bind(grant.ExpiresAt).Execute() > 0,
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<GrantRecord?> FindGrantAsync(string kind, ReadOnlyMemory<byte> hash, CancellationToken cancellationToken) =>
        FindGrantByAsync(FindGrant, kind, hash, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<GrantRecord?> FindGrantByAliasAsync(string kind, ReadOnlyMemory<byte> alias, CancellationToken cancellationToken) =>
        FindGrantByAsync(FindGrantByAlias, kind, alias, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReplaceGrantAsync(GrantRecord grant, CancellationToken cancellationToken) => PushAsync(
        scope => scope.Use(ReplaceGrant).Bind(grant.Hash).Bind(grant.Kind).Bind(grant.Version).Bind(grant.State).Bind(grant.Payload).Bind(grant.ExpiresAt)
            .Bind(scope.Now).Execute() > 0,
        cancellationToken);

    /// <inheritdoc/>
    public Task<GrantRecord?> TakeGrantAsync(string kind, ReadOnlyMemory<byte> hash, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            using var row = scope.Use(TakeGrant).Bind(hash.Span).Bind(kind).Bind(scope.Now);
            return row.Step() ? ReadGrant(row) : null;
        },
        cancellationToken);

    private ValueTask<GrantRecord?> FindGrantByAsync(Sql find, string kind, ReadOnlyMemory<byte> key, CancellationToken cancellationToken) => ReadAsync(
        (find, kind, key, Now: _time.GetUtcNow()),
        static (reader, of) =>
        {
            using var row = reader.Use(of.find).Bind(of.key.Span).Bind(of.kind).Bind(of.Now);
            return row.Step() ? ReadGrant(row) : null;
        },
        cancellationToken);

    private static GrantRecord ReadGrant(Statement row) => new(
        row.Text(0), row.BytesOrNull(1)!, row.BytesOrNull(2), row.Text(3), row.Text(4), row.Int64(5), row.Time(6));
}
