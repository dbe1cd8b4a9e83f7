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

    /// <summary><c>workloads/read</c>: see what runs, as workloads report it.</summary>
    WorkloadsRead,

    /// <summary><c>workloads/write</c>: report what runs, which keeps it from being deleted, and end such reports.</summary>
    WorkloadsWrite,

    /// <summary><c>tagRules/read</c>: see the rules that make tags write-once.</summary>
    TagRulesRead,

    /// <summary><c>tagRules/write</c>: make and change such rules.</summary>
    TagRulesWrite,

    /// <summary><c>tagRules/delete</c>: delete such rules.</summary>
    TagRulesDelete,

    /// <summary><c>quarantine/read</c>: see what is quarantined, and pull it as far as one may pull.</summary>
    QuarantineRead,

    /// <summary><c>quarantine/write</c>: quarantine content, and end that.</summary>
    QuarantineWrite,

    /// <summary><c>listUsages/read</c>: learn what the registry and each of its repositories hold, and their quotas.</summary>
    UsageRead,

    /// <summary><c>quotas/write</c>: set the quotas of the registry and its repositories.</summary>
    QuotasWrite,

    /// <summary><c>metrics/read</c>: read the server's metrics from another machine; asked of the default registry.</summary>
    MetricsRead,

    /// <summary><c>lifecycle/read</c>: see lifecycle rules, previews and runs, and what they name in every repository.</summary>
    LifecycleRead,

    /// <summary><c>lifecycle/write</c>: make lifecycle rules and previews, and run them: delete in every repository.</summary>
    LifecycleWrite,
}
