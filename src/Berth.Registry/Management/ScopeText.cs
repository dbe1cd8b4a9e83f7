using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Resources' ids in the case that Azure's clients write them in; the store knows them in lower case.</summary>
internal static class ScopeText
{
    private static readonly string[] Words =
    [
        "resourceGroups", "Microsoft.ContainerRegistry", "Microsoft.ManagedIdentity", "userAssignedIdentities", "Microsoft.Authorization",
    ];

    /// <summary>The id of a subscription.</summary>
    public static string Subscription(string subscriptionId) => $"/subscriptions/{subscriptionId}";

    /// <summary>The id of a resource group.</summary>
    public static string Group(string subscriptionId, string group) => $"/subscriptions/{subscriptionId}/resourceGroups/{group}";

    /// <summary>The id of a registry.</summary>
    public static string Registry(RegistryRecord registry) =>
        $"{Group(registry.SubscriptionId, registry.ResourceGroup)}/providers/Microsoft.ContainerRegistry/registries/{registry.Name}";

    /// <summary>The id of a managed identity.</summary>
    public static string Identity(ManagedIdentityRecord identity) =>
        $"{Group(identity.SubscriptionId, identity.ResourceGroup)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity.Name}";

    /// <summary>The id of a role.</summary>
    public static string Role(InstallationRecord installation, string id) =>
        $"/subscriptions/{installation.SubscriptionId}/providers/Microsoft.Authorization/roleDefinitions/{id}";

    /// <summary>The id of a lock.</summary>
    public static string Lock(ResourceLockRecord held) => $"{Write(held.Scope)}/providers/Microsoft.Authorization/locks/{held.Name}";

    /// <summary>A scope as Azure writes it.</summary>
    public static string Write(ResourceScope scope) => string.Join(
        '/', scope.Value.Split('/').Select(part => Words.FirstOrDefault(word => word.Equals(part, StringComparison.OrdinalIgnoreCase)) ?? part));

    /// <summary>A resource's id that a client wrote.</summary>
    /// <exception cref="ManagementException">It is none.</exception>
    public static ResourceScope Parse(string id)
    {
        try
        {
            if (id.Length <= 1_000 && id.Count(c => c == '/') <= 32) return ResourceScope.Parse(id);
        }
        catch (FormatException)
        {
            // Answered below, as an id that is too long.
        }

        throw ManagementException.Bad("LinkedInvalidPropertyId", $"'{ManagementException.Shorten(id)}' is no resource's id: it begins with /subscriptions/.");
    }

    /// <summary>The resource that a path's names lead to.</summary>
    public static ResourceScope Of(IReadOnlyDictionary<string, string> values)
    {
        if (values.TryGetValue("scope", out var scope)) return Parse(scope);
        if (!values.TryGetValue("subscription", out var subscription)) return ResourceScope.Root;
        if (!values.TryGetValue("group", out var group)) return ResourceScope.OfSubscription(subscription);
        if (values.TryGetValue("registry", out var registry)) return ResourceScope.OfRegistry(subscription, group, registry);
        return values.TryGetValue("identity", out var identity)
            ? ResourceScope.OfIdentity(subscription, group, identity)
            : ResourceScope.OfResourceGroup(subscription, group);
    }
}
