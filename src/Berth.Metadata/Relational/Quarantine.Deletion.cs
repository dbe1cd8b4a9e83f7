using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How what is set apart stays so when it is deleted: whoever may delete need not be one of those who may look.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListStandingChildren = new("""
        SELECT c.digest FROM edges e CROSS JOIN manifests c ON c.repository_id = e.repository_id AND c.digest = e.digest AND +c.deleted_at IS NULL
        WHERE e.manifest_id = ?1 AND e.kind = 2
        """);

    private static readonly Sql FindOtherParent = new("""
        SELECT p.digest FROM edges e CROSS JOIN manifests p ON p.id = e.manifest_id
        WHERE e.repository_id = ?1 AND e.kind = 2 AND e.digest = ?2 AND p.id <> ?3 AND p.digest <> ?2 AND +p.deleted_at IS NULL LIMIT 1
        """);

    // In any repository of the registry, since a quarantine holds in all of them and must not take from one what is free there. One that is set apart as a whole leads nobody to it;
    // in the repository of the deletion itself the question is what the manifest that goes has covered, whether or not the whole is set apart as well.
    private static readonly Sql FindWayTo = new($"""
        SELECT 1 FROM manifests m INDEXED BY manifests_by_digest CROSS JOIN repositories r ON r.id = m.repository_id
        WHERE m.digest = ?2 AND m.deleted_at IS NULL AND r.registry_id = ?1 AND (r.id = ?3 OR NOT {RepositoryIsSetApart}) AND {IsReachable} LIMIT 1
        """);

    /// <summary>
    /// Sets apart by itself what only a manifest that is about to go sets apart, for as long as that is. It is enough to do so for what it lists itself: that covers what is below it then, and hands
    /// that down when it is deleted in its turn. What another index lists is as that one has it; and what was said to have passed was looked at by itself.
    /// </summary>
    private static void HandDown(WriteScope scope, LedgerEntry entry, long repositoryId, long manifestId, Quarantine quarantine, Caller caller)
    {
        var children = new List<Digest>();
        using (var rows = scope.Use(ListStandingChildren).Bind(manifestId))
        {
            while (rows.Step()) children.Add(rows.Digest(0));
        }

        // In one order: two that list the same may go at once.
        children.Sort();
        foreach (var child in children)
        {
            if (HasOtherParent(scope, repositoryId, child, manifestId) || IsLedTo(scope, entry.RegistryId, repositoryId, child)) continue;

            // What is known of it for a shorter time goes on for the longer one.
            var said = ReadQuarantine(scope.Session, entry.RegistryId, child);
            if (said is { SetsApart: false }) continue;
            var own = FindStanding(scope, entry.RegistryId, child);
            if (own is not null && EndsNoSooner(own, quarantine)) continue;
            var kept = own is null ? quarantine : own with { Until = quarantine.Until };
            RecordQuarantine(scope, entry.RegistryId, RepositoryName.Parse(entry.Repository!), child, kept, caller);
        }
    }

    /// <summary>What sets a manifest apart by itself now; null where nothing does.</summary>
    private static Quarantine? FindStanding(WriteScope scope, long registryId, Digest digest) =>
        ReadQuarantine(scope.Session, registryId, digest) is { SetsApart: true } standing && Stands(standing.Until?.ToUnixTimeMilliseconds(), scope.Now) ? standing : null;

    private static bool HasOtherParent(WriteScope scope, long repositoryId, Digest digest, long manifestId)
    {
        using var row = scope.Use(FindOtherParent).Bind(repositoryId).Bind(digest).Bind(manifestId);
        return row.Step();
    }

    private static bool IsLedTo(WriteScope scope, long registryId, long repositoryId, Digest digest)
    {
        using var row = scope.Use(FindWayTo).Bind(registryId).Bind(digest).Bind(repositoryId).Bind(scope.Now);
        return row.Step();
    }

    private static bool EndsNoSooner(Quarantine one, Quarantine other) => one.Until is null || (other.Until is { } end && one.Until >= end);
}
