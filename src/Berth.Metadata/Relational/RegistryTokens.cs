using System.Text;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string TokenColumns = $"{PrincipalColumns}, t.registry_id, t.name, m.name, t.created_at";

    private static readonly Sql FindToken = new($"""
        SELECT {TokenColumns}, m.actions, {CredentialColumns} FROM registry_tokens t CROSS JOIN scope_maps m ON m.id = t.scope_map_id
        CROSS JOIN principals p ON p.id = t.principal_id LEFT JOIN credentials c ON c.principal_id = t.principal_id
        WHERE t.registry_id = ?1 AND t.name = ?2
        """);

    private static readonly Sql FindTokenAlone = new($"""
        SELECT {TokenColumns} FROM registry_tokens t CROSS JOIN scope_maps m ON m.id = t.scope_map_id CROSS JOIN principals p ON p.id = t.principal_id
        WHERE t.registry_id = ?1 AND t.name = ?2
        """);

    private static readonly Sql TokenNamesLike = new("""
        SELECT name FROM registry_tokens INDEXED BY registry_tokens_by_key WHERE registry_id = ?1 AND lower(name) = ?2
        """);

    private static readonly Sql ListTokens = new($"""
        SELECT {TokenColumns} FROM registry_tokens t CROSS JOIN scope_maps m ON m.id = t.scope_map_id CROSS JOIN principals p ON p.id = t.principal_id
        WHERE t.registry_id = ?1 AND t.name > ?2 ORDER BY t.name LIMIT ?3
        """);

    private static readonly Sql InsertToken = new("""
        INSERT INTO registry_tokens (principal_id, registry_id, name, scope_map_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
        """);

    private static readonly Sql SetScopeMapOfToken = new("UPDATE registry_tokens SET scope_map_id = ?2 WHERE principal_id = ?1");

    private static readonly Sql SetEnabled = new("UPDATE principals SET enabled = ?2 WHERE id = ?1");

    /// <inheritdoc/>
    public ValueTask<RegistryTokenGrant?> FindTokenAsync(long registryId, string name, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, name), static (reader, of) => ReadTokenGrant(reader, of.registryId, of.name), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RegistryTokenGrant?> FindTokenInAnyCaseAsync(long registryId, string name, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, name),
            static (reader, of) => StandingName(reader, TokenNamesLike, of.registryId, of.name) is { } standing ? ReadTokenGrant(reader, of.registryId, standing) : null,
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RegistryTokenRecord>> ListTokensAsync(long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListTokens).Bind(list.registryId).Bind(list.after ?? "").Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadToken, static token => token.Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<RegistryTokenRecord>> PutTokenAsync(
        long registryId, string name, string scopeMap, bool enabled, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadRegistry(scope.Session, registryId) is not { } registry || ReadScopeMap(scope.Session, registryId, scopeMap) is not { } map)
                return new CreateResult<RegistryTokenRecord>(CreateOutcome.Unknown, null);

            if (ReadTokenInAnyCase(scope.Session, registryId, name) is { } standing)
                return new CreateResult<RegistryTokenRecord>(CreateOutcome.Updated, ChangeToken(scope, standing, map.Id, map.ScopeMap.Name, enabled, caller));

            var fullName = $"{registry.Name}/{name}";
            if (FindStandingPrincipal(scope, fullName, null, null) is not null) return new CreateResult<RegistryTokenRecord>(CreateOutcome.Exists, null);

            var principal = InsertPrincipalRow(
                scope, new NewPrincipal(PrincipalKind.RegistryToken, fullName, name, RegistryId: registryId, Enabled: enabled));
            scope.Use(InsertToken).Bind(principal.Id).Bind(registryId).Bind(name).Bind(map.Id).Bind(scope.Now).Tell();
            return new CreateResult<RegistryTokenRecord>(CreateOutcome.Created, AppendToken(scope, registryId, name, caller));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<RegistryTokenGrant>> UpdateTokenAsync(
        long registryId, string name, RegistryTokenChanges changes, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadRegistry(scope.Session, registryId) is null || StandingName(scope.Session, TokenNamesLike, registryId, name) is not { } written
                || ReadTokenGrant(scope.Session, registryId, written) is not { Token: var standing, Credentials: var known }
                || ReadScopeMap(scope.Session, registryId, changes.ScopeMap ?? standing.ScopeMap) is not { } map)
                return new CreateResult<RegistryTokenGrant>(CreateOutcome.Unknown, null);

            ChangeToken(scope, standing, map.Id, map.ScopeMap.Name, changes.Enabled ?? standing.Principal.Enabled, caller);
            if (changes.KeptSlots is { } kept)
            {
                foreach (var password in known.Where(credential => credential.Slot is { } slot && !kept.Contains(slot)))
                    RemoveCredential(scope, standing.Principal.Id, password.KeyId, caller);
            }

            return new CreateResult<RegistryTokenGrant>(CreateOutcome.Updated, ReadTokenGrant(scope.Session, registryId, written));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteTokenAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadTokenInAnyCase(scope.Session, registryId, name) is not { } standing) return false;

            DeletePrincipalRows(scope, standing.Principal, caller);
            scope.Append(new LedgerEntry(LedgerKinds.TokenDeleted, registryId, Payload: Facts(standing)), caller);
            return true;
        },
        cancellationToken);

    private static RegistryTokenRecord ChangeToken(WriteScope scope, RegistryTokenRecord standing, long mapId, string map, bool enabled, Caller caller)
    {
        if (standing.ScopeMap == map && standing.Principal.Enabled == enabled) return standing;

        scope.Use(SetScopeMapOfToken).Bind(standing.Principal.Id).Bind(mapId).Tell();
        scope.Use(SetEnabled).Bind(standing.Principal.Id).Bind(enabled).Tell();
        RaisePrincipal(scope, standing.Principal.Id);
        return AppendToken(scope, standing.RegistryId, standing.Name, caller);
    }

    private static RegistryTokenRecord AppendToken(WriteScope scope, long registryId, string name, Caller caller)
    {
        var stored = ReadToken(scope.Session, registryId, name)!;
        scope.Append(new LedgerEntry(LedgerKinds.TokenSet, registryId, Payload: Facts(stored)), caller);
        return stored;
    }

    private static RegistryTokenGrant? ReadTokenGrant(Session session, long registryId, string name)
    {
        const int Actions = PrincipalColumnCount + 4;
        using var rows = session.Use(FindToken).Bind(registryId).Bind(name);
        if (!rows.Step()) return null;

        var (token, actions) = (ReadToken(rows), JsonText.Words(rows.Text(Actions)));
        var credentials = new List<CredentialRecord>();
        if (rows.IsNull(Actions + 1)) return new RegistryTokenGrant(token, actions, credentials);

        do credentials.Add(ReadCredential(rows, Actions + 1));
        while (rows.Step());
        credentials.Sort(static (one, other) => string.CompareOrdinal(one.KeyId, other.KeyId));
        return new RegistryTokenGrant(token, actions, credentials);
    }

    /// <summary>The name that stands for the given one, which may differ in case: of several the one that is written so, or else always the same. Null where there is none.</summary>
    private static string? StandingName(Session session, Sql namesLike, long registryId, string name)
    {
        // All names are ASCII, and in lower case a letter that is not may be one that is.
        if (!Ascii.IsValid(name)) return null;
        var alike = new List<string>();
        using (var rows = session.Use(namesLike).Bind(registryId).Bind(Key(name)))
        {
            while (rows.Step()) alike.Add(rows.Text(0));
        }

        return alike.Contains(name) ? name : alike.Min(StringComparer.Ordinal);
    }

    private static RegistryTokenRecord? ReadTokenInAnyCase(Session session, long registryId, string name) =>
        StandingName(session, TokenNamesLike, registryId, name) is { } standing ? ReadToken(session, registryId, standing) : null;

    private static RegistryTokenRecord? ReadToken(Session session, long registryId, string name)
    {
        using var row = session.Use(FindTokenAlone).Bind(registryId).Bind(name);
        return row.Step() ? ReadToken(row) : null;
    }

    private static RegistryTokenRecord ReadToken(Statement row) => new(
        row.Int64(PrincipalColumnCount), row.Text(PrincipalColumnCount + 1), row.Text(PrincipalColumnCount + 2), ReadPrincipal(row, 0),
        row.Time(PrincipalColumnCount + 3));

    private static string Facts(RegistryTokenRecord token) => JsonText.Facts(
        ("token", token.Name), ("scopeMap", token.ScopeMap), ("enabled", token.Principal.Enabled ? "true" : "false"),
        ("objectId", token.Principal.ObjectId));
}
