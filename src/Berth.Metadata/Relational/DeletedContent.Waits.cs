using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// The queue of manifests that wait for their deletion: those that no tag names, and those that were deleted and can be restored. It is kept in the transactions
/// that make them so, so that nobody ever looks for them.
/// </summary>
public sealed partial class RelationalMetadataStore
{
    private const long MillisecondsOfDay = 86_400_000;

    // Whose clock is set back when what they refer to goes; those beyond go on as they were.
    private const int ReferrersOfStep = 1_000;

    private static readonly Sql WaitWithoutTag = new("""
        INSERT INTO manifest_waits (manifest_id, registry_id, kind, since, pushed_at)
        SELECT ?1, ?2, 1, ?3, COALESCE(?4, (SELECT created_at FROM manifests WHERE id = ?1)) WHERE NOT EXISTS (SELECT 1 FROM tags WHERE manifest_id = ?1)
        ON CONFLICT (manifest_id) DO UPDATE SET registry_id = excluded.registry_id, kind = excluded.kind, since = excluded.since, pushed_at = excluded.pushed_at
        """);

    private static readonly Sql WaitDeleted = new("""
        INSERT INTO manifest_waits (manifest_id, registry_id, kind, since, pushed_at) VALUES (?1, ?2, 2, ?3, 0)
        ON CONFLICT (manifest_id) DO UPDATE SET registry_id = excluded.registry_id, kind = excluded.kind, since = excluded.since, pushed_at = excluded.pushed_at
        """);

    private static readonly Sql SetWaitSince = new("UPDATE manifest_waits SET since = ?2 WHERE manifest_id = ?1");

    private static readonly Sql DeleteWait = new("DELETE FROM manifest_waits WHERE manifest_id = ?1");

    private static readonly Sql RestartWaitsOfChildren = new("""
        UPDATE manifest_waits SET since = ?2 WHERE kind = 1 AND manifest_id IN (
            SELECT c.id FROM edges e CROSS JOIN manifests c ON c.repository_id = e.repository_id AND c.digest = e.digest WHERE e.manifest_id = ?1 AND e.kind = 2)
        """);

    private static readonly Sql RestartWaitsOfReferrers = new("""
        UPDATE manifest_waits SET since = ?3 WHERE kind = 1 AND manifest_id IN (
            SELECT id FROM manifests INDEXED BY manifests_by_subject WHERE repository_id = ?1 AND subject = ?2 AND deleted_at IS NULL LIMIT ?4)
        """);

    /// <summary>Lets a manifest wait from now on, unless a tag names it.</summary>
    /// <param name="scope">The transaction.</param>
    /// <param name="registryId">Its registry.</param>
    /// <param name="manifestId">Its row.</param>
    /// <param name="pushedAt">When it was pushed last; null for the time when it first came.</param>
    private static void WaitUntagged(WriteScope scope, long registryId, long manifestId, long? pushedAt) =>
        scope.Use(WaitWithoutTag).Bind(manifestId).Bind(registryId).Bind(scope.Now).Bind(pushedAt).Tell();

    private static void EndWait(WriteScope scope, long manifestId) => scope.Use(DeleteWait).Bind(manifestId).Tell();

    /// <summary>Lets a manifest that is due be due again at another time.</summary>
    private static void PutOffWait(WriteScope scope, long manifestId, long until, long days) =>
        scope.Use(SetWaitSince).Bind(manifestId).Bind(until - (days * MillisecondsOfDay)).Tell();

    /// <summary>When a manifest goes, what it listed and what refers to it has been needed until now.</summary>
    private static void RestartWaits(WriteScope scope, long repositoryId, long manifestId, Digest digest)
    {
        scope.Use(RestartWaitsOfChildren).Bind(manifestId).Bind(scope.Now).Tell();
        scope.Use(RestartWaitsOfReferrers).Bind(repositoryId).Bind(digest).Bind(scope.Now).Bind(ReferrersOfStep).Tell();
    }
}
