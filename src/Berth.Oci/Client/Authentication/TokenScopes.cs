namespace Berth.Oci.Client.Authentication;

/// <summary>What a request asks the authority for: scopes such as <c>repository:app:pull</c> (Docker token authentication, "Scope").</summary>
internal static class TokenScopes
{
    public const string Catalog = "registry:catalog:*";
    public const string DeletedCatalog = "registry:deleted_catalog:*";
    public const string Workloads = "registry:workloads:*";
    public const string Quarantine = "registry:quarantine:*";
    public const string TagRules = "registry:tag_rules:*";
    public const string Usage = "registry:usage:*";
    public const string Quotas = "registry:quotas:*";

    public const string LifecycleRead = "registry:lifecycle:*";
    public const string LifecycleWrite = "registry:lifecycle_write:*";

    public static string Pull(RepositoryName repository) => $"repository:{repository}:pull";

    public static string Push(RepositoryName repository) => $"repository:{repository}:pull,push";

    public static string Delete(RepositoryName repository) => $"repository:{repository}:delete,pull";

    public static string MetadataRead(RepositoryName repository) => $"repository:{repository}:metadata_read";

    public static string DeletedRead(RepositoryName repository) => $"repository:{repository}:deleted_read";

    public static string DeletedRestore(RepositoryName repository) => $"repository:{repository}:deleted_read,deleted_restore";

    public static string MetadataWrite(RepositoryName repository) => $"repository:{repository}:metadata_write,metadata_read";
}
