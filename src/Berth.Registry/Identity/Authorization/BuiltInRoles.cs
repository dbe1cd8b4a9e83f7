namespace Berth.Registry.Identity.Authorization;

/// <summary>The roles that come with the product, under Azure's ids and names and with Azure's actions.</summary>
public static partial class BuiltInRoles
{
    /// <summary>Everything, roles included.</summary>
    public static readonly RoleDefinition Owner = Define(
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "Manages everything and assigns roles.", actions: ["*"]);

    /// <summary>All built-in roles.</summary>
    public static IReadOnlyList<RoleDefinition> All { get; } = [Owner, .. General(), .. Data(), .. Control()];

    private static readonly Dictionary<Guid, RoleDefinition> ById = All.ToDictionary(role => role.Id);

    /// <summary>The role of that id, or null.</summary>
    public static RoleDefinition? Find(Guid id) => ById.GetValueOrDefault(id);

    /// <summary>The role of that name, whatever its case, or null.</summary>
    public static RoleDefinition? Find(string name) => All.FirstOrDefault(role => string.Equals(role.Name, name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<RoleDefinition> General() =>
    [
        Define(
            "b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", "Manages everything, but assigns no roles.", actions: ["*"],
            notActions:
            [
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
                "Microsoft.Purview/consents/write",
                "Microsoft.Purview/consents/delete",
                "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
                "Microsoft.Subscription/cancel/action",
                "Microsoft.Subscription/enable/action",
            ]),
        Define("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", "Sees everything and changes nothing.", actions: ["*/read"]),
        Define(
            "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", "Sees everything and decides who has access.",
            actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"]),
        Define(
            "f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", "Sees everything and assigns roles.",
            actions: ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read", "Microsoft.Support/*"]),
        Define(
            "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor", "Creates, changes and deletes user-assigned identities.",
            actions:
            [
                "Microsoft.ManagedIdentity/userAssignedIdentities/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/write",
                "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
                "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action",
                .. Around,
            ]),
        Define(
            "f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", "Sees user-assigned identities and gives them to resources.",
            actions:
            [
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
                .. Around,
            ]),
    ];

    // What roles for one kind of resource bring along, so that their holders find and deploy it.
    private static string[] Around =>
    [
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Support/*",
    ];

    private static RoleDefinition Define(
        string id, string name, string description, string[]? actions = null, string[]? notActions = null, string[]? dataActions = null) =>
        new(Guid.Parse(id), name, description, IsBuiltIn: true, ["/"], [new(actions ?? [], notActions ?? [], dataActions ?? [], [])]);

    private static string[] Registries(params string[] actions) => [.. actions.Select(action => RightSource.Prefix + action)];
}
