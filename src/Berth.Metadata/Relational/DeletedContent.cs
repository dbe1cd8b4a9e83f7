namespace Berth.Metadata.Relational;

/// <summary>How content is deleted so that it can be restored, and how it comes back.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql KeepsDeleted = new("SELECT soft_delete FROM registries WHERE id = ?1 AND deleted_at IS NULL");

    private static readonly Sql FindDeletedParent = new("""
        SELECT p.digest FROM edges e CROSS JOIN manifests p ON p.id = e.manifest_id
        WHERE e.repository_id = ?1 AND e.kind = 2 AND e.digest = ?2 AND p.digest <> ?2 AND +p.deleted_at IS NOT NULL LIMIT 1
        """);

    private static readonly Sql SetManifestDeleted = new("UPDATE manifests SET deleted_at = ?2 WHERE id = ?1");

    private static readonly Sql SetRepositoryDeleted = new("UPDATE repositories SET deleted_at = max(COALESCE(deleted_at, 0), ?2) WHERE id = ?1");

    private static readonly Sql UnmarkRepository = new("""
        UPDATE repositories SET deleted_at = NULL
        WHERE id = ?1 AND +deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = ?1 AND deleted_at IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM deleted_tags WHERE repository_id = ?1)
        """);

    private static readonly Sql InsertDeletedTag = new("""
        INSERT INTO deleted_tags (repository_id, name, hybrid_time, digest, registry_id, deleted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """);

    private static readonly Sql ForgetEntriesOfTag = new("""
        DELETE FROM deleted_tags WHERE repository_id = ?1 AND name = ?2 AND hybrid_time <= (
            SELECT hybrid_time FROM deleted_tags WHERE repository_id = ?1 AND name = ?2 ORDER BY hybrid_time DESC LIMIT 1 OFFSET ?3)
        """);

    private static Deletion BeginDeletion(
        WriteScope scope, long registryId, long at, DateTimeOffset leaseUntil, Caller caller, string? payload = null)
    {
        using var row = scope.Use(KeepsDeleted).Bind(registryId);
        return new Deletion(row.Step() && row.Bool(0), at, leaseUntil, caller, payload);
    }

    /// <summary>Makes a manifest count as absent; its bytes and edges stay.</summary>
    private static void MarkDeleted(WriteScope scope, long registryId, long repositoryId, long manifestId, Deletion deletion)
    {
        scope.Use(SetManifestDeleted).Bind(manifestId).Bind(deletion.At).Tell();
        scope.Use(WaitDeleted).Bind(manifestId).Bind(registryId).Bind(deletion.At).Tell();
        scope.Use(EndWaitForSubject).Bind(manifestId).Tell();
        scope.Use(SetRepositoryDeleted).Bind(repositoryId).Bind(deletion.At).Tell();
    }

    /// <summary>Remembers a tag that was just removed; of one that is deleted over and over, the last times.</summary>
    private static void KeepDeletedTag(WriteScope scope, long repositoryId, LedgerEntry entry, long hybridTime, long at)
    {
        scope.Use(InsertDeletedTag).Bind(repositoryId).Bind(entry.Reference).Bind(hybridTime).Bind(entry.Digest).Bind(entry.RegistryId).Bind(at).Tell();
        scope.Use(ForgetEntriesOfTag).Bind(repositoryId).Bind(entry.Reference).Bind(IDeletedContent.MostEntriesOfTag).Tell();
        scope.Use(SetRepositoryDeleted).Bind(repositoryId).Bind(at).Tell();
    }

    private static void UnmarkIfNothingDeleted(WriteScope scope, long repositoryId) => scope.Use(UnmarkRepository).Bind(repositoryId).Tell();

    /// <summary>One act of deletion.</summary>
    /// <param name="IsSoft">Whether what it takes can be restored.</param>
    /// <param name="At">When it began, in milliseconds since 1970: what one act deleted has this time in common.</param>
    /// <param name="LeaseUntil">Until when blobs are kept that lose their last manifest.</param>
    /// <param name="Caller">Who asks.</param>
    /// <param name="Payload">What the ledger says beside.</param>
    private readonly record struct Deletion(bool IsSoft, long At, DateTimeOffset LeaseUntil, Caller Caller, string? Payload);
}
