namespace Berth.Registry.Identity;

/// <summary>What may be done to a repository; the unit of authorization, named as Azure Container Registry's data actions are.</summary>
public enum RepositoryAction
{
    /// <summary><c>content/read</c>: pull manifests and blobs.</summary>
    ContentRead,

    /// <summary><c>content/write</c>: push manifests and blobs, use upload sessions.</summary>
    ContentWrite,

    /// <summary><c>content/delete</c>: delete manifests, tags and blobs.</summary>
    ContentDelete,

    /// <summary><c>metadata/read</c>: list tags and referrers.</summary>
    MetadataRead,

    /// <summary><c>metadata/write</c>: change the attributes of repositories, manifests and tags.</summary>
    MetadataWrite,

    /// <summary><c>metadata/delete</c>: remove what is known about a repository, a manifest or a tag.</summary>
    MetadataDelete,

    /// <summary><c>deleted/read</c>: list what was deleted and can still be restored.</summary>
    DeletedRead,

    /// <summary><c>deleted/restore</c>: bring back what was deleted.</summary>
    DeletedRestore,
}
