namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>The built-in roles, copied from Azure's published definitions and from nothing in the product.</summary>
internal static class PublishedRoles
{
    public static readonly IReadOnlyList<PublishedRole> All =
    [
        Role("Owner", ["*"]),
        new("Contributor", ["*"], ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"], []),
        Role("Reader", ["*/read"]),
        Role("User Access Administrator", ["*/read", "Microsoft.Authorization/*"]),
        Role("Role Based Access Control Administrator", ["*/read", "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"]),
        Role(
            "Managed Identity Contributor",
            [
                "Microsoft.ManagedIdentity/userAssignedIdentities/read", "Microsoft.ManagedIdentity/userAssignedIdentities/write",
                "Microsoft.ManagedIdentity/userAssignedIdentities/delete", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/*",
                .. Surroundings,
            ]),
        Role("Managed Identity Operator", ["Microsoft.ManagedIdentity/userAssignedIdentities/*/read", "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action", .. Surroundings]),
        Role("AcrPull", Of("pull/read")),
        Role("AcrPush", Of("pull/read", "push/write")),
        Role("AcrDelete", Of("artifacts/delete")),
        Role("AcrImageSigner", Of("sign/write"), Of("trustedCollections/write")),
        Role("AcrQuarantineReader", Of("quarantine/read"), Of("quarantinedArtifacts/read")),
        Role("AcrQuarantineWriter", Of("quarantine/read", "quarantine/write"), Of("quarantinedArtifacts/read", "quarantinedArtifacts/write")),
        Role("Container Registry Repository Reader", [], Repositories("content/read", "metadata/read")),
        Role("Container Registry Repository Writer", [], Repositories("content/read", "metadata/read", "content/write", "metadata/write")),
        Role("Container Registry Repository Contributor", [], Repositories("content/read", "metadata/read", "content/write", "metadata/write", "content/delete", "metadata/delete")),
        Role("Container Registry Repository Catalog Lister", [], Of("catalog/read")),
        Role("Container Registry Data Importer and Data Reader", Of("importImage/action", "read", "pull/read"), Of("repositories/content/read", "repositories/metadata/read", "catalog/read")),
        Role(
            "Container Registry Contributor and Data Access Configuration Administrator",
            [
                .. Of("read", "write", "delete", "listCredentials/action", "regenerateCredential/action", "generateCredentials/action", "listUsages/read", "tokens/*", "scopeMaps/*"),
                .. Of("replications/*", "webhooks/*", "privateEndpointConnections/*", "connectedRegistries/*"),
                "Microsoft.ContainerRegistry/checkNameAvailability/read", .. Surroundings,
            ]),
        Role(
            "Container Registry Configuration Reader and Data Access Configuration Reader",
            [
                .. Of("read", "listCredentials/action", "listUsages/read", "tokens/read", "scopeMaps/read", "replications/read", "privateEndpointConnections/read", "connectedRegistries/read"),
                .. Of("webhooks/read", "webhooks/getCallbackConfig/action", "webhooks/listEvents/action"),
                "Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read",
            ]),
        Role(
            "Container Registry Tasks Contributor",
            [.. Of("read", "scheduleRun/action", "listBuildSourceUploadUrl/action", "agentpools/*", "tasks/*", "runs/*", "taskruns/*"), .. Surroundings]),
        Role("Container Registry Transfer Pipeline Contributor", Of("exportPipelines/*", "importPipelines/*", "pipelineRuns/*")),
        Role("Container Registry Cache Rule Administrator", Of("cacheRules/*")),
        Role("Container Registry Cache Rule Reader", Of("cacheRules/read")),
        Role("Container Registry Credential Set Administrator", Of("credentialSets/*")),
        Role("Container Registry Credential Set Reader", Of("credentialSets/read")),
    ];

    private static string[] Surroundings => ["Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read"];

    private static PublishedRole Role(string name, string[] actions, string[]? dataActions = null) => new(name, actions, [], dataActions ?? []);

    private static string[] Of(params string[] below) => [.. below.Select(action => "Microsoft.ContainerRegistry/registries/" + action)];

    private static string[] Repositories(params string[] below) => Of([.. below.Select(action => "repositories/" + action)]);
}
