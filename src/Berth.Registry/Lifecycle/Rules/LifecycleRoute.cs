using Berth.Registry.Identity;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>One row of the route table of lifecycle rules.</summary>
/// <param name="Name">The route's name in logs and the reference.</param>
/// <param name="Kind">What the path names.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Action">The right on the registry.</param>
public sealed record LifecycleRoute(string Name, LifecycleTargetKind Kind, string Method, RegistryAction Action)
{
    /// <summary>What every path begins with.</summary>
    public const string Prefix = "/berth/v1/lifecycle/";

    /// <summary>All routes. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<LifecycleRoute> All =
    [
        new("lifecycle.rules", LifecycleTargetKind.Rules, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.rule.show", LifecycleTargetKind.Rule, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.rule.save", LifecycleTargetKind.Rule, "PUT", RegistryAction.LifecycleWrite),
        new("lifecycle.rule.delete", LifecycleTargetKind.Rule, "DELETE", RegistryAction.LifecycleWrite),
        new("lifecycle.previews", LifecycleTargetKind.Previews, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.preview.make", LifecycleTargetKind.Previews, "POST", RegistryAction.LifecycleWrite),
        new("lifecycle.preview.show", LifecycleTargetKind.Preview, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.preview.items", LifecycleTargetKind.PreviewItems, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.runs", LifecycleTargetKind.Runs, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.run.start", LifecycleTargetKind.Runs, "POST", RegistryAction.LifecycleWrite),
        new("lifecycle.run.show", LifecycleTargetKind.Run, "GET", RegistryAction.LifecycleRead),
        new("lifecycle.run.items", LifecycleTargetKind.RunItems, "GET", RegistryAction.LifecycleRead),
    ];

    /// <summary>The route of a path and method; null when there is none.</summary>
    public static LifecycleRoute? Find(LifecycleTargetKind kind, string method) => All.FirstOrDefault(route => route.Kind == kind && route.Method == method);

    /// <summary>The methods that a path has, for the <c>Allow</c> header.</summary>
    public static string Allow(LifecycleTargetKind kind) => string.Join(", ", All.Where(route => route.Kind == kind).Select(route => route.Method));

    /// <summary>The path, with names in braces.</summary>
    public string Path => Prefix + Kind switch
    {
        LifecycleTargetKind.Rules => "rules",
        LifecycleTargetKind.Rule => "rules/{rule}",
        LifecycleTargetKind.Previews => "previews",
        LifecycleTargetKind.Preview => "previews/{plan}",
        LifecycleTargetKind.PreviewItems => "previews/{plan}/items",
        LifecycleTargetKind.Runs => "runs",
        LifecycleTargetKind.Run => "runs/{plan}",
        LifecycleTargetKind.RunItems => "runs/{plan}/items",
        _ => "",
    };

    /// <summary>What the route asks of the caller.</summary>
    internal AccessDemand Demand => new(Name, default, null, Action, Action == RegistryAction.LifecycleRead ? "registry:lifecycle:*" : "registry:lifecycle_write:*")
    {
        ReadsBody = Method is "PUT" or "POST",
    };
}

/// <summary>What a path of lifecycle rules names.</summary>
public enum LifecycleTargetKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary><c>/berth/v1/lifecycle/rules</c></summary>
    Rules,

    /// <summary><c>/berth/v1/lifecycle/rules/{name}</c></summary>
    Rule,

    /// <summary><c>/berth/v1/lifecycle/previews</c></summary>
    Previews,

    /// <summary><c>/berth/v1/lifecycle/previews/{id}</c></summary>
    Preview,

    /// <summary><c>/berth/v1/lifecycle/previews/{id}/items</c></summary>
    PreviewItems,

    /// <summary><c>/berth/v1/lifecycle/runs</c></summary>
    Runs,

    /// <summary><c>/berth/v1/lifecycle/runs/{id}</c></summary>
    Run,

    /// <summary><c>/berth/v1/lifecycle/runs/{id}/items</c></summary>
    RunItems,
}
