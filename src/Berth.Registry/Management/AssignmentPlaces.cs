using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Says whether a role can be assigned at a scope: everything, the subscription, and resources that there are.</summary>
internal sealed class AssignmentPlaces(IInstallation installations, IRegistries registries, IPrincipals principals)
{
    /// <summary>Refuses a scope that is nothing: an assignment there would have its effect on what takes the name later.</summary>
    public async ValueTask RequireAsync(ResourceScope scope, InstallationRecord installation, CancellationToken cancellationToken)
    {
        var parts = scope.Value.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0) return;
        if (parts is not ["subscriptions", var subscription, ..] || !subscription.Equals(installation.SubscriptionId, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.SubscriptionNotFound(parts.ElementAtOrDefault(1) ?? scope.Value);
        if (parts.Length == 2) return;
        if (parts is not [_, _, "resourcegroups", var group, ..]) throw ManagementException.NotFound(scope.Value);
        if (await registries.FindResourceGroupAsync(installation.SubscriptionId, group, cancellationToken) is null) throw ManagementException.GroupNotFound(group);

        var exists = parts[4..] switch
        {
            [] => true,
            ["providers", "microsoft.containerregistry", "registries", var name] =>
                await installations.FindRegistryAsync(name, cancellationToken) is { } registry && registry.Scope == scope,
            ["providers", "microsoft.managedidentity", "userassignedidentities", _] => await principals.FindManagedIdentityAsync(scope, cancellationToken) is not null,
            _ => false,
        };
        if (!exists) throw ManagementException.NotFound(ScopeText.Write(scope));
    }
}
