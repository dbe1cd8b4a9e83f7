namespace Berth.Registry.Identity.Authorization;

/// <content>Roles on what registries store.</content>
public static partial class BuiltInRoles
{
    private static IEnumerable<RoleDefinition> Data() =>
    [
        Define("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", "Pulls from all repositories of a registry.", actions: Registries("pull/read")),
        Define(
            "8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush", "Pushes to and pulls from all repositories of a registry.",
            actions: Registries("pull/read", "push/write")),
        Define(
            "c2f4ef07-c644-48eb-af81-4b1b4947fb11", "AcrDelete", "Deletes in all repositories of a registry.", actions: Registries("artifacts/delete")),
        Define(
            "6cef56e8-d556-48e5-a04f-b8e64114680f", "AcrImageSigner", "Signs images of a registry.",
            actions: Registries("sign/write"), dataActions: Registries("trustedCollections/write")),
        Define(
            "cdda3590-29a3-44f6-95f2-9f980659eb04", "AcrQuarantineReader", "Sees and pulls quarantined images.",
            actions: Registries("quarantine/read"), dataActions: Registries("quarantinedArtifacts/read")),
        Define(
            "c8d4ff99-41c3-41a8-9f60-21dfdad59608", "AcrQuarantineWriter", "Sees and pulls quarantined images, and changes their state.",
            actions: Registries("quarantine/read", "quarantine/write"), dataActions: Registries("quarantinedArtifacts/read", "quarantinedArtifacts/write")),
        Define(
            "b93aa761-3e63-49ed-ac28-beffa264f7ac", "Container Registry Repository Reader", "Pulls from repositories and reads their metadata.",
            dataActions: Registries("repositories/metadata/read", "repositories/content/read")),
        Define(
            "2a1e307c-b015-4ebd-883e-5b7698a07328", "Container Registry Repository Writer", "Pulls from and pushes to repositories, reads and changes their metadata.",
            dataActions: Registries("repositories/metadata/read", "repositories/content/read", "repositories/metadata/write", "repositories/content/write")),
        Define(
            "2efddaa5-3f1f-4df3-97df-af3f13818f4c", "Container Registry Repository Contributor", "Pulls, pushes and deletes in repositories.",
            dataActions: Registries(
                "repositories/metadata/read", "repositories/content/read", "repositories/metadata/write", "repositories/content/write",
                "repositories/metadata/delete", "repositories/content/delete")),
        Define(
            "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7", "Container Registry Repository Catalog Lister", "Lists the repositories that one may otherwise read.",
            dataActions: Registries("catalog/read")),
        Define(
            "577a9874-89fd-4f24-9dbd-b5034d0ad23a", "Container Registry Data Importer and Data Reader", "Imports images and pulls them.",
            actions: Registries("importImage/action", "read", "pull/read"),
            dataActions: Registries("repositories/content/read", "repositories/metadata/read", "catalog/read")),
    ];
}
