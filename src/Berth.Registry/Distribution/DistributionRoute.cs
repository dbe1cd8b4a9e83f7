using Berth.Oci;
using Berth.Registry.Identity;

namespace Berth.Registry.Distribution;

/// <summary>One row of the data plane's route table: a resource, a method, and the right that it asks for.</summary>
/// <param name="Name">The route's name in metrics, logs and the reference.</param>
/// <param name="Kind">The kind of resource.</param>
/// <param name="Method">The HTTP method; a GET route serves HEAD, too, where <paramref name="AnswersHead"/>.</param>
/// <param name="Action">The right on the repository; null for what belongs to the whole registry.</param>
/// <param name="RegistryAction">The right on the registry, where <paramref name="Action"/> is null.</param>
/// <param name="AnswersHead">Whether HEAD is answered as GET without the body.</param>
public sealed record DistributionRoute(string Name, ResourceKind Kind, string Method, RepositoryAction? Action, bool AnswersHead = false, RegistryAction RegistryAction = default)
{
    /// <summary>All routes under <c>/v2/</c>. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<DistributionRoute> All =
    [
        new("root", ResourceKind.Root, "GET", null, AnswersHead: true),
        new("catalog", ResourceKind.Catalog, "GET", null, RegistryAction: RegistryAction.CatalogRead),
        new("uploads.list", ResourceKind.OpenUploads, "GET", null, RegistryAction: RegistryAction.UploadsRead),
        new("tags.list", ResourceKind.Tags, "GET", RepositoryAction.MetadataRead),
        new("manifest.get", ResourceKind.Manifest, "GET", RepositoryAction.ContentRead, AnswersHead: true),
        new("manifest.put", ResourceKind.Manifest, "PUT", RepositoryAction.ContentWrite),
        new("manifest.delete", ResourceKind.Manifest, "DELETE", RepositoryAction.ContentDelete),
        new("referrers.list", ResourceKind.Referrers, "GET", RepositoryAction.ContentRead),
        new("blob.get", ResourceKind.Blob, "GET", RepositoryAction.ContentRead, AnswersHead: true),
        new("blob.delete", ResourceKind.Blob, "DELETE", RepositoryAction.ContentDelete),
        new("upload.start", ResourceKind.Uploads, "POST", RepositoryAction.ContentWrite),
        new("upload.status", ResourceKind.Upload, "GET", RepositoryAction.ContentWrite),
        new("upload.append", ResourceKind.Upload, "PATCH", RepositoryAction.ContentWrite),
        new("upload.finish", ResourceKind.Upload, "PUT", RepositoryAction.ContentWrite),
        new("upload.cancel", ResourceKind.Upload, "DELETE", RepositoryAction.ContentWrite),
    ];

    /// <summary>The route for a resource and method, or null when the resource does not have the method.</summary>
    public static DistributionRoute? Find(ResourceKind kind, string method)
    {
        foreach (var route in All)
        {
            if (route.Kind == kind && (route.Method == method || (route.AnswersHead && method == "HEAD"))) return route;
        }

        return null;
    }

    /// <summary>The scope that a token needs for the route, in the words of token requests; null where none gives it.</summary>
    public string? ScopeFor(RepositoryName repository) => Action switch
    {
        RepositoryAction.ContentRead => $"repository:{repository}:pull",
        RepositoryAction.MetadataRead => $"repository:{repository}:pull,metadata_read",
        RepositoryAction.ContentWrite => $"repository:{repository}:pull,push",
        RepositoryAction.ContentDelete => $"repository:{repository}:delete",
        _ => RegistryAction == RegistryAction.CatalogRead ? "registry:catalog:*" : null,
    };

    /// <summary>The methods that a resource has, for the <c>Allow</c> header.</summary>
    public static string Allow(ResourceKind kind) =>
        string.Join(", ", All.Where(r => r.Kind == kind).SelectMany(r => r.AnswersHead ? [r.Method, "HEAD"] : new[] { r.Method }));
}
