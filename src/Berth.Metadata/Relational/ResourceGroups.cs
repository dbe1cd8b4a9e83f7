namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindResourceGroup = new("""
        SELECT subscription_id, name, location, tags FROM resource_groups WHERE subscription_id = ?1 AND key = ?2
        """);

    private static readonly Sql ListResourceGroups = new("""
        SELECT subscription_id, name, location, tags FROM resource_groups WHERE subscription_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3
        """);

    private static readonly Sql UpsertResourceGroup = new("""
        INSERT INTO resource_groups (subscription_id, key, name, location, tags, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
        ON CONFLICT (subscription_id, key) DO UPDATE SET tags = excluded.tags, updated_at = excluded.updated_at
        """);

    private static readonly Sql DeleteResourceGroup = new("DELETE FROM resource_groups WHERE subscription_id = ?1 AND key = ?2");

    private static readonly Sql AnyRegistryWithin = new("SELECT 1 FROM registries WHERE scope >= ?1 AND scope < ?2 LIMIT 1");

    private static readonly Sql AnyIdentityWithin = new("SELECT 1 FROM managed_identities WHERE scope >= ?1 AND scope < ?2 LIMIT 1");

    /// <inheritdoc/>
    public ValueTask<ResourceGroupRecord?> FindResourceGroupAsync(string subscriptionId, string name, CancellationToken cancellationToken) =>
        ReadAsync(
            (subscriptionId, name), static (reader, of) => ReadResourceGroup(reader, of.subscriptionId, of.name), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ResourceGroupRecord>> ListResourceGroupsAsync(
        string subscriptionId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (subscriptionId, Key: Key(after ?? ""), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListResourceGroups).Bind(list.subscriptionId).Bind(list.Key).Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadResourceGroup, static group => Key(group.Name));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<ResourceGroupRecord>> PutResourceGroupAsync(ResourceGroupRecord group, Caller caller, CancellationToken cancellationToken) =>
        PushAsync(
            scope =>
            {
                var standing = ReadResourceGroup(scope.Session, group.SubscriptionId, group.Name);
                return new CreateResult<ResourceGroupRecord>(
                    standing is null ? CreateOutcome.Created : CreateOutcome.Updated, WriteResourceGroup(scope, standing, group, caller));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<DeleteOutcome> DeleteResourceGroupAsync(string subscriptionId, string name, Caller caller, CancellationToken cancellationToken) =>
        RelieveAsync(
            scope =>
            {
                if (ReadResourceGroup(scope.Session, subscriptionId, name) is not { } standing) return DeleteOutcome.Unknown;

                var resource = ResourceScope.OfResourceGroup(subscriptionId, name);
                RefuseIfLocked(scope, resource);
                if (IsAnyWithin(scope, AnyRegistryWithin, resource) || IsAnyWithin(scope, AnyIdentityWithin, resource)) return DeleteOutcome.Held;

                DeleteAssignmentsAt(scope, resource, caller);
                scope.Use(DeleteResourceGroup).Bind(subscriptionId).Bind(Key(name)).Tell();
                scope.Append(new LedgerEntry(LedgerKinds.ResourceGroupDeleted, Payload: Facts(standing)), caller);
                return DeleteOutcome.Deleted;
            },
            cancellationToken);

    private static bool IsAnyWithin(WriteScope scope, Sql any, ResourceScope resource)
    {
        var (from, until) = ScopeRange.Below(resource);
        using var row = scope.Use(any).Bind(from).Bind(until);
        return row.Step();
    }

    // One that is as it is asked for is not written: nothing changed that the ledger could tell of.
    private static ResourceGroupRecord WriteResourceGroup(WriteScope scope, ResourceGroupRecord? standing, ResourceGroupRecord wanted, Caller caller)
    {
        // It keeps its name as it was first written, and its place.
        var named = standing is null ? wanted : wanted with { Name = standing.Name, Location = standing.Location };
        if (standing == named) return named;
        scope.Use(UpsertResourceGroup).Bind(named.SubscriptionId).Bind(Key(named.Name)).Bind(named.Name).Bind(named.Location).Bind(named.Tags).Bind(scope.Now).Tell();
        scope.Append(new LedgerEntry(LedgerKinds.ResourceGroupSet, Payload: Facts(named)), caller);
        return named;
    }

    private static ResourceGroupRecord? ReadResourceGroup(Session session, ResourceScope resource)
    {
        if (resource.Value.Split('/') is not ["", "subscriptions", _, "resourcegroups", var group]) return null;
        var subscription = ReadInstallation(session)!.SubscriptionId;
        return resource == ResourceScope.OfResourceGroup(subscription, group) ? ReadResourceGroup(session, subscription, group) : null;
    }

    private static ResourceGroupRecord? ReadResourceGroup(Session session, string subscriptionId, string name)
    {
        using var row = session.Use(FindResourceGroup).Bind(subscriptionId).Bind(Key(name));
        return row.Step() ? ReadResourceGroup(row) : null;
    }

    private static ResourceGroupRecord ReadResourceGroup(Statement row) => new(row.Text(0), row.Text(1), row.Text(2), row.Text(3));

    private static string Key(string name) => name.ToLowerInvariant();

    private static string Facts(ResourceGroupRecord group) => JsonText.Facts(("resourceGroup", group.Name), ("subscription", group.SubscriptionId));
}
