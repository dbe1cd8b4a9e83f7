using Berth.Registry.Identity;

namespace Berth.Registry.Lifecycle.Workloads;

/// <summary>One row of the route table of <c>/berth/v1/workloads</c>, on a registry's own host.</summary>
/// <param name="Name">The route's name in logs and the reference.</param>
/// <param name="Kind">What the path names.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Action">The right on the registry.</param>
public sealed record WorkloadRoute(string Name, WorkloadKind Kind, string Method, RegistryAction Action)
{
    /// <summary>What every path begins with.</summary>
    internal const string Path = "/berth/v1/workloads";

    /// <summary>The scope that a token needs.</summary>
    internal const string Scope = "registry:workloads:*";

    /// <summary>All routes. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<WorkloadRoute> All =
    [
        new("workloads.list", WorkloadKind.All, "GET", RegistryAction.WorkloadsRead),
        new("workloads.show", WorkloadKind.One, "GET", RegistryAction.WorkloadsRead),
        new("workloads.report", WorkloadKind.One, "PUT", RegistryAction.WorkloadsWrite),
        new("workloads.delete", WorkloadKind.One, "DELETE", RegistryAction.WorkloadsWrite),
    ];

    /// <summary>The route of a path and method; null when there is none.</summary>
    public static WorkloadRoute? Find(WorkloadKind kind, string method) => All.FirstOrDefault(route => route.Kind == kind && route.Method == method);

    /// <summary>The methods that a path has, for the <c>Allow</c> header.</summary>
    public static string Allow(WorkloadKind kind) => string.Join(", ", All.Where(route => route.Kind == kind).Select(route => route.Method));

    /// <summary>What a path that begins with <see cref="Path"/> names, and the workload's name.</summary>
    internal static (WorkloadKind Kind, string Name) Parse(string path)
    {
        if (path.Length == Path.Length) return (WorkloadKind.All, "");
        var name = path[(Path.Length + 1)..];
        return name.Length == 0 || name.Contains('/', StringComparison.Ordinal) ? (WorkloadKind.None, "") : (WorkloadKind.One, name);
    }
}

/// <summary>What a path of <c>/berth/v1/workloads</c> names.</summary>
public enum WorkloadKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary><c>/berth/v1/workloads</c></summary>
    All,

    /// <summary><c>/berth/v1/workloads/{name}</c></summary>
    One,
}
