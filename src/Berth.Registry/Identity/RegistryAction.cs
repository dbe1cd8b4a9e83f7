namespace Berth.Registry.Identity;

/// <summary>What may be done to a registry as a whole.</summary>
public enum RegistryAction
{
    /// <summary>Learn that the credential is good; every principal may.</summary>
    SignIn,

    /// <summary><c>catalog/read</c>: list repositories; one then sees those that one may read.</summary>
    CatalogRead,

    /// <summary><c>uploads/read</c>: list the open upload sessions of everybody.</summary>
    UploadsRead,

    /// <summary><c>deleted/read</c>: list repositories with deleted content; one then sees those whose deleted content one may read.</summary>
    DeletedCatalogRead,

    /// <summary><c>metrics/read</c>: read the server's metrics from another machine; asked of the default registry.</summary>
    MetricsRead,

    /// <summary><c>lifecycle/read</c>: see lifecycle rules, previews and runs, and what they name in every repository.</summary>
    LifecycleRead,

    /// <summary><c>lifecycle/write</c>: make lifecycle rules and previews, and run them: delete in every repository.</summary>
    LifecycleWrite,
}
