using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>Whether something is in use: the one place that decides it, always in the transaction that would delete.</summary>
public sealed partial class RelationalMetadataStore
{
    // How many manifests around one are looked at: indexes that list it, and what it lists. Beyond that it counts as in use.
    private const int MostLookedAt = 1_000;

    // How many reported digests the first look at a repository goes through; each of its manifests is looked at again before it goes.
    private const int ReportsOfLook = 20_000;

    private static readonly Sql AnyLiveReport = new("SELECT 1 FROM workloads WHERE registry_id = ?1 AND expires_at > ?2 LIMIT 1");

    private static readonly Sql FindReporter = new("""
        SELECT w.name FROM workload_digests d CROSS JOIN workloads w ON w.id = d.workload_id
        WHERE d.registry_id = ?1 AND d.digest = ?3 AND w.expires_at > ?4
            AND (d.repository IS NULL OR d.repository = (SELECT name FROM repositories WHERE id = ?2)) LIMIT 1
        """);

    // Deleted ones that can be restored count, too: they need what they list.
    private static readonly Sql ListParents = new("""
        SELECT p.digest FROM edges e CROSS JOIN manifests p ON p.id = e.manifest_id
        WHERE e.repository_id = ?1 AND e.kind = 2 AND e.digest = ?2 LIMIT ?3
        """);

    private static readonly Sql ListChildren = new("""
        SELECT e.digest FROM edges e
        WHERE e.manifest_id = (SELECT id FROM manifests WHERE repository_id = ?1 AND digest = ?2) AND e.kind = 2 LIMIT ?3
        """);

    private static readonly Sql FindManifestUsedInRepository = new(UsedManifest("repository = ?5"));

    private static readonly Sql FindManifestUsedAnywhere = new(UsedManifest("repository IS NULL"));

    /// <summary>
    /// The workload by which a manifest is in use: one that reports it, an index that lists it (at any depth), or a manifest that it lists; null when it is not in use. Where
    /// too many of those stand around it to look at all, <see cref="StandingUse.Undecided"/>: what nobody can tell is not deleted.
    /// </summary>
    internal static string? FindUse(Session session, long now, long registryId, long repositoryId, Digest digest) =>
        HasReports(session, now, registryId) ? FindReportedUse(session, now, registryId, repositoryId, digest) : null;

    /// <summary>Whether a workload's report holds in the registry; where none does, nothing is in use.</summary>
    internal static bool HasReports(Session session, long now, long registryId)
    {
        using var any = session.Use(AnyLiveReport).Bind(registryId).Bind(now);
        return any.Step();
    }

    /// <summary>As <see cref="FindUse"/>, of a registry that has reports.</summary>
    internal static string? FindReportedUse(Session session, long now, long registryId, long repositoryId, Digest digest)
    {
        var left = MostLookedAt;
        return ReporterOf(session, now, registryId, repositoryId, digest)
            ?? FindUseAround(session, now, registryId, repositoryId, digest, ListParents, ref left)
            ?? FindUseAround(session, now, registryId, repositoryId, digest, ListChildren, ref left);
    }

    /// <summary>Looks at the neighbours of a manifest in one direction, at theirs, and so on.</summary>
    private static string? FindUseAround(Session session, long now, long registryId, long repositoryId, Digest digest, Sql neighbours, ref int left)
    {
        var seen = new HashSet<Digest> { digest };
        var waiting = new Queue<Digest>([digest]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var neighbour in ListDigests(session, neighbours, repositoryId, next, left + 1))
            {
                if (!seen.Add(neighbour)) continue;
                if (left-- <= 0) return StandingUse.Undecided;
                if (ReporterOf(session, now, registryId, repositoryId, neighbour) is { } name) return name;
                waiting.Enqueue(neighbour);
            }
        }

        return null;
    }

    private static List<Digest> ListDigests(Session session, Sql sql, long repositoryId, Digest digest, int limit)
    {
        var digests = new List<Digest>();
        using var rows = session.Use(sql).Bind(repositoryId).Bind(digest).Bind(limit);
        while (rows.Step()) digests.Add(rows.Digest(0));
        return digests;
    }

    private static string? ReporterOf(Session session, long now, long registryId, long repositoryId, Digest digest)
    {
        using var row = session.Use(FindReporter).Bind(registryId).Bind(repositoryId).Bind(digest).Bind(now);
        return row.Step() ? row.Text(0) : null;
    }

    /// <summary>Refuses the deletion of a manifest that is in use.</summary>
    /// <exception cref="InUseException">It is.</exception>
    private static void RefuseUse(WriteScope scope, long registryId, long repositoryId, RepositoryName repository, Digest digest)
    {
        if (FindUse(scope.Session, scope.Now, registryId, repositoryId, digest) is { } name) throw InUse(scope, registryId, repository, digest, name);
    }

    /// <summary>Refuses the deletion of a repository that holds what a workload reports, before anything of it is deleted.</summary>
    /// <exception cref="InUseException">It does.</exception>
    private static void RefuseUse(WriteScope scope, long registryId, long repositoryId, RepositoryName repository)
    {
        foreach (var find in (ReadOnlySpan<Sql>)[FindManifestUsedInRepository, FindManifestUsedAnywhere])
        {
            (Digest Digest, string Name)? used;
            using (var row = scope.Use(find).Bind(registryId).Bind(repositoryId).Bind(scope.Now).Bind(ReportsOfLook))
            {
                if (find == FindManifestUsedInRepository) row.Bind(repository.Value);
                used = row.Step() ? (row.Digest(0), row.Text(1)) : null;
            }

            if (used is { } standing) throw InUse(scope, registryId, repository, standing.Digest, standing.Name);
        }
    }

    private static string UsedManifest(string reported) => $"""
        SELECT m.digest, w.name FROM (SELECT digest, workload_id FROM workload_digests WHERE registry_id = ?1 AND {reported} LIMIT ?4) due
        CROSS JOIN workloads w ON w.id = due.workload_id AND w.expires_at > ?3
        CROSS JOIN manifests m ON m.repository_id = ?2 AND m.digest = due.digest AND +m.deleted_at IS NULL LIMIT 1
        """;

    private static InUseException InUse(WriteScope scope, long registryId, RepositoryName repository, Digest digest, string name)
    {
        var workload = ReadWorkload(scope.Session, registryId, name);
        return new InUseException(new StandingUse(repository, digest, name, workload?.Cluster, workload?.Namespace, workload?.ExpiresAt));
    }
}
