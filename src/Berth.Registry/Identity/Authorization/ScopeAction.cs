namespace Berth.Registry.Identity.Authorization;

/// <summary>The actions of token scopes, and what each stands for.</summary>
internal static class ScopeAction
{
    /// <summary>Everything that one may.</summary>
    public const string Everything = "*";

    /// <summary>The words, in the order in which tokens list them, with the right that each needs.</summary>
    public static readonly IReadOnlyList<(string Word, RepositoryAction Needs)> All =
    [
        ("pull", RepositoryAction.ContentRead),
        ("push", RepositoryAction.ContentWrite),
        ("delete", RepositoryAction.ContentDelete),
        ("metadata_read", RepositoryAction.MetadataRead),
        ("metadata_write", RepositoryAction.MetadataWrite),
        ("deleted_read", RepositoryAction.DeletedRead),
        ("deleted_restore", RepositoryAction.DeletedRestore),
    ];

    /// <summary>The rights that a word stands for; none for a word that is not known.</summary>
    public static IReadOnlyList<RepositoryAction> RightsOf(string word) => word switch
    {
        "pull" => [RepositoryAction.ContentRead],
        "push" => [RepositoryAction.ContentWrite],
        "delete" => [RepositoryAction.ContentDelete, RepositoryAction.MetadataDelete],
        "metadata_read" or "metadataRead" => [RepositoryAction.MetadataRead],
        "metadata_write" or "metadataWrite" => [RepositoryAction.MetadataWrite],
        "deleted_read" => [RepositoryAction.DeletedRead],
        "deleted_restore" => [RepositoryAction.DeletedRestore],
        Everything => Enum.GetValues<RepositoryAction>(),
        _ => [],
    };
}
