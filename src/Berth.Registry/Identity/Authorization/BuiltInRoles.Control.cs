namespace Berth.Registry.Identity.Authorization;

/// <content>Roles on the configuration of registries, without rights on what they store: the actions for what Azure says of them in words.</content>
public static partial class BuiltInRoles
{
    private static IEnumerable<RoleDefinition> Control() =>
    [
        Define(
            "3bc748fc-213d-45c1-8d91-9da5725539b9", "Container Registry Contributor and Data Access Configuration Administrator",
            "Creates, configures and deletes registries, their tokens, credentials, network and webhooks.",
            actions:
            [
                .. Registries(
                    "read", "write", "delete", "operationStatuses/read",
                    "listCredentials/action", "regenerateCredential/action", "generateCredentials/action",
                    "listUsages/read", "listPolicies/read", "updatePolicies/write", "privateEndpointConnectionsApproval/action",
                    "webhooks/getCallbackConfig/action", "webhooks/ping/action", "webhooks/listEvents/action", "connectedRegistries/deactivate/action",
                    "connectedRegistries/read", "connectedRegistries/write", "connectedRegistries/delete"),
                .. Managed("replications", "tokens", "scopeMaps", "webhooks", "privateEndpointConnections"),
                .. Monitoring,
                .. Registries("providers/Microsoft.Insights/diagnosticSettings/write"),
                "Microsoft.ContainerRegistry/checkNameAvailability/read",
                .. Around,
            ]),
        Define(
            "69b07be0-09bf-439a-b9a6-e73de851bd59", "Container Registry Configuration Reader and Data Access Configuration Reader",
            "Sees the configuration of registries, their tokens, credentials, network and webhooks.",
            actions:
            [
                .. Registries(
                    "read", "operationStatuses/read", "listCredentials/action", "listUsages/read", "listPolicies/read",
                    "webhooks/getCallbackConfig/action", "webhooks/listEvents/action", "connectedRegistries/read"),
                .. Read("replications", "tokens", "scopeMaps", "webhooks", "privateEndpointConnections"),
                .. Monitoring,
                "Microsoft.Authorization/*/read",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
            ]),
        Define(
            "fb382eab-e894-4461-af04-94435c366c3f", "Container Registry Tasks Contributor", "Configures, starts and ends tasks, and reads their logs.",
            actions:
            [
                .. Registries(
                    "read", "operationStatuses/read", "scheduleRun/action", "listBuildSourceUploadUrl/action",
                    "agentpools/read", "agentpools/write", "agentpools/delete", "agentpools/listQueueStatus/action",
                    "agentpools/operationResults/status/read", "agentpools/operationStatuses/read",
                    "tasks/read", "tasks/write", "tasks/delete", "tasks/listDetails/action",
                    "runs/read", "runs/write", "runs/listLogSasUrl/action", "runs/cancel/action",
                    "taskruns/read", "taskruns/write", "taskruns/delete", "taskruns/listDetails/action", "taskruns/operationStatuses/read"),
                .. Around,
            ]),
        Define(
            "bf94e731-3a51-4a7c-8c54-a1ab9971dfc1", "Container Registry Transfer Pipeline Contributor", "Transfers artifacts by pipelines.",
            actions: Registries(
                "exportPipelines/read", "exportPipelines/write", "exportPipelines/delete",
                "importPipelines/read", "importPipelines/write", "importPipelines/delete",
                "pipelineRuns/read", "pipelineRuns/write", "pipelineRuns/delete", "pipelineRuns/operationStatuses/read")),
        Define(
            "df87f177-bb12-4db1-9793-a413691eff94", "Container Registry Cache Rule Administrator", "Creates, changes and deletes cache rules.",
            actions: Managed("cacheRules")),
        Define("c357b964-0002-4b64-a50d-7a28f02edc52", "Container Registry Cache Rule Reader", "Sees cache rules.", actions: Read("cacheRules")),
        Define(
            "f094fb07-0703-4400-ad6a-e16dd8000e14", "Container Registry Credential Set Administrator", "Creates, changes and deletes credential sets.",
            actions: Managed("credentialSets")),
        Define("29093635-9924-4f2c-913b-650a12949526", "Container Registry Credential Set Reader", "Sees credential sets.", actions: Read("credentialSets")),
    ];

    private static string[] Monitoring => Registries(
        "providers/Microsoft.Insights/diagnosticSettings/read",
        "providers/Microsoft.Insights/logDefinitions/read", "providers/Microsoft.Insights/metricDefinitions/read");

    private static string[] Read(params string[] children) =>
        Registries([.. children.SelectMany(child => (string[])[$"{child}/read", $"{child}/operationStatuses/read"])]);

    private static string[] Managed(params string[] children) =>
        [.. Read(children), .. Registries([.. children.SelectMany(child => (string[])[$"{child}/write", $"{child}/delete"])])];
}
