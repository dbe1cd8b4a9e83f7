namespace Berth.Registry.Management;

/// <summary>
/// A registry's resources of those kinds that this version has none of: their lists are empty, none of them is found, and whatever would make, change or
/// delete one is refused and says why. Clients ask for them all the same.
/// </summary>
internal sealed class AbsentChildEndpoints(RegistryFinder finder)
{
    private static readonly Kind[] Kinds =
    [
        new("replications", "replicationName", "geo-replication", ["PUT", "PATCH", "DELETE"]),
        new("webhooks", "webhookName", "webhooks", ["PUT", "PATCH", "DELETE"], ["ping", "getCallbackConfig", "listEvents"]),
        new("cacheRules", "ruleName", "an artifact cache", ["PUT", "PATCH", "DELETE"]),
        new("credentialSets", "setName", "credential sets", ["PUT", "PATCH", "DELETE"]),
        new("connectedRegistries", "connectedName", "connected registries", ["PUT", "PATCH", "DELETE"], ["deactivate"]),
        new("agentPools", "poolName", "agent pools", ["PUT", "PATCH", "DELETE"], ["listQueueStatus"]),
        new("tasks", "taskName", "tasks", ["PUT", "PATCH", "DELETE"], ["listDetails"]),
        new("taskRuns", "taskRunName", "tasks", ["PUT", "PATCH", "DELETE"], ["listDetails"]),
        new("runs", "runName", "tasks", ["PATCH"], ["listLogSasUrl", "cancel"]),
        new("exportPipelines", "pipelineName", "transfer pipelines", ["PUT", "DELETE"]),
        new("importPipelines", "pipelineName", "transfer pipelines", ["PUT", "DELETE"]),
        new("pipelineRuns", "pipelineRunName", "transfer pipelines", ["PUT", "DELETE"]),
    ];

    // What is asked of the registry itself, and what it would need.
    private static readonly (string Action, string Feature)[] Actions =
        [("importImage", "import"), ("scheduleRun", "tasks"), ("listBuildSourceUploadUrl", "tasks")];

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes => [.. Kinds.SelectMany(RoutesOf), .. Actions.Select(RouteOf)];

    private static IEnumerable<ManagementRoute> RoutesOf(Kind kind)
    {
        var (name, one, action) = (Kebab(kind.Segment), $"/{kind.Segment}/{{{kind.Name}}}", kind.Segment + "/");
        yield return ManagementRoute.OfRegistry<AbsentChildEndpoints>($"{name}.list", "GET", $"/{kind.Segment}", action + "read", (e, r) => e.ListAsync(r));
        yield return ManagementRoute.OfRegistry<AbsentChildEndpoints>($"{name}.get", "GET", one, action + "read", (e, r) => e.GetAsync(r, kind));
        foreach (var method in kind.Methods)
        {
            yield return ManagementRoute.OfRegistry<AbsentChildEndpoints>(
                $"{name}.{method.ToLowerInvariant()}", method, one, action + (method == "DELETE" ? "delete" : "write"), (e, r) => e.RefuseAsync(r, kind.Feature));
        }

        foreach (var asked in kind.Actions ?? [])
        {
            yield return ManagementRoute.OfRegistry<AbsentChildEndpoints>(
                $"{name}.{Kebab(asked)}", "POST", $"{one}/{asked}", $"{action}{asked}/action", (e, r) => e.RefuseAsync(r, kind.Feature));
        }
    }

    private static ManagementRoute RouteOf((string Action, string Feature) asked) => ManagementRoute.OfRegistry<AbsentChildEndpoints>(
        $"registries.{Kebab(asked.Action)}", "POST", $"/{asked.Action}", $"{asked.Action}/action", (e, r) => e.RefuseAsync(r, asked.Feature));

    private async Task ListAsync(ManagementRequest request)
    {
        await finder.FindAsync(request);
        await request.WriteListAsync<string>([], (_, _) => { });
    }

    private async Task GetAsync(ManagementRequest request, Kind kind)
    {
        var registry = await finder.FindAsync(request);
        throw ManagementException.NotFound($"{ScopeText.Registry(registry)}/{kind.Segment}/{ManagementException.Shorten(request[kind.Name])}");
    }

    private async Task RefuseAsync(ManagementRequest request, string feature)
    {
        await finder.FindAsync(request);
        throw ManagementException.Bad("FeatureNotSupported", $"Nothing was done: this version of Berth does not have {feature}.");
    }

    private static string Kebab(string words) => string.Concat(words.Select(c => char.IsAsciiLetterUpper(c) ? $"-{char.ToLowerInvariant(c)}" : $"{c}"));

    /// <summary>A kind of resource below a registry.</summary>
    /// <param name="Segment">Its segment of the path.</param>
    /// <param name="Name">What one's name is called in the path.</param>
    /// <param name="Feature">The feature that would bring it.</param>
    /// <param name="Methods">What makes, changes and deletes one.</param>
    /// <param name="Actions">What else is asked of one.</param>
    private sealed record Kind(string Segment, string Name, string Feature, string[] Methods, string[]? Actions = null);
}
