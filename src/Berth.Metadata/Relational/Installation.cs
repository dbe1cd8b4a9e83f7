namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string DefaultGroup = "default";

    private static readonly Sql FindInstallation = new("SELECT store_id, tenant_id, subscription_id, region, ledger_epoch FROM installation");

    private static readonly Sql InsertInstallation = new("""
        INSERT INTO installation (id, store_id, tenant_id, subscription_id, region, ledger_epoch, hybrid_time, created_at)
        VALUES (1, ?1, ?2, ?3, ?4, ?5, 0, ?6)
        """);

    private static readonly Sql UpsertPassword = new("""
        INSERT INTO principals (object_id, kind, name, display_name, password_hash, enabled, epoch, created_at, updated_at)
        VALUES (?1, 'user', ?2, ?2, ?3, 1, 1, ?4, ?4)
        ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, epoch = principals.epoch + 1, updated_at = excluded.updated_at
        """);

    /// <inheritdoc/>
    public ValueTask<InstallationRecord?> FindInstallationAsync(CancellationToken cancellationToken) =>
        ReadAsync(0, static (reader, _) => ReadInstallation(reader), cancellationToken);

    /// <inheritdoc/>
    public Task<InstallationRecord> CreateInstallationAsync(InstallationRecord installation, string defaultRegistry, CancellationToken cancellationToken) =>
        PushAsync(
            scope =>
            {
                if (ReadInstallation(scope.Session) is { } standing) return standing;

                var now = scope.Now;
                scope.Use(InsertInstallation).Bind(installation.StoreId).Bind(installation.TenantId).Bind(installation.SubscriptionId)
                    .Bind(installation.Region).Bind(Math.Max(1, installation.LedgerEpoch)).Bind(now).Tell();
                scope.Use(UpsertResourceGroup).Bind(installation.SubscriptionId).Bind(DefaultGroup).Bind(DefaultGroup).Bind(installation.Region).Bind("{}")
                    .Bind(now).Tell();
                InsertRegistryRow(
                    scope, new NewRegistry(defaultRegistry, installation.SubscriptionId, DefaultGroup, installation.Region, "Premium"), DefaultGroup);
                scope.Append(new LedgerEntry(LedgerKinds.InstallationChanged), Caller.System);
                return ReadInstallation(scope.Session)!;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PrincipalRecord?> FindPrincipalAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(name, static (reader, name) => ReadPrincipal(reader, FindPrincipalByName, name), cancellationToken);

    /// <inheritdoc/>
    public Task<PrincipalRecord> SetPasswordAsync(string name, string passwordHash, Caller caller, CancellationToken cancellationToken) =>
        PushAsync(
            scope =>
            {
                var objectId = Guid.CreateVersion7(_time.GetUtcNow()).ToString();
                scope.Use(UpsertPassword).Bind(objectId).Bind(name).Bind(passwordHash).Bind(scope.Now).Tell();
                scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, Payload: JsonText.Facts(("principal", name), ("changed", "password"))), caller);
                var principal = ReadPrincipal(scope.Session, FindPrincipalByName, name)!;
                scope.Use(SetPassword).Bind(principal.Id).Bind(scope.Now).Tell();
                return principal;
            },
            cancellationToken);

    private static InstallationRecord? ReadInstallation(Session session)
    {
        using var row = session.Use(FindInstallation);
        return row.Step() ? new InstallationRecord(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int64(4)) : null;
    }
}
