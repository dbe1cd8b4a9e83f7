namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    /// <summary>
    /// Makes the registry's own identity, or deletes it. It is found by its name, the registry's scope, which the registry has for as long as it stands; it is
    /// none of the registry's accounts, which are bound to it by its row: those have rights there without any role.
    /// </summary>
    private void SetRegistryIdentity(WriteScope scope, RegistryRecord registry, bool wanted, Caller caller)
    {
        var standing = ReadRegistryIdentity(scope.Session, registry.Scope);
        if (wanted == standing is not null) return;

        if (standing is not null)
        {
            DeletePrincipalRows(scope, standing, caller);
            scope.Append(new LedgerEntry(LedgerKinds.PrincipalDeleted, registry.Id, Payload: Facts(standing, null)), caller);
            return;
        }

        var made = InsertPrincipalRow(scope, new NewPrincipal(
            PrincipalKind.ManagedIdentity, registry.Scope.Value, registry.Name, ClientId: Guid.CreateVersion7(_time.GetUtcNow()).ToString()));
        scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, registry.Id, Payload: Facts(made, "created")), caller);
    }

    private static PrincipalRecord? ReadRegistryIdentity(Session session, ResourceScope registry) =>
        ReadPrincipal(session, FindPrincipalByName, registry.Value) is { Kind: PrincipalKind.ManagedIdentity } identity ? identity : null;
}
