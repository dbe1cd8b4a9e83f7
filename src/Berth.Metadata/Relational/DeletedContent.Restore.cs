using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindDeletedAt = new("SELECT deleted_at FROM manifests WHERE id = ?1");

    private static readonly Sql FindDigestOfManifest = new("SELECT digest FROM manifests WHERE id = ?1");

    // A page of tags is restored at most: a manifest has that many only where somebody made them for the purpose.
    private static readonly Sql ListTagsDeletedWith = new("""
        SELECT DISTINCT name FROM deleted_tags INDEXED BY deleted_tags_by_manifest WHERE repository_id = ?1 AND digest = ?2 AND deleted_at = ?3
        ORDER BY name LIMIT 2000
        """);

    private static readonly Sql HasDeletedTag = new("""
        SELECT 1 FROM deleted_tags WHERE repository_id = ?1 AND name = ?2 AND digest = ?3 LIMIT 1
        """);

    private static readonly Sql ForgetDeletedTag = new("DELETE FROM deleted_tags WHERE repository_id = ?1 AND name = ?2 AND digest = ?3");

    private static readonly Sql ListDeletedChildren = new("""
        SELECT c.id, c.digest, c.deleted_at, c.hybrid_time FROM edges e
        CROSS JOIN manifests c ON c.repository_id = e.repository_id AND c.digest = e.digest AND +c.deleted_at IS NOT NULL
        WHERE e.manifest_id = ?1 AND e.kind = 2
        """);

    private static readonly Sql ListReferrersDeletedWith = new("""
        SELECT id, digest, deleted_at, hybrid_time FROM manifests INDEXED BY manifests_deleted_by_subject
        WHERE repository_id = ?1 AND subject = ?2 AND deleted_at = ?3 LIMIT ?4
        """);

    private static readonly Sql ListSignaturesDeletedWith = new("""
        SELECT m.id, m.digest, m.deleted_at, m.hybrid_time, d.name FROM deleted_tags d
        CROSS JOIN manifests m ON m.repository_id = d.repository_id AND m.digest = d.digest AND m.deleted_at = d.deleted_at
        WHERE d.repository_id = ?1 AND d.name >= ?2 AND d.name < ?3 AND d.deleted_at = ?4 LIMIT ?5
        """);

    /// <inheritdoc/>
    public Task<RestoreResult> RestoreManifestAsync(
        long registryId, RepositoryName repository, Digest digest, Tag? tag, bool force, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row || FindManifest(scope, row.Id, digest) is not { } manifest)
                return RestoreResult.Refused(RestoreOutcome.Unknown);

            // A tag alone comes back to the manifest that it was deleted from; whoever restores does not tag at will.
            if (!manifest.Deleted && (tag is not { } named || !HasEntry(scope, row.Id, named, digest))) return RestoreResult.Refused(RestoreOutcome.Unknown);

            Refuse(row.Locks, Locks.Write, repository);
            Refuse(manifest.Locks, Locks.Write, repository, Reference.To(digest));
            var root = new DeletedRow(manifest.Id, digest, manifest.Deleted ? ReadDeletedAt(scope, manifest.Id) : 0, manifest.HybridTime);
            var tags = FindTagsToRestore(scope, row.Id, root, tag, force, out var holder);
            if (!holder.IsDefault) return RestoreResult.Refused(RestoreOutcome.TagTaken, holder);
            foreach (var moved in tags) Refuse(moved.Standing?.Locks ?? Locks.None, Locks.Write, repository, Reference.To(moved.Tag));
            RefuseMoves(scope, registryId, repository, tags);

            List<DeletedRow> revived = [];
            List<(Tag Tag, DeletedRow Manifest)> signatures = [];
            if (manifest.Deleted && !TryFindRevived(scope, row.Id, root, revived, signatures)) return RestoreResult.Refused(RestoreOutcome.TooMany);

            var entry = new LedgerEntry(LedgerKinds.ManifestRestored, registryId, repository.Value);
            foreach (var one in revived) Revive(scope, entry with { Digest = one.Digest }, row.Id, one, caller);
            SetTags(scope, entry with { Kind = LedgerKinds.TagSet, Digest = digest }, row.Id, manifest.Id, tags, caller);
            foreach (var (signature, of) in signatures.Where(one => FindTagRow(scope, row.Id, one.Tag) is null))
            {
                SetTags(scope, entry with { Kind = LedgerKinds.TagSet, Digest = of.Digest }, row.Id, of.Id, [new TagToSet(signature, null)], caller);
                tags.Add(new TagToSet(signature, null));
            }

            if (!row.Listed) scope.Use(SetListed).Bind(row.Id).Bind(true).Tell();
            UnmarkIfNothingDeleted(scope, row.Id);
            return new RestoreResult(RestoreOutcome.Restored, [.. revived.Select(one => one.Digest)], [.. tags.Select(set => set.Tag.Value)]);
        },
        cancellationToken);

    private static void SetTags(WriteScope scope, LedgerEntry entry, long repositoryId, long manifestId, List<TagToSet> tags, Caller caller)
    {
        if (tags.Count == 0) return;
        var added = 0;
        foreach (var tag in tags)
        {
            if (SetTag(scope, entry, repositoryId, tag, manifestId, caller)) added++;
            scope.Use(ForgetDeletedTag).Bind(repositoryId).Bind(tag.Tag.Value).Bind(entry.Digest).Tell();
        }

        EndWait(scope, manifestId);
        scope.Use(TouchManifest).Bind(manifestId).Bind(scope.Now).Tell();
        CountTags(scope, entry.RegistryId, repositoryId, added);
    }

    private static void Revive(WriteScope scope, LedgerEntry entry, long repositoryId, DeletedRow deleted, Caller caller)
    {
        var replaced = Math.Max(deleted.HybridTime, TakeTombstone(scope, repositoryId, TombstoneKind.Manifest, deleted.Digest.ToString()));
        var hybridTime = scope.Append(entry, caller, replaced);
        scope.Use(ReviveManifest).Bind(deleted.Id).Bind(hybridTime).Bind(scope.Now).Bind((string?)null).Tell();
        WaitUntagged(scope, entry.RegistryId, deleted.Id, pushedAt: scope.Now);
        CountManifest(scope, entry.RegistryId, repositoryId, 0, 1, 0);
    }

    /// <summary>The tags that are to name the manifest and do not; the holder is what a tag names that was asked for and is not free.</summary>
    private static List<TagToSet> FindTagsToRestore(WriteScope scope, long repositoryId, DeletedRow root, Tag? asked, bool force, out Digest holder)
    {
        holder = default;
        var tags = new List<TagToSet>();
        foreach (var tag in asked is { } one ? [one] : TagsDeletedWith(scope, repositoryId, root))
        {
            var standing = FindTagRow(scope, repositoryId, tag);
            if (standing?.ManifestId == root.Id) continue;
            if (standing is null || force) tags.Add(new TagToSet(tag, standing));
            else if (asked is not null) holder = DigestOf(scope, standing.Value.ManifestId);
        }

        return tags;
    }

    /// <summary>
    /// Adds the manifest, the deleted manifests that it lists, and the referrers that were deleted with each, with the tags of those that refer by a tag alone; false
    /// when there are too many.
    /// </summary>
    private static bool TryFindRevived(
        WriteScope scope, long repositoryId, DeletedRow root, List<DeletedRow> revived, List<(Tag Tag, DeletedRow Manifest)> signatures)
    {
        revived.Add(root);
        var seen = new HashSet<long> { root.Id };
        for (var next = 0; next < revived.Count; next++)
        {
            var one = revived[next];
            using (var children = scope.Use(ListDeletedChildren).Bind(one.Id)) Add(children);
            using (var referrers = scope.Use(ListReferrersDeletedWith).Bind(repositoryId).Bind(one.Digest).Bind(one.DeletedAt).Bind(IDeletedContent.MostRestored + 1L))
                Add(referrers);
            AddSignatures(one);
            if (revived.Count > IDeletedContent.MostRestored) return false;
        }

        return true;

        void Add(Statement rows)
        {
            while (revived.Count <= IDeletedContent.MostRestored && rows.Step())
            {
                if (seen.Add(rows.Int64(0))) revived.Add(RowOf(rows));
            }
        }

        void AddSignatures(DeletedRow of)
        {
            if (SignatureTag.PrefixOf(of.Digest) is not { } prefix) return;
            using var rows = scope.Use(ListSignaturesDeletedWith).Bind(repositoryId).Bind(prefix).Bind(prefix + "/").Bind(of.DeletedAt).Bind(IDeletedContent.MostRestored + 1L);
            while (revived.Count <= IDeletedContent.MostRestored && rows.Step())
            {
                if (SignatureTag.SubjectOf(rows.Text(4)) != of.Digest) continue;
                if (seen.Add(rows.Int64(0))) revived.Add(RowOf(rows));
                signatures.Add((Tag.Parse(rows.Text(4)), RowOf(rows)));
            }
        }

        static DeletedRow RowOf(Statement row) => new(row.Int64(0), row.Digest(1), row.Int64(2), row.Int64(3));
    }

    private static List<Tag> TagsDeletedWith(WriteScope scope, long repositoryId, DeletedRow manifest)
    {
        var tags = new List<Tag>();
        using var rows = scope.Use(ListTagsDeletedWith).Bind(repositoryId).Bind(manifest.Digest).Bind(manifest.DeletedAt);
        while (rows.Step()) tags.Add(Tag.Parse(rows.Text(0)));
        return tags;
    }

    private static bool HasEntry(WriteScope scope, long repositoryId, Tag tag, Digest digest)
    {
        using var row = scope.Use(HasDeletedTag).Bind(repositoryId).Bind(tag.Value).Bind(digest);
        return row.Step();
    }

    private static long ReadDeletedAt(WriteScope scope, long manifestId)
    {
        using var row = scope.Use(FindDeletedAt).Bind(manifestId);
        return row.OnlyInt64();
    }

    private static Digest DigestOf(WriteScope scope, long manifestId)
    {
        using var row = scope.Use(FindDigestOfManifest).Bind(manifestId);
        return row.Step() ? row.Digest(0) : default;
    }

    /// <summary>A deleted manifest's row as the writer sees it.</summary>
    private readonly record struct DeletedRow(long Id, Digest Digest, long DeletedAt, long HybridTime);
}
