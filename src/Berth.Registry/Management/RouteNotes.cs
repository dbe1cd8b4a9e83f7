namespace Berth.Registry.Management;

/// <summary>The notes on the control plane's routes, by their names. Each route has one, but for those of kinds that there are none of.</summary>
internal static class RouteNotes
{
    private const string ResourceFilter = "By resourceType, name, resourceGroup, location, tagName and tagValue, each with eq 'text', joined by and.";

    /// <summary>The notes.</summary>
    public static IReadOnlyDictionary<string, RouteNote> All { get; } = new Dictionary<string, RouteNote>(StringComparer.Ordinal)
    {
        ["tenants.list"] = List("Lists the tenants: the installation's own.", "Tenant"),
        ["subscriptions.list"] = List("Lists the subscriptions: the installation's own, for whom has a role.", "Subscription"),
        ["subscriptions.get"] = Get("Shows the subscription.", "Subscription"),
        ["locations.list"] = List("Lists the locations: the installation's own.", "Location"),
        ["providers.list"] = List("Lists the providers of resources.", "Provider"),
        ["providers.get"] = Get("Shows a provider: its kinds of resources, and versions of the API.", "Provider"),
        ["providers.register"] = Get("Shows a provider; all are registered for good.", "Provider"),
        ["operations.list"] = List("Lists the actions that roles may give.", "Operation"),
        ["resources.list"] = List("Lists registries and managed identities.", "Resource") with { Filter = ResourceFilter },
        ["resources.list-of-group"] = List("Lists the registries and managed identities of a resource group.", "Resource") with { Filter = ResourceFilter },
        ["groups.list"] = List("Lists the resource groups.", "ResourceGroup") with { Filter = "By tagName and tagValue, each with eq 'text', joined by and." },
        ["groups.get"] = Get("Shows a resource group.", "ResourceGroup"),
        ["groups.exists"] = new("Says whether there is the resource group.") { Statuses = [204] },
        ["groups.put"] = Set("Makes a resource group, or changes its tags.", "ResourceGroup"),
        ["groups.patch"] = Set("Changes a resource group's tags.", "ResourceGroup", "ResourceGroupChanges"),
        ["groups.delete"] = new("Deletes a resource group that holds nothing.") { Statuses = [200] },
        ["registries.list"] = List("Lists the registries.", "Registry"),
        ["registries.list-of-group"] = List("Lists the registries of a resource group.", "Registry"),
        ["registries.get"] = Get("Shows a registry.", "Registry"),
        ["registries.put"] = Set("Makes a registry, or changes what the body names of one that stands.", "Registry"),
        ["registries.patch"] = Set("Changes what the body names of a registry.", "Registry", "RegistryChanges"),
        ["registries.delete"] = new("Deletes a registry; it can be recovered for a while."),
        ["registries.check-name"] = Set("Says whether a registry may have the name.", "NameAvailability", "NameCheck"),
        ["deleted-registries.list"] = List("Lists the deleted registries that can be recovered.", "DeletedRegistry"),
        ["deleted-registries.list-of-group"] = List("Lists the deleted registries of a resource group that can be recovered.", "DeletedRegistry"),
        ["deleted-registries.get"] = Get("Shows a deleted registry.", "DeletedRegistry"),
        ["deleted-registries.recover"] = Set("Brings a deleted registry back.", "RecoveredRegistry", "Recovery") with { NeedsBody = false },
        ["deleted-registries.purge"] = new("Deletes for good what a deleted registry holds.") { Statuses = [202] },
        ["registries.list-usages"] = List("Lists how much there is in a registry, against how much there may be.", "Usage"),
        ["admin-user.list"] = Get("Shows the admin user's passwords.", "AdminCredentials"),
        ["admin-user.regenerate"] = Set("Gives the admin user a new password in place of one of the two.", "AdminCredentials", "AdminPassword"),
        ["scope-maps.list"] = List("Lists a registry's scope maps.", "ScopeMap"),
        ["scope-maps.get"] = Get("Shows a scope map.", "ScopeMap"),
        ["scope-maps.put"] = Set("Makes or changes a scope map.", "ScopeMap"),
        ["scope-maps.patch"] = Set("Changes what the body names of a scope map.", "ScopeMap"),
        ["scope-maps.delete"] = new("Deletes a scope map that no token has."),
        ["tokens.list"] = List("Lists a registry's tokens.", "Token"),
        ["tokens.get"] = Get("Shows a token, without its passwords.", "Token"),
        ["tokens.put"] = Set("Makes or changes a token.", "Token"),
        ["tokens.patch"] = Set("Changes what the body names of a token.", "Token"),
        ["tokens.delete"] = new("Deletes a token with its passwords."),
        ["tokens.generate-credentials"] = Set("Gives a token new passwords, which are shown this once.", "GeneratedCredentials", "CredentialRequest"),
        ["role-definitions.list"] = List("Lists the roles.", "RoleDefinition") with { Filter = "By roleName and type, each with eq 'text', joined by and." },
        ["role-definitions.get"] = Get("Shows a role.", "RoleDefinition"),
        ["role-definitions.put"] = Set("Makes or changes a role of one's own.", "RoleDefinition") with { Statuses = [201] },
        ["role-definitions.delete"] = new("Deletes a role that nobody has.") { Answer = "RoleDefinition" },
        ["role-assignments.list"] = List("Lists who has which role at the scope, above it and within it.", "RoleAssignment") with { Filter = "atScope(), principalId eq 'text' or assignedTo('text')." },
        ["role-assignments.get"] = Get("Shows a role assignment.", "RoleAssignment"),
        ["role-assignments.put"] = Set("Gives somebody a role at the scope.", "RoleAssignment"),
        ["role-assignments.delete"] = new("Takes a role away.") { Answer = "RoleAssignment" },
        ["identities.list"] = List("Lists the managed identities.", "ManagedIdentity"),
        ["identities.list-of-group"] = List("Lists the managed identities of a resource group.", "ManagedIdentity"),
        ["identities.get"] = Get("Shows a managed identity.", "ManagedIdentity"),
        ["identities.put"] = Set("Makes or changes a managed identity.", "ManagedIdentity"),
        ["identities.delete"] = new("Deletes a managed identity."),
        ["federation.list"] = List("Lists whose tokens a managed identity is known by.", "FederatedCredential"),
        ["federation.get"] = Get("Shows a federated credential.", "FederatedCredential"),
        ["federation.put"] = Set("Makes or changes a federated credential.", "FederatedCredential"),
        ["federation.delete"] = new("Deletes a federated credential."),
        ["activity.list"] = List("Lists the changes on the control plane, the newest first.", "ActivityEvent") with
        {
            Filter = "eventTimestamp ge 'time' must be there; eventTimestamp le, resourceUri, resourceGroupName, resourceProvider, caller and correlationId may be.",
            NeedsFilter = true,
        },
        ["network-rules.dry-run"] = Set("Says whom other network rules would cut off; changes nothing.", "NetworkDryRun", "NetworkProposal") with { NeedsBody = false },
        ["private-link-resources.list"] = List("Lists what of a registry can be reached privately.", "PrivateLinkResource"),
        ["private-link-resources.get"] = Get("Shows what of a registry can be reached privately.", "PrivateLinkResource"),
        ["private-endpoint-connections.list"] = List("Lists a registry's private endpoint connections: the server's private listeners at which it answers.", "PrivateEndpointConnection"),
        ["private-endpoint-connections.get"] = Get("Shows a private endpoint connection.", "PrivateEndpointConnection"),
        ["private-endpoint-connections.put"] = Set("Approves or rejects a private endpoint connection.", "PrivateEndpointConnection") with { Statuses = [200] },
        ["private-endpoint-connections.delete"] = new("Disconnects a private endpoint: who comes by it is refused until it is approved again."),
        ["locks.list"] = List("Lists the locks that have an effect at the scope, and those within it.", "Lock") with { Filter = "atScope() leaves out those within." },
        ["locks.get"] = Get("Shows a lock.", "Lock"),
        ["locks.put"] = Set("Makes or changes a lock.", "Lock"),
        ["locks.delete"] = new("Deletes a lock."),
        ["tags.get"] = Get("Shows a resource's tags.", "ResourceTags"),
        ["tags.put"] = Set("Gives a resource these tags in place of its own.", "ResourceTags") with { Statuses = [200] },
        ["tags.patch"] = Set("Adds, replaces or takes away tags of a resource.", "ResourceTags", "TagChanges"),
        ["tags.delete"] = new("Takes all tags of a resource away.") { Statuses = [200] },
    };

    private static RouteNote List(string summary, string schema) => new(summary) { Answer = schema + "[]" };

    private static RouteNote Get(string summary, string schema) => new(summary) { Answer = schema };

    private static RouteNote Set(string summary, string answer, string? body = null) => new(summary) { Answer = answer, Body = body ?? answer };
}
