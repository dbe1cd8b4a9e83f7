namespace Berth.Metadata.Relational;

/// <summary>How security epochs grow, in the transaction of their cause. A registry's epoch is the sum of its own and the installation's.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql RaisePrincipalEpoch = new("UPDATE principals SET epoch = epoch + 1, updated_at = ?2 WHERE id = ?1");

    private static readonly Sql RaiseRegistryEpoch = new("UPDATE registries SET epoch = epoch + 1 WHERE id = ?1");

    private static readonly Sql RaiseRegistryEpochsWithin = new("UPDATE registries SET epoch = epoch + 1 WHERE scope >= ?1 AND scope < ?2");

    private static readonly Sql RaiseInstallationEpoch = new("UPDATE installation SET security_epoch = security_epoch + 1");

    // Columns of the statements that answer a pull: of the principal ?5 in the registry ?1.
    private const string EpochColumns = """
        (SELECT who.epoch FROM principals who WHERE who.id = ?5 AND who.enabled = 1),
        (SELECT own.epoch + (SELECT security_epoch FROM installation) FROM registries own WHERE own.id = ?1 AND own.deleted_at IS NULL)
        """;

    private static readonly Sql ReadEpochs = new("""
        SELECT (SELECT epoch FROM principals WHERE id = ?1 AND enabled = 1),
            (SELECT epoch + (SELECT security_epoch FROM installation) FROM registries WHERE id = ?2 AND deleted_at IS NULL)
        """);

    private static readonly LookUp<(long Principal, long Registry), SecurityEpochs> Epochs = new(
        static _ => ReadEpochs,
        static (row, ids) => row.Bind(ids.Principal).Bind(ids.Registry),
        static (_, row, _) => row.Step() ? new SecurityEpochs(row.Int64(0), row.Int64(1)) : default);

    /// <inheritdoc/>
    public ValueTask<SecurityEpochs> ReadEpochsAsync(long principalId, long registryId, CancellationToken cancellationToken) =>
        LookUpAsync(Epochs, (principalId, registryId), cancellationToken);

    private static SecurityEpochs ReadEpochsOf(Session session, long principalId, long registryId) => Epochs.Run(session, (principalId, registryId));

    /// <summary>Whether the epochs that a statement reads are these: of a principal and a registry that are there.</summary>
    private static bool Stand(Statement epochs, SecurityEpochs asOf) =>
        epochs.Step() && !epochs.IsNull(0) && !epochs.IsNull(1) && new SecurityEpochs(epochs.Int64(0), epochs.Int64(1)) == asOf;

    private static void RaisePrincipal(WriteScope scope, long id) => scope.Use(RaisePrincipalEpoch).Bind(id).Bind(scope.Now).Tell();

    private static void RaiseRegistry(WriteScope scope, long id) => scope.Use(RaiseRegistryEpoch).Bind(id).Tell();

    private static void RaiseEveryRegistry(WriteScope scope) => scope.Use(RaiseInstallationEpoch).Tell();

    /// <summary>Raises the epoch of every registry that the resource holds, is, or is within.</summary>
    private static void RaiseRegistriesOf(WriteScope scope, ResourceScope resource)
    {
        if (!resource.Value.StartsWith("/subscriptions/", StringComparison.Ordinal))
        {
            RaiseEveryRegistry(scope);
            return;
        }

        foreach (var (from, until) in resource.SelfAndAbove().Select(ScopeRange.Of).Append(ScopeRange.Below(resource)))
        {
            scope.Use(RaiseRegistryEpochsWithin).Bind(from).Bind(until).Tell();
        }
    }
}
