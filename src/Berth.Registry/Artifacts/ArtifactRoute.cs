using Berth.Oci;
using Berth.Registry.Identity;

namespace Berth.Registry.Artifacts;

/// <summary>One row of the route table of <c>/acr/v1</c>.</summary>
/// <param name="Name">The route's name in logs and the reference.</param>
/// <param name="Kind">What the path names.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Action">The right on the repository; null for a catalog, which asks for <see cref="RegistryAction"/>.</param>
public sealed record ArtifactRoute(string Name, ArtifactKind Kind, string Method, RepositoryAction? Action)
{
    /// <summary>All routes. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<ArtifactRoute> All =
    [
        new("artifacts.catalog", ArtifactKind.Catalog, "GET", null),
        new("artifacts.repository.show", ArtifactKind.Repository, "GET", RepositoryAction.MetadataRead),
        new("artifacts.repository.update", ArtifactKind.Repository, "PATCH", RepositoryAction.MetadataWrite),
        new("artifacts.repository.delete", ArtifactKind.Repository, "DELETE", RepositoryAction.ContentDelete),
        new("artifacts.tags", ArtifactKind.Tags, "GET", RepositoryAction.MetadataRead),
        new("artifacts.tag.show", ArtifactKind.Tag, "GET", RepositoryAction.MetadataRead),
        new("artifacts.tag.update", ArtifactKind.Tag, "PATCH", RepositoryAction.MetadataWrite),
        new("artifacts.tag.delete", ArtifactKind.Tag, "DELETE", RepositoryAction.ContentDelete),
        new("artifacts.manifests", ArtifactKind.Manifests, "GET", RepositoryAction.MetadataRead),
        new("artifacts.manifest.show", ArtifactKind.Manifest, "GET", RepositoryAction.MetadataRead),
        new("artifacts.manifest.update", ArtifactKind.Manifest, "PATCH", RepositoryAction.MetadataWrite),
        new("artifacts.deleted.catalog", ArtifactKind.DeletedCatalog, "GET", null),
        new("artifacts.deleted.tags", ArtifactKind.DeletedTags, "GET", RepositoryAction.DeletedRead),
        new("artifacts.deleted.manifests", ArtifactKind.DeletedManifests, "GET", RepositoryAction.DeletedRead),
        new("artifacts.deleted.restore", ArtifactKind.DeletedManifest, "POST", RepositoryAction.DeletedRestore),
        new("artifacts.deleted.purge", ArtifactKind.DeletedManifest, "DELETE", RepositoryAction.ContentDelete),
    ];

    /// <summary>The right on the registry, where there is none on a repository.</summary>
    public RegistryAction RegistryAction => Kind == ArtifactKind.DeletedCatalog ? RegistryAction.DeletedCatalogRead : RegistryAction.CatalogRead;

    /// <summary>The route of a path and method; null when there is none.</summary>
    public static ArtifactRoute? Find(ArtifactKind kind, string method) => All.FirstOrDefault(route => route.Kind == kind && route.Method == method);

    /// <summary>The methods that a path has, for the <c>Allow</c> header.</summary>
    public static string Allow(ArtifactKind kind) => string.Join(", ", All.Where(route => route.Kind == kind).Select(route => route.Method));

    /// <summary>What the route asks of the caller.</summary>
    internal AccessDemand DemandOf(RepositoryName repository) => new(Name, repository, Action, RegistryAction, Action switch
    {
        RepositoryAction.MetadataRead => $"repository:{repository}:metadata_read",
        RepositoryAction.MetadataWrite => $"repository:{repository}:metadata_write,metadata_read",
        RepositoryAction.ContentDelete => $"repository:{repository}:delete",
        RepositoryAction.DeletedRead => $"repository:{repository}:deleted_read",
        RepositoryAction.DeletedRestore => $"repository:{repository}:deleted_read,deleted_restore",
        _ when RegistryAction == RegistryAction.DeletedCatalogRead => "registry:deleted_catalog:*",
        _ => "registry:catalog:*",
    })
    {
        IsOfQuarantine = Name == "artifacts.manifest.update",
        ReadsBody = Method is "PATCH" or "POST",
    };
}

/// <summary>What a path under <c>/acr/v1</c> names.</summary>
public enum ArtifactKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary><c>/acr/v1/_catalog</c></summary>
    Catalog,

    /// <summary><c>/acr/v1/{name}</c></summary>
    Repository,

    /// <summary><c>/acr/v1/{name}/_tags</c></summary>
    Tags,

    /// <summary><c>/acr/v1/{name}/_tags/{tag}</c></summary>
    Tag,

    /// <summary><c>/acr/v1/{name}/_manifests</c></summary>
    Manifests,

    /// <summary><c>/acr/v1/{name}/_manifests/{digest}</c></summary>
    Manifest,

    /// <summary><c>/acr/v1/_deleted/_catalog</c></summary>
    DeletedCatalog,

    /// <summary><c>/acr/v1/_deleted/{name}/_tags</c></summary>
    DeletedTags,

    /// <summary><c>/acr/v1/_deleted/{name}/_manifests</c></summary>
    DeletedManifests,

    /// <summary><c>/acr/v1/_deleted/{name}/_manifests/{digest}</c></summary>
    DeletedManifest,
}
