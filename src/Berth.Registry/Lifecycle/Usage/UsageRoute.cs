using Berth.Oci;
using Berth.Registry.Identity;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>One row of the route table of usage and quotas.</summary>
/// <param name="Name">The route's name in logs and the reference.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, with <c>{name}</c> for a repository's.</param>
/// <param name="Action">The right on the registry.</param>
public sealed record UsageRoute(string Name, string Method, string Path, RegistryAction Action)
{
    /// <summary>What the paths of usage begin with.</summary>
    public const string UsagePath = "/berth/v1/usage";

    /// <summary>What the paths of quotas begin with.</summary>
    public const string QuotasPath = "/berth/v1/quotas";

    private const string NamePart = "{name}";

    /// <summary>All routes. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<UsageRoute> All =
    [
        new("usage.show", "GET", UsagePath, RegistryAction.UsageRead),
        new("usage.history", "GET", UsagePath + "/history", RegistryAction.UsageRead),
        new("usage.history.repository", "GET", UsagePath + "/history/{name}", RegistryAction.UsageRead),
        new("usage.owners", "GET", UsagePath + "/owners", RegistryAction.UsageRead),
        new("usage.repositories", "GET", UsagePath + "/repositories", RegistryAction.UsageRead),
        new("usage.repository", "GET", UsagePath + "/repositories/{name}", RegistryAction.UsageRead),
        new("usage.image", "GET", UsagePath + "/images/{name}", RegistryAction.UsageRead),
        new("usage.images", "POST", UsagePath + "/images/{name}", RegistryAction.UsageRead),
        new("quotas.show", "GET", QuotasPath, RegistryAction.UsageRead),
        new("quotas.set", "PUT", QuotasPath, RegistryAction.QuotasWrite),
        new("quotas.delete", "DELETE", QuotasPath, RegistryAction.QuotasWrite),
        new("quotas.repositories", "GET", QuotasPath + "/repositories", RegistryAction.UsageRead),
        new("quotas.repository.show", "GET", QuotasPath + "/repositories/{name}", RegistryAction.UsageRead),
        new("quotas.repository.set", "PUT", QuotasPath + "/repositories/{name}", RegistryAction.QuotasWrite),
        new("quotas.repository.delete", "DELETE", QuotasPath + "/repositories/{name}", RegistryAction.QuotasWrite),
    ];

    /// <summary>Whether the path is one of usage or quotas.</summary>
    public static bool IsOurs(string path) => IsBelow(path, UsagePath) || IsBelow(path, QuotasPath);

    /// <summary>The routes of a path, one for each method that it has, and the repository that it names; none for a path that names nothing.</summary>
    public static (IReadOnlyList<UsageRoute> Routes, RepositoryName Repository) Find(string path)
    {
        List<UsageRoute> found = [.. All.Where(route => route.Path == path)];
        if (found.Count > 0) return (found, default);

        // A client may send the slashes of a name encoded.
        foreach (var route in All.Where(route => route.Path.EndsWith(NamePart, StringComparison.Ordinal)))
        {
            var start = route.Path[..^NamePart.Length];
            if (!path.StartsWith(start, StringComparison.Ordinal)) continue;
            return RepositoryName.TryParse(path[start.Length..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), out var repository)
                ? ([.. All.Where(other => other.Path == route.Path)], repository)
                : ([], default);
        }

        return ([], default);
    }

    /// <summary>What the route asks of the caller.</summary>
    internal AccessDemand Demand => new(Name, default, null, Action, Action == RegistryAction.QuotasWrite ? "registry:quotas:*" : "registry:usage:*")
    {
        ReadsBody = Method is "PUT" or "POST",
    };

    private static bool IsBelow(string path, string start) => path.StartsWith(start, StringComparison.Ordinal) && (path.Length == start.Length || path[start.Length] == '/');
}
