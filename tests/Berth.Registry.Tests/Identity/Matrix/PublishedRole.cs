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
    public bool Gives(Need need, RoleAssignmentMode mode) => mode == RoleAssignmentMode.LegacyRegistryPermissions
        ? need switch
        {
            Need.SignIn => true,
            Need.Catalog or Need.Pull => Gives(Registries + "pull/read"),
            Need.OpenUploads => Gives(Registries + "uploads/read"),
            Need.Push => Gives(Registries + "push/write"),
            Need.Delete => Gives(Registries + "artifacts/delete"),
            Need.ReadMetadata => Gives(Registries + "pull/read") || Gives(Registries + "push/write") || Gives(Registries + "metadata/read"),
            Need.DeletedCatalog or Need.ReadDeleted => Gives(Registries + "deleted/read"),
            Need.RestoreDeleted => Gives(Registries + "deleted/restore/action"),
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
