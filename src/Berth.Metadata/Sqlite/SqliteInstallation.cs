using System.Text.Json;
using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    private static readonly Sql FindInstallation = new("SELECT store_id, tenant_id, subscription_id, region, ledger_epoch FROM installation");

    private static readonly Sql InsertInstallation = new("""
        INSERT INTO installation (id, store_id, tenant_id, subscription_id, region, ledger_epoch, hybrid_time, created_at)
        VALUES (1, ?1, ?2, ?3, ?4, ?5, 0, ?6)
        """);

    private static readonly Sql InsertRegistry = new("""
        INSERT INTO registries (name, subscription_id, resource_group, sku, epoch, created_at) VALUES (?1, ?2, 'default', 'Premium', 1, ?3)
        """);

    private static readonly Sql FindRegistry = new("SELECT id, name, epoch FROM registries WHERE name = ?1");

    private static readonly Sql FindPrincipal = new("SELECT id, object_id, name, password_hash, epoch, enabled FROM principals WHERE name = ?1");

    private static readonly Sql UpsertPassword = new("""
        INSERT INTO principals (object_id, kind, name, password_hash, enabled, epoch, created_at, updated_at) VALUES (?1, 'user', ?2, ?3, 1, 1, ?4, ?4)
        ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, epoch = epoch + 1, updated_at = excluded.updated_at
        """);

    private static readonly Sql ReadEpochs = new("""
        SELECT (SELECT epoch FROM principals WHERE id = ?1 AND enabled = 1), (SELECT epoch FROM registries WHERE id = ?2)
        """);

    /// <inheritdoc/>
    public ValueTask<InstallationRecord?> FindInstallationAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(0, static (reader, _) => ReadInstallation(reader.Session), cancellationToken));

    /// <inheritdoc/>
    public Task<InstallationRecord> CreateInstallationAsync(InstallationRecord installation, string defaultRegistry, CancellationToken cancellationToken) =>
        PushAsync(
            scope =>
            {
                if (ReadInstallation(scope.Session) is { } standing) return standing;

                var now = scope.Now;
                scope.Use(InsertInstallation).Bind(installation.StoreId).Bind(installation.TenantId).Bind(installation.SubscriptionId)
                    .Bind(installation.Region).Bind(Math.Max(1, installation.LedgerEpoch)).Bind(now).Execute();
                scope.Use(InsertRegistry).Bind(defaultRegistry).Bind(installation.SubscriptionId).Bind(now).Execute();
                scope.Append(new LedgerEntry(LedgerKinds.InstallationChanged), Caller.System);
                return ReadInstallation(scope.Session)!;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RegistryRecord?> FindRegistryAsync(string name, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(
            name,
            static (reader, name) =>
            {
                using var row = reader.Use(FindRegistry).Bind(name);
                return row.Step() ? new RegistryRecord(row.Int64(0), row.Text(1), row.Int64(2)) : null;
            },
            cancellationToken));

    /// <inheritdoc/>
    public ValueTask<PrincipalRecord?> FindPrincipalAsync(string name, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(name, static (reader, name) => ReadPrincipal(reader.Session, name), cancellationToken));

    /// <inheritdoc/>
    public Task<PrincipalRecord> SetPasswordAsync(string name, string passwordHash, Caller caller, CancellationToken cancellationToken) =>
        PushAsync(
            scope =>
            {
                var objectId = Guid.CreateVersion7(_time.GetUtcNow()).ToString();
                scope.Use(UpsertPassword).Bind(objectId).Bind(name).Bind(passwordHash).Bind(scope.Now).Execute();
                var payload = $$"""{"principal":"{{JsonEncodedText.Encode(name)}}"}""";
                scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, Payload: payload), caller);
                return ReadPrincipal(scope.Session, name)!;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SecurityEpochs> ReadEpochsAsync(long principalId, long registryId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Read(
            (principalId, registryId),
            static (reader, ids) =>
            {
                using var row = reader.Use(ReadEpochs).Bind(ids.principalId).Bind(ids.registryId);
                return row.Step() ? new SecurityEpochs(row.Int64(0), row.Int64(1)) : default;
            },
            cancellationToken));

    private static InstallationRecord? ReadInstallation(Session session)
    {
        using var row = session.Use(FindInstallation);
        return row.Step() ? new InstallationRecord(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int64(4)) : null;
    }

    private static PrincipalRecord? ReadPrincipal(Session session, string name)
    {
        using var row = session.Use(FindPrincipal).Bind(name);
        return row.Step()
            ? new PrincipalRecord(row.Int64(0), row.Text(1), row.Text(2), row.TextOrNull(3), row.Int64(4), row.Bool(5))
            : null;
    }
}
