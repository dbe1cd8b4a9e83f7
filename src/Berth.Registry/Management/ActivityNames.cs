using System.Collections.Frozen;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>A change on the control plane, in Azure's words.</summary>
/// <param name="Record">The ledger's record.</param>
/// <param name="Operation">The action that it was.</param>
/// <param name="ResourceId">The resource that was changed.</param>
/// <param name="ResourceGroup">The resource's group, or null.</param>
internal sealed record ActivityEvent(LedgerRecord Record, string Operation, string ResourceId, string? ResourceGroup);

/// <summary>Says which of the ledger's records are changes on the control plane, and of what.</summary>
internal sealed class ActivityNames(IRegistries registries)
{
    private const string Registries = "Microsoft.ContainerRegistry/registries";
    private const string Identities = "Microsoft.ManagedIdentity/userAssignedIdentities";
    private const string IdentitySegment = $"/providers/{Identities}/";

    private static readonly FrozenDictionary<string, string> Operations = new Dictionary<string, string>
    {
        [LedgerKinds.RegistryCreated] = Registries + "/write",
        [LedgerKinds.RegistryChanged] = Registries + "/write",
        [LedgerKinds.RegistryDeleted] = Registries + "/delete",
        [LedgerKinds.RegistryRecovered] = Registries + "/write",
        [LedgerKinds.RegistryPurged] = "Microsoft.ContainerRegistry/deletedRegistries/purge/action",
        [LedgerKinds.QuotaSet] = Registries + "/quotas/write",
        [LedgerKinds.ScopeMapSet] = Registries + "/scopeMaps/write",
        [LedgerKinds.ScopeMapDeleted] = Registries + "/scopeMaps/delete",
        [LedgerKinds.TagRuleSet] = Registries + "/tagRules/write",
        [LedgerKinds.TagRuleDeleted] = Registries + "/tagRules/delete",
        [LedgerKinds.TokenSet] = Registries + "/tokens/write",
        [LedgerKinds.TokenDeleted] = Registries + "/tokens/delete",
        [LedgerKinds.AssignmentSet] = "Microsoft.Authorization/roleAssignments/write",
        [LedgerKinds.AssignmentDeleted] = "Microsoft.Authorization/roleAssignments/delete",
        [LedgerKinds.RoleSet] = "Microsoft.Authorization/roleDefinitions/write",
        [LedgerKinds.RoleDeleted] = "Microsoft.Authorization/roleDefinitions/delete",
        [LedgerKinds.IssuerKeysSet] = "Microsoft.Authorization/issuerKeys/write",
        [LedgerKinds.IssuerKeysDeleted] = "Microsoft.Authorization/issuerKeys/delete",
        [LedgerKinds.ResourceLockSet] = "Microsoft.Authorization/locks/write",
        [LedgerKinds.ResourceLockDeleted] = "Microsoft.Authorization/locks/delete",
        [LedgerKinds.ResourceGroupSet] = "Microsoft.Resources/subscriptions/resourceGroups/write",
        [LedgerKinds.ResourceGroupDeleted] = "Microsoft.Resources/subscriptions/resourceGroups/delete",
        [LedgerKinds.CredentialSet] = Registries + "/generateCredentials/action",
        [LedgerKinds.PrincipalChanged] = Identities + "/write",
        [LedgerKinds.PrincipalDeleted] = Identities + "/delete",
        [LedgerKinds.FederationSet] = Identities + "/federatedIdentityCredentials/write",
        [LedgerKinds.FederationRemoved] = Identities + "/federatedIdentityCredentials/delete",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The change that a record is; null for one that is none on the control plane.</summary>
    public async ValueTask<ActivityEvent?> DescribeAsync(LedgerRecord record, InstallationRecord installation, CancellationToken cancellationToken)
    {
        if (!Operations.TryGetValue(record.Kind, out var operation)) return null;
        using var facts = JsonDocument.Parse(record.Payload ?? "{}");
        var subscription = ScopeText.Subscription(installation.SubscriptionId);
        var registry = record.RegistryId != 0 ? await registries.FindRegistryByIdAsync(record.RegistryId, cancellationToken) : null;
        var registryId = Fact("scope") is { } written ? ScopeText.Write(ScopeText.Parse(written)) : registry is null ? subscription : ScopeText.Registry(registry);
        if (operation.StartsWith(Identities, StringComparison.Ordinal))
        {
            // Accounts of the directory, of registries and of operators are changed elsewhere: identities alone are resources. One that is a registry's own is
            // part of the registry, whose change is recorded beside it.
            var name = Fact("principal");
            if (name is null || name[0] != '/' || !name.Contains(IdentitySegment, StringComparison.OrdinalIgnoreCase)) return null;
            var id = ScopeText.Write(ScopeText.Parse(name));
            return Of(Fact("name") is { } credential ? $"{id}/federatedIdentityCredentials/{credential}" : id);
        }

        return record.Kind switch
        {
            LedgerKinds.CredentialSet when record.RegistryId == 0 => null,
            LedgerKinds.ScopeMapSet or LedgerKinds.ScopeMapDeleted => Of($"{registryId}/scopeMaps/{Fact("scopeMap")}"),
            LedgerKinds.TagRuleSet or LedgerKinds.TagRuleDeleted => Of($"{registryId}/tagRules/{Fact("rule")}"),
            LedgerKinds.TokenSet or LedgerKinds.TokenDeleted => Of($"{registryId}/tokens/{Fact("token")}"),
            LedgerKinds.AssignmentSet or LedgerKinds.AssignmentDeleted =>
                Of($"{registryId.TrimEnd('/')}/providers/Microsoft.Authorization/roleAssignments/{Fact("assignment")}"),
            LedgerKinds.ResourceLockSet or LedgerKinds.ResourceLockDeleted => Of($"{registryId}/providers/Microsoft.Authorization/locks/{Fact("lock")}"),
            LedgerKinds.RegistryChanged when Fact(SettingsFacts.Connection) is { } connection => OfConnection(connection),
            LedgerKinds.RegistryPurged => Of($"{subscription}/providers/Microsoft.ContainerRegistry/deletedRegistries/{Fact("deleted")}"),
            LedgerKinds.RoleSet or LedgerKinds.RoleDeleted => Of(ScopeText.Role(installation, Fact("id") ?? "")),
            LedgerKinds.ResourceGroupSet or LedgerKinds.ResourceGroupDeleted => Of(ScopeText.Group(installation.SubscriptionId, Fact("resourceGroup") ?? "")),
            _ => Of(registryId),
        };

        string? Fact(string name) => facts.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;

        ActivityEvent Of(string id) => new(record, operation, id, GroupOf(id));

        // Its state stands in the registry's settings, but it is a resource of its own.
        ActivityEvent OfConnection(string name)
        {
            var verb = Fact(SettingsFacts.ConnectionStatusFact) == nameof(ConnectionStatus.Disconnected) ? "delete" : "write";
            return Of($"{registryId}/privateEndpointConnections/{name}") with { Operation = $"{Registries}/privateEndpointConnections/{verb}" };
        }
    }

    private static string? GroupOf(string id) =>
        id.Split('/') is [_, _, _, var word, var group, ..] && word.Equals("resourceGroups", StringComparison.OrdinalIgnoreCase) ? group : null;
}
