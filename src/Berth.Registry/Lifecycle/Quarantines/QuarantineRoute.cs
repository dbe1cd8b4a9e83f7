using Berth.Registry.Identity;

namespace Berth.Registry.Lifecycle.Quarantines;

/// <summary>One row of the route table of quarantine.</summary>
/// <param name="Name">The route's name in logs and the reference.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Kind">What the path names.</param>
/// <param name="Action">The right on the registry.</param>
public sealed record QuarantineRoute(string Name, string Method, QuarantineKind Kind, RegistryAction Action)
{
    /// <summary>What every path begins with.</summary>
    public const string Root = "/berth/v1/quarantine";

    /// <summary>All routes. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<QuarantineRoute> All =
    [
        new("quarantine.digests", "GET", QuarantineKind.Digests, RegistryAction.QuarantineRead),
        new("quarantine.digest.put", "PUT", QuarantineKind.Digest, RegistryAction.QuarantineWrite),
        new("quarantine.digest.delete", "DELETE", QuarantineKind.Digest, RegistryAction.QuarantineWrite),
        new("quarantine.repositories", "GET", QuarantineKind.Repositories, RegistryAction.QuarantineRead),
        new("quarantine.repository.put", "PUT", QuarantineKind.Repository, RegistryAction.QuarantineWrite),
        new("quarantine.repository.delete", "DELETE", QuarantineKind.Repository, RegistryAction.QuarantineWrite),
    ];

    /// <summary>The path, with names in braces.</summary>
    public string Path => Root + Kind switch
    {
        QuarantineKind.Digests => "/digests",
        QuarantineKind.Digest => "/digests/{digest}",
        QuarantineKind.Repositories => "/repositories",
        _ => "/repositories/{name}",
    };

    /// <summary>The route of a path and method; null when there is none.</summary>
    public static QuarantineRoute? Find(QuarantineKind kind, string method) => All.FirstOrDefault(route => route.Kind == kind && route.Method == method);

    /// <summary>The methods that a path has, for the <c>Allow</c> header.</summary>
    public static string Allow(QuarantineKind kind) => string.Join(", ", All.Where(route => route.Kind == kind).Select(route => route.Method));
}

/// <summary>What a path of quarantine names.</summary>
public enum QuarantineKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The quarantined manifests.</summary>
    Digests,

    /// <summary>A manifest.</summary>
    Digest,

    /// <summary>The quarantined repositories.</summary>
    Repositories,

    /// <summary>A repository.</summary>
    Repository,
}
