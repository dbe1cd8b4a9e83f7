using Berth.Metadata;

namespace Berth.Registry.Identity.Authorization;

/// <summary>Actions in Azure's words that together give a right: the one table that ties roles to what the registry asks for.</summary>
/// <param name="Actions">The actions, which a role must all have.</param>
internal sealed record RightSource(IReadOnlyList<string> Actions)
{
    /// <summary>What each action of the registry's resource type starts with.</summary>
    public const string Prefix = "Microsoft.ContainerRegistry/registries/";

    private static readonly Dictionary<RepositoryAction, RightSource[]> Legacy = new()
    {
        [RepositoryAction.ContentRead] = [Of("pull/read")],
        [RepositoryAction.ContentWrite] = [Of("push/write")],
        [RepositoryAction.ContentDelete] = [Of("artifacts/delete")],
        [RepositoryAction.MetadataRead] = [Of("pull/read"), Of("push/write"), Of("metadata/read")],
        [RepositoryAction.MetadataWrite] = [Of("push/write"), Of("metadata/write")],
        [RepositoryAction.MetadataDelete] = [Of("artifacts/delete")],
        [RepositoryAction.DeletedRead] = [Of("deleted/read")],
        [RepositoryAction.DeletedRestore] = [Of("deleted/restore/action")],
    };

    // Azure has no data action for deleted content: who may delete may see what was deleted, and who may push, too, may bring it back.
    private static readonly Dictionary<RepositoryAction, RightSource[]> Abac = new()
    {
        [RepositoryAction.ContentRead] = [Of("repositories/content/read")],
        [RepositoryAction.ContentWrite] = [Of("repositories/content/write")],
        [RepositoryAction.ContentDelete] = [Of("repositories/content/delete")],
        [RepositoryAction.MetadataRead] = [Of("repositories/metadata/read")],
        [RepositoryAction.MetadataWrite] = [Of("repositories/metadata/write")],
        [RepositoryAction.MetadataDelete] = [Of("repositories/metadata/delete")],
        [RepositoryAction.DeletedRead] = [Of("repositories/metadata/read", "repositories/metadata/delete")],
        [RepositoryAction.DeletedRestore] = [Of("repositories/content/write", "repositories/content/delete")],
    };

    // What is decided about a registry is the control plane's in both modes.
    private static readonly Dictionary<RegistryAction, RightSource[]> Configuration = new()
    {
        [RegistryAction.TagRulesRead] = [OfControl("tagRules/read")],
        [RegistryAction.TagRulesWrite] = [OfControl("tagRules/write")],
        [RegistryAction.TagRulesDelete] = [OfControl("tagRules/delete")],
    };

    // Azure has nothing like reports of workloads: who may push to every repository may report, and a role of one's own may give no more than that.
    private static readonly Dictionary<RegistryAction, RightSource[]> LegacyRegistry = new(Configuration)
    {
        [RegistryAction.SignIn] = [],
        [RegistryAction.CatalogRead] = [Of("pull/read")],
        [RegistryAction.UploadsRead] = [Of("uploads/read")],
        [RegistryAction.UsageRead] = [OfControl("listUsages/read")],
        [RegistryAction.QuotasWrite] = [OfControl("quotas/write"), OfControl("write")],
        [RegistryAction.DeletedCatalogRead] = [Of("deleted/read")],
        [RegistryAction.WorkloadsRead] = [Of("workloads/read"), Of("push/write")],
        [RegistryAction.WorkloadsWrite] = [Of("workloads/write"), Of("push/write")],
        [RegistryAction.QuarantineRead] = [Of("quarantine/read")],
        [RegistryAction.QuarantineWrite] = [Of("quarantine/write")],
        [RegistryAction.MetricsRead] = [Of("metrics/read")],
        [RegistryAction.LifecycleRead] = [Of("lifecycle/read")],
        [RegistryAction.LifecycleWrite] = [Of("lifecycle/write")],
    };

    private static readonly Dictionary<RegistryAction, RightSource[]> AbacRegistry = new(Configuration)
    {
        [RegistryAction.SignIn] = [],
        [RegistryAction.CatalogRead] = [Of("catalog/read")],
        [RegistryAction.UploadsRead] = [Of("uploads/read")],
        [RegistryAction.UsageRead] = [OfControl("listUsages/read")],
        [RegistryAction.QuotasWrite] = [OfControl("quotas/write"), OfControl("write")],
        [RegistryAction.DeletedCatalogRead] = [Of("catalog/read")],
        [RegistryAction.WorkloadsRead] = [Of("workloads/read"), Of("repositories/content/write")],
        [RegistryAction.WorkloadsWrite] = [Of("workloads/write"), Of("repositories/content/write")],
        [RegistryAction.QuarantineRead] = [Of("quarantinedArtifacts/read")],
        [RegistryAction.QuarantineWrite] = [Of("quarantinedArtifacts/write")],
        [RegistryAction.MetricsRead] = [Of("metrics/read")],
        [RegistryAction.LifecycleRead] = [Of("lifecycle/read")],
        [RegistryAction.LifecycleWrite] = [Of("lifecycle/write")],
    };

    /// <summary>What gives the right on repositories; one of them is enough.</summary>
    public static IReadOnlyList<RightSource> Of(RepositoryAction action, RoleAssignmentMode mode) => (IsAbac(mode) ? Abac : Legacy)[action];

    /// <summary>What gives the right on the registry; one of them is enough.</summary>
    public static IReadOnlyList<RightSource> Of(RegistryAction action, RoleAssignmentMode mode) => (IsAbac(mode) ? AbacRegistry : LegacyRegistry)[action];

    /// <summary>Whether they are actions of the control plane, which count in both modes.</summary>
    public bool IsControl { get; init; }

    /// <summary>Whether the role has all the actions, of the kind that the mode looks at.</summary>
    public bool IsIn(RoleDefinition role, RoleAssignmentMode mode) => Actions.All(IsAbac(mode) && !IsControl ? role.AllowsDataAction : role.AllowsAction);

    /// <summary>The actions as text.</summary>
    public override string ToString() => string.Join(" and ", Actions);

    private static RightSource Of(params string[] actions) => new([.. actions.Select(action => Prefix + action)]);

    private static RightSource OfControl(string action) => Of(action) with { IsControl = true };

    private static bool IsAbac(RoleAssignmentMode mode) => mode == RoleAssignmentMode.AbacRepositoryPermissions;
}
