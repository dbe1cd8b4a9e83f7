using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindParent = new("""
        SELECT p.digest FROM edges e CROSS JOIN manifests p ON p.id = e.manifest_id
        WHERE e.repository_id = ?1 AND e.kind = 2 AND e.digest = ?2 AND p.digest <> ?2 AND +p.deleted_at IS NULL LIMIT 1
        """);

    private static readonly Sql ListTagsOfManifest = new("""
        SELECT name, hybrid_time, updated_at, locks FROM tags WHERE manifest_id = ?1 ORDER BY repository_id, name
        """);

    private static readonly Sql DeleteTag = new("DELETE FROM tags WHERE repository_id = ?1 AND name = ?2");

    private static readonly Sql ListNamedBlobs = new("SELECT digest FROM edges WHERE manifest_id = ?1 AND kind = 1");

    private static readonly Sql DeleteEdges = new("DELETE FROM edges WHERE manifest_id = ?1");

    private static readonly Sql DeleteManifestBytes = new("DELETE FROM manifest_bytes WHERE manifest_id = ?1");

    private static readonly Sql DeleteManifest = new("DELETE FROM manifests WHERE id = ?1");

    private static readonly Sql AnyEdgeToBlob = new("SELECT 1 FROM edges WHERE repository_id = ?1 AND kind = 1 AND digest = ?2 LIMIT 1");

    private static readonly Sql AnyManifest = new("SELECT 1 FROM manifests WHERE repository_id = ?1 AND deleted_at IS NULL LIMIT 1");

    private static readonly Sql FindTagWithDigest = new("""
        SELECT m.digest, m.id, t.hybrid_time, t.updated_at, t.locks FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id WHERE t.repository_id = ?1 AND t.name = ?2
        """);

    /// <inheritdoc/>
    public Task<DeleteResult> DeleteManifestAsync(
        long registryId, RepositoryName repository, Digest digest, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row) return new DeleteResult(DeleteOutcome.Unknown);
            if (FindManifest(scope, row.Id, digest) is not { Deleted: false } manifest) return new DeleteResult(DeleteOutcome.Unknown);

            Refuse(row.Locks, Locks.Write, repository);
            Refuse(manifest.Locks, AgainstDeletion, repository, Reference.To(digest));
            var tags = TagsOf(scope, manifest.Id);
            foreach (var tag in tags) Refuse(tag.Locks, AgainstDeletion, repository, Reference.To(Tag.Parse(tag.Name)));
            RefuseUse(scope, registryId, row.Id, repository, digest);
            if (tags.Count > 0) RefuseRemovals(ReadTagRules(scope.Session, registryId), repository, digest, tags);
            var parent = FindDigest(scope.Session, FindParent, row.Id, digest);
            if (!parent.IsDefault) return new DeleteResult(DeleteOutcome.Held, parent);

            var isSoft = DeleteManifestWithTags(
                scope, new LedgerEntry(LedgerKinds.ManifestDeleted, registryId, repository.Value, Digest: digest), row.Id, manifest, tags,
                BeginDeletion(scope, registryId, scope.Now, leaseUntil, caller));
            return new DeleteResult(DeleteOutcome.Deleted, IsSoft: isSoft);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<DeleteResult> DeleteTagAsync(
        long registryId, RepositoryName repository, Tag tag, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row) return new DeleteResult(DeleteOutcome.Unknown);

            Digest digest;
            long manifestId;
            NamedTag named;
            using (var found = scope.Use(FindTagWithDigest).Bind(row.Id).Bind(tag.Value))
            {
                if (!found.Step()) return new DeleteResult(DeleteOutcome.Unknown);
                (digest, manifestId) = (found.Digest(0), found.Int64(1));
                named = new NamedTag(tag.Value, found.Int64(2), found.Int64(3), (Locks)found.Int64(4));
            }

            Refuse(row.Locks, Locks.Write, repository);
            Refuse(named.Locks, AgainstDeletion, repository, Reference.To(tag));
            RefuseRemovals(ReadTagRules(scope.Session, registryId), repository, digest, [named]);
            var deletion = BeginDeletion(scope, registryId, scope.Now, default, caller);
            RemoveTag(scope, row.Id, new LedgerEntry(LedgerKinds.TagDeleted, registryId, repository.Value, tag.Value, digest), named, deletion);
            scope.Use(TouchManifest).Bind(manifestId).Bind(scope.Now).Tell();
            WaitUntagged(scope, registryId, manifestId, pushedAt: null);
            CountTags(scope, registryId, row.Id, -1);
            return new DeleteResult(DeleteOutcome.Deleted);
        },
        cancellationToken);

    /// <summary>Removes a manifest that nothing of its repository lists, and its tags; true where that was done so that it can be restored.</summary>
    private static bool DeleteManifestWithTags(
        WriteScope scope, LedgerEntry entry, long repositoryId, ManifestRow manifest, IReadOnlyList<NamedTag> tags, Deletion deletion)
    {
        // A deleted index that can be restored needs what it lists, whatever the policy has become since.
        if (!deletion.IsSoft) deletion = deletion with { IsSoft = !FindDigest(scope.Session, FindDeletedParent, repositoryId, entry.Digest).IsDefault };
        if (FindStanding(scope, entry.RegistryId, entry.Digest) is { } quarantine) HandDown(scope, entry, repositoryId, manifest.Id, quarantine, deletion.Caller);
        foreach (var tag in tags) RemoveTag(scope, repositoryId, entry with { Kind = LedgerKinds.TagDeleted, Reference = tag.Name }, tag, deletion);

        RestartWaits(scope, repositoryId, manifest.Id, entry.Digest);
        if (deletion.IsSoft) MarkDeleted(scope, entry.RegistryId, repositoryId, manifest.Id, deletion);
        else RemoveManifestRows(scope, repositoryId, manifest.Id, deletion.LeaseUntil);
        CountManifest(scope, entry.RegistryId, repositoryId, deletion.IsSoft ? 0 : manifest.Size, -1, -tags.Count);
        var kind = deletion.IsSoft ? LedgerKinds.ManifestSoftDeleted : entry.Kind;
        var deletedAt = scope.Append(entry with { Kind = kind, Payload = deletion.Payload }, deletion.Caller, manifest.HybridTime);
        SetTombstone(scope, repositoryId, TombstoneKind.Manifest, entry.Digest.ToString(), deletedAt, manifest.UpdatedAt);
        if (!Exists(scope, AnyManifest, repositoryId)) scope.Use(SetListed).Bind(repositoryId).Bind(false).Tell();
        return deletion.IsSoft;
    }

    private static List<NamedTag> TagsOf(WriteScope scope, long manifestId)
    {
        var tags = new List<NamedTag>();
        using var rows = scope.Use(ListTagsOfManifest).Bind(manifestId);
        while (rows.Step()) tags.Add(new NamedTag(rows.Text(0), rows.Int64(1), rows.Int64(2), (Locks)rows.Int64(3)));
        return tags;
    }

    private static void RemoveTag(WriteScope scope, long repositoryId, LedgerEntry entry, NamedTag tag, Deletion deletion)
    {
        scope.Use(DeleteTag).Bind(repositoryId).Bind(tag.Name).Tell();
        var hybridTime = scope.Append(entry with { Payload = deletion.Payload }, deletion.Caller, tag.HybridTime);
        SetTombstone(scope, repositoryId, TombstoneKind.Tag, tag.Name, hybridTime, tag.UpdatedAt);
        if (deletion.IsSoft) KeepDeletedTag(scope, repositoryId, entry, hybridTime, deletion.At);
    }

    /// <summary>Removes a manifest with its bytes and edges; a blob that it was the last to name gets a lease and a review.</summary>
    private static void RemoveManifestRows(WriteScope scope, long repositoryId, long manifestId, DateTimeOffset leaseUntil)
    {
        var blobs = new List<Digest>();
        using (var rows = scope.Use(ListNamedBlobs).Bind(manifestId))
        {
            while (rows.Step()) blobs.Add(rows.Digest(0));
        }

        EndWait(scope, manifestId);
        scope.Use(EndWaitForSubject).Bind(manifestId).Tell();
        scope.Use(DeleteEdges).Bind(manifestId).Tell();
        scope.Use(DeleteManifestBytes).Bind(manifestId).Tell();
        scope.Use(DeleteManifest).Bind(manifestId).Tell();
        foreach (var blob in blobs)
        {
            if (IsNamed(scope, repositoryId, blob)) continue;
            scope.Use(QueueMembership).Bind(repositoryId).Bind(blob).Bind(leaseUntil).Tell();
        }
    }

    private static bool IsNamed(WriteScope scope, long repositoryId, Digest blob)
    {
        using var row = scope.Use(AnyEdgeToBlob).Bind(repositoryId).Bind(blob);
        return row.Step();
    }

    private static bool Exists(WriteScope scope, Sql sql, long id)
    {
        using var row = scope.Use(sql).Bind(id);
        return row.Step();
    }

    /// <summary>A tag of a manifest that is about to go.</summary>
    private readonly record struct NamedTag(string Name, long HybridTime, long UpdatedAt, Locks Locks);
}
