namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string IdentityColumns = $"{PrincipalColumns}, i.subscription_id, i.resource_group, i.name, i.location, i.tags";

    private const int IdentityColumnCount = PrincipalColumnCount + 5;

    private static readonly Sql FindIdentity = new($"""
        SELECT {IdentityColumns} FROM managed_identities i CROSS JOIN principals p ON p.id = i.principal_id WHERE i.scope = ?1
        """);

    private static readonly Sql ListIdentities = new($"""
        SELECT {IdentityColumns} FROM managed_identities i CROSS JOIN principals p ON p.id = i.principal_id
        WHERE i.scope > ?1 AND i.scope < ?2 ORDER BY i.scope LIMIT ?3
        """);

    private static readonly Sql FindIdentityScope = new("SELECT scope FROM managed_identities WHERE principal_id = ?1");

    private static readonly Sql InsertIdentity = new("""
        INSERT INTO managed_identities (principal_id, scope, subscription_id, resource_group, name, location, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """);

    private static readonly Sql UpdateIdentity = new("UPDATE managed_identities SET tags = ?2 WHERE scope = ?1");

    /// <inheritdoc/>
    public Task<CreateResult<ManagedIdentityRecord>> CreateManagedIdentityAsync(
        NewManagedIdentity identity, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadResourceGroup(scope.Session, identity.SubscriptionId, identity.ResourceGroup) is not { } group)
                return new CreateResult<ManagedIdentityRecord>(CreateOutcome.Unknown, null);

            var resource = ResourceScope.OfIdentity(identity.SubscriptionId, identity.ResourceGroup, identity.Name);
            if (ReadIdentity(scope.Session, resource) is { } standing) return new CreateResult<ManagedIdentityRecord>(CreateOutcome.Exists, standing);
            if (FindStandingPrincipal(scope, resource.Value, null, identity.ClientId) is not null)
                return new CreateResult<ManagedIdentityRecord>(CreateOutcome.Exists, null);

            var principal = InsertPrincipalRow(
                scope, new NewPrincipal(PrincipalKind.ManagedIdentity, resource.Value, identity.Name, ClientId: identity.ClientId));
            scope.Use(InsertIdentity).Bind(principal.Id).Bind(resource.Value).Bind(identity.SubscriptionId).Bind(group.Name).Bind(identity.Name)
                .Bind(identity.Location).Bind(identity.Tags).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, Payload: Facts(principal, "created")), caller);
            return new CreateResult<ManagedIdentityRecord>(CreateOutcome.Created, ReadIdentity(scope.Session, resource));
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ManagedIdentityRecord?> FindManagedIdentityAsync(ResourceScope scope, CancellationToken cancellationToken) =>
        ReadAsync(scope, static (reader, resource) => ReadIdentity(reader, resource), cancellationToken);

    /// <inheritdoc/>
    public Task<ManagedIdentityRecord?> UpdateManagedIdentityAsync(ResourceScope scope, string? tags, Caller caller, CancellationToken cancellationToken)
    {
        var resource = scope;
        return PushAsync(
            scope => ReadIdentity(scope.Session, resource) is { } standing
                ? ChangeIdentity(scope, standing, tags ?? standing.Tags, caller)
                : null,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<Page<ManagedIdentityRecord>> ListManagedIdentitiesAsync(
        ResourceScope scope, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (Range: ScopeRange.Below(scope).After(after), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListIdentities).Bind(list.Range.From).Bind(list.Range.Until).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadIdentity, static identity => identity.Scope.Value);
            },
            cancellationToken);

    private static ManagedIdentityRecord ChangeIdentity(WriteScope scope, ManagedIdentityRecord standing, string tags, Caller caller)
    {
        if (standing.Tags == tags) return standing;

        scope.Use(UpdateIdentity).Bind(standing.Scope.Value).Bind(tags).Tell();
        scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, Payload: Facts(standing.Principal, "resource")), caller);
        return standing with { Tags = tags };
    }

    private static ManagedIdentityRecord? ReadIdentity(Session session, ResourceScope resource)
    {
        using var row = session.Use(FindIdentity).Bind(resource.Value);
        return row.Step() ? ReadIdentity(row) : null;
    }

    private static ManagedIdentityRecord ReadIdentity(Statement row) => new(
        ReadPrincipal(row, 0), row.Text(PrincipalColumnCount), row.Text(PrincipalColumnCount + 1), row.Text(PrincipalColumnCount + 2),
        row.Text(PrincipalColumnCount + 3), row.Text(PrincipalColumnCount + 4));

    private static ResourceScope? ReadIdentityScope(WriteScope scope, long principalId)
    {
        using var row = scope.Use(FindIdentityScope).Bind(principalId);
        return row.Step() ? ResourceScope.Parse(row.Text(0)) : null;
    }
}
