using System.Text.RegularExpressions;
using Berth.Metadata;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>What a request may need on the data plane, in the words of this test alone.</summary>
internal enum Need
{
    SignIn,
    Catalog,
    OpenUploads,
    Pull,
    Push,
    Delete,
    ReadMetadata,
    WriteMetadata,
    DeletedCatalog,
    ReadDeleted,
    RestoreDeleted,
    ReadWorkloads,
    WriteWorkloads,
    ReadTagRules,
    WriteTagRules,
    DeleteTagRules,
    ReadQuarantine,
    WriteQuarantine,
    ReadUsage,
    WriteQuotas,
    ReadLifecycle,
    WriteLifecycle,
}

/// <summary>A built-in role as its definition is published, and what follows from it; the product's own tables have no part in this.</summary>
internal sealed record PublishedRole(string Name, string[] Actions, string[] NotActions, string[] DataActions)
{
    private const string Registries = "Microsoft.ContainerRegistry/registries/";

    /// <summary>Whether the role gives the action of the control plane.</summary>
    public bool Gives(string action) => Matches(Actions, action) && !Matches(NotActions, action);

    /// <summary>Whether the role gives what a request needs, in a registry of that mode.</summary>
    public bool Gives(Need need, RoleAssignmentMode mode) => need switch
    {
        // What is decided about a registry is the control plane's in both modes.
        Need.ReadTagRules => Gives(Registries + "tagRules/read"),
        Need.WriteTagRules => Gives(Registries + "tagRules/write"),
        Need.DeleteTagRules => Gives(Registries + "tagRules/delete"),
        Need.ReadUsage => Gives(Registries + "listUsages/read"),
        Need.WriteQuotas => Gives(Registries + "quotas/write") || Gives(Registries + "write"),
        _ => GivesOnContent(need, mode),
    };

    private bool GivesOnContent(Need need, RoleAssignmentMode mode) => mode == RoleAssignmentMode.LegacyRegistryPermissions
        ? need switch
        {
            Need.SignIn => true,
            Need.Catalog or Need.Pull => Gives(Registries + "pull/read"),
            Need.OpenUploads => Gives(Registries + "uploads/read"),
            Need.ReadQuarantine => Gives(Registries + "quarantine/read"),
            Need.WriteQuarantine => Gives(Registries + "quarantine/write"),
            Need.Push => Gives(Registries + "push/write"),
            Need.Delete => Gives(Registries + "artifacts/delete"),
            Need.ReadMetadata => Gives(Registries + "pull/read") || Gives(Registries + "push/write") || Gives(Registries + "metadata/read"),
            Need.DeletedCatalog or Need.ReadDeleted => Gives(Registries + "deleted/read"),
            Need.RestoreDeleted => Gives(Registries + "deleted/restore/action"),
            Need.ReadWorkloads => Gives(Registries + "push/write") || Gives(Registries + "workloads/read"),
            Need.WriteWorkloads => Gives(Registries + "push/write") || Gives(Registries + "workloads/write"),
            Need.ReadLifecycle => Gives(Registries + "lifecycle/read"),
            Need.WriteLifecycle => Gives(Registries + "lifecycle/write"),
            _ => Gives(Registries + "push/write") || Gives(Registries + "metadata/write"),
        }
        : need switch
        {
            Need.SignIn => true,
            Need.Catalog or Need.DeletedCatalog => GivesData("catalog/read"),
            Need.ReadDeleted => GivesData("repositories/metadata/read") && GivesData("repositories/metadata/delete"),
            Need.RestoreDeleted => GivesData("repositories/content/write") && GivesData("repositories/content/delete"),
            Need.OpenUploads => GivesData("uploads/read"),
            Need.ReadWorkloads => GivesData("repositories/content/write") || GivesData("workloads/read"),
            Need.WriteWorkloads => GivesData("repositories/content/write") || GivesData("workloads/write"),
            Need.ReadQuarantine => GivesData("quarantinedArtifacts/read"),
            Need.WriteQuarantine => GivesData("quarantinedArtifacts/write"),
            Need.ReadLifecycle => GivesData("lifecycle/read"),
            Need.WriteLifecycle => GivesData("lifecycle/write"),
            Need.Pull => GivesData("repositories/content/read"),
            Need.Push => GivesData("repositories/content/write"),
            Need.Delete => GivesData("repositories/content/delete"),
            Need.ReadMetadata => GivesData("repositories/metadata/read"),
            _ => GivesData("repositories/metadata/write"),
        };

    private bool GivesData(string below) => Matches(DataActions, Registries + below);

    private static bool Matches(string[] patterns, string action) => patterns.Any(pattern =>
        Regex.IsMatch(action, $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant));
}
