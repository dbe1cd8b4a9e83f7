using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const int EdgeToBlob = 1;
    private const int EdgeToManifest = 2;

    private static readonly Sql FindManifestRow = new("""
        SELECT id, size, deleted_at IS NOT NULL, hybrid_time, damaged, locks, updated_at FROM manifests WHERE repository_id = ?1 AND digest = ?2
        """);

    private static readonly Sql InsertManifest = Sql.Insert("""
        INSERT INTO manifests (
            repository_id, digest, media_type, artifact_type, size, subject, annotations, hybrid_time, region, created_at, updated_at, pushed_by, described,
            image_size, config_media_type)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT region FROM installation), ?9, ?9, ?10, ?11, ?12, ?13)
        """);

    private static readonly Sql ReviveManifest = new("""
        UPDATE manifests SET deleted_at = NULL, hybrid_time = ?2, region = (SELECT region FROM installation), updated_at = ?3, pushed_by = COALESCE(?4, pushed_by) WHERE id = ?1
        """);

    private static readonly Sql TouchManifest = new("UPDATE manifests SET updated_at = ?2 WHERE id = ?1");

    private static readonly Sql SetManifestBytes = new("""
        INSERT INTO manifest_bytes (manifest_id, bytes) VALUES (?1, ?2) ON CONFLICT (manifest_id) DO UPDATE SET bytes = excluded.bytes
        """);

    private static readonly Sql HasBytes = new("SELECT 1 FROM manifest_bytes WHERE manifest_id = ?1 AND bytes = ?2");

    private static readonly Sql SetManifestDamaged = new("UPDATE manifests SET damaged = ?2 WHERE id = ?1");

    private static readonly Sql InsertEdge = new("""
        INSERT INTO edges (manifest_id, kind, digest, repository_id, may_be_absent) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING
        """);

    private static readonly Sql FindTag = new("SELECT manifest_id, hybrid_time, locks FROM tags WHERE repository_id = ?1 AND name = ?2");

    private static readonly Sql UpsertTag = new("""
        INSERT INTO tags (repository_id, name, manifest_id, hybrid_time, region, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, (SELECT region FROM installation), ?5, ?5)
        ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id, hybrid_time = excluded.hybrid_time, region = excluded.region,
            updated_at = excluded.updated_at
        """);

    /// <inheritdoc/>
    public Task<PutManifestResult> PutManifestAsync(NewManifest manifest, Caller caller, CancellationToken cancellationToken)
    {
        var body = manifest.Manifest;
        var descriptors = 1 + body.Layers.Count + body.Manifests.Count;
        return WriteAsync(scope => Put(scope, manifest, caller), Urgency.Push, manifest.Bytes.Length + (200L * descriptors), cancellationToken);
    }

    private static PutManifestResult Put(WriteScope scope, NewManifest manifest, Caller caller)
    {
        var repository = FindRepositoryRow(scope, manifest.RegistryId, manifest.Repository);
        using var apart = AskSetApartByPush(scope, manifest);
        List<TagToSet> tags;
        ManifestRow? standing;
        using (var found = repository is { } known ? scope.Use(FindManifestRow).Bind(known.Id).Bind(manifest.Digest).Ask() : null)
        {
            tags = FindTags(scope, repository?.Id ?? 0, manifest);
            standing = found is null ? null : ReadManifest(found);
        }

        if (repository is { } named) RefusePush(scope, manifest, named, standing, tags);

        // Also for a manifest that stands: what it names may have been found damaged since.
        var content = NamedContent.Check(scope, repository?.Id ?? 0, manifest);
        if (content.Refusal is { } refusal) return refusal;

        repository ??= EnsureRepository(scope, manifest.RegistryId, manifest.Repository);
        var repositoryId = repository.Value.Id;
        var isSetApart = standing is not { Deleted: false } && apart?.Step() == true;
        var row = standing is { Deleted: false } ? standing.Value : Add(scope, repositoryId, manifest, standing, caller);
        if (isSetApart) RecordQuarantine(scope, manifest.RegistryId, manifest.Repository, manifest.Digest, Unseen, caller);
        if (!repository.Value.Listed) scope.Use(SetListed).Bind(repositoryId).Bind(true).Tell();
        AddEdges(scope, repositoryId, row.Id, content);
        if (standing is not null) Heal(scope, row, manifest, caller);

        var added = 0;
        var moved = tags.Where(tag => tag.Standing?.ManifestId != row.Id).ToList();
        var entry = new LedgerEntry(LedgerKinds.TagSet, manifest.RegistryId, manifest.Repository.Value, Digest: manifest.Digest);
        foreach (var tag in moved)
        {
            if (SetTag(scope, entry, repositoryId, tag, row.Id, caller)) added++;
        }

        if (moved.Count > 0 && standing is not null) scope.Use(TouchManifest).Bind(row.Id).Bind(scope.Now).Tell();
        if (tags.Count == 0) WaitUntagged(scope, manifest.RegistryId, row.Id, pushedAt: scope.Now);
        else if (standing is not null) EndWait(scope, row.Id);
        CountPush(scope, manifest, repository.Value, standing, added, caller);
        return PutManifestResult.Stored;
    }

    private static void CountPush(WriteScope scope, NewManifest manifest, RepositoryRow repository, ManifestRow? standing, int tags, Caller caller)
    {
        var repositoryId = repository.Id;
        if (standing is null)
        {
            CountManifest(scope, manifest.RegistryId, repositoryId, manifest.Bytes.Length, 1, tags);
            if (repository.HasLimit) Charge(scope, repositoryId, manifest.Bytes.Length, manifest.Bytes.Length, caller);
        }
        else if (standing.Value.Deleted) CountManifest(scope, manifest.RegistryId, repositoryId, 0, 1, tags);
        else CountTags(scope, manifest.RegistryId, repositoryId, tags);
    }

    private static List<TagToSet> FindTags(WriteScope scope, long repositoryId, NewManifest manifest)
    {
        var tags = new List<TagToSet>(manifest.Tags.Count);
        foreach (var tag in manifest.Tags.Distinct()) tags.Add(new TagToSet(tag, FindTagRow(scope, repositoryId, tag)));
        return tags;
    }

    private static TagRow? FindTagRow(WriteScope scope, long repositoryId, Tag tag)
    {
        using var row = scope.Use(FindTag).Bind(repositoryId).Bind(tag.Value);
        return row.Step() ? new TagRow(row.Int64(0), row.Int64(1), (Locks)row.Int64(2)) : null;
    }

    private static ManifestRow? FindManifest(WriteScope scope, long repositoryId, Digest digest)
    {
        using var row = scope.Use(FindManifestRow).Bind(repositoryId).Bind(digest);
        return ReadManifest(row);
    }

    private static ManifestRow? ReadManifest(Statement row) =>
        row.Step() ? new ManifestRow(row.Int64(0), row.Int64(1), row.Bool(2), row.Int64(3), row.Bool(4), (Locks)row.Int64(5), row.Int64(6)) : null;

    private static ManifestRow Add(WriteScope scope, long repositoryId, NewManifest manifest, ManifestRow? deleted, Caller caller)
    {
        var replaced = Math.Max(deleted?.HybridTime ?? 0, TakeTombstone(scope, repositoryId, TombstoneKind.Manifest, manifest.Digest.ToString()));
        var hybridTime = scope.Append(
            new LedgerEntry(LedgerKinds.ManifestPushed, manifest.RegistryId, manifest.Repository.Value, Digest: manifest.Digest), caller, replaced);
        if (deleted is { } row)
        {
            scope.Use(ReviveManifest).Bind(row.Id).Bind(hybridTime).Bind(scope.Now).Bind(caller.Name).Tell();
            EndWait(scope, row.Id);
            if (manifest.Manifest.Subject is { } subject) scope.Use(WaitForSubject).Bind(row.Id).Bind(repositoryId).Bind(subject.Digest).Bind(scope.Now).Tell();
            UnmarkIfNothingDeleted(scope, repositoryId);
            return row;
        }

        var id = Insert(scope, repositoryId, manifest, hybridTime, caller);
        return new ManifestRow(id, manifest.Bytes.Length, Deleted: false, hybridTime, Damaged: false, Locks.None, scope.Now);
    }

    /// <summary>The edges of all that the manifest names; those of one that stands are there already, unless they were lost.</summary>
    private static void AddEdges(WriteScope scope, long repositoryId, long manifestId, NamedContent content)
    {
        foreach (var digest in content.Blobs) AddEdge(EdgeToBlob, digest, mayBeAbsent: false);
        foreach (var digest in content.AbsentBlobs) AddEdge(EdgeToBlob, digest, mayBeAbsent: true);
        foreach (var digest in content.Children) AddEdge(EdgeToManifest, digest, mayBeAbsent: false);

        void AddEdge(int kind, Digest digest, bool mayBeAbsent) =>
            scope.Use(InsertEdge).Bind(manifestId).Bind(kind).Bind(digest).Bind(repositoryId).Bind(mayBeAbsent).Tell();
    }

    /// <summary>Gives a manifest that stands its bytes again, where they are lost or wrong: the answer to this push is about them.</summary>
    private static void Heal(WriteScope scope, ManifestRow row, NewManifest manifest, Caller caller)
    {
        if (!row.Damaged && HasBytesOf(scope, row.Id, manifest.Bytes)) return;

        scope.Use(SetManifestBytes).Bind(row.Id).Bind(manifest.Bytes).Tell();
        scope.Use(SetManifestDamaged).Bind(row.Id).Bind(false).Tell();
        scope.Append(new LedgerEntry(LedgerKinds.ManifestHealed, manifest.RegistryId, manifest.Repository.Value, Digest: manifest.Digest), caller);
    }

    private static bool HasBytesOf(WriteScope scope, long manifestId, byte[] bytes)
    {
        using var row = scope.Use(HasBytes).Bind(manifestId).Bind(bytes);
        return row.Step();
    }

    private static long Insert(WriteScope scope, long repositoryId, NewManifest manifest, long hybridTime, Caller caller)
    {
        var body = manifest.Manifest;
        var subject = body.Subject?.Digest ?? default;
        var description = ManifestDescription.Of(body);
        var id = scope.Use(InsertManifest).Bind(repositoryId).Bind(manifest.Digest).Bind(body.MediaType).Bind(body.ReferrerArtifactType)
            .Bind(manifest.Bytes.Length).Bind(subject).Bind(subject.IsDefault ? null : body.Annotations).Bind(hybridTime).Bind(scope.Now)
            .Bind(caller.Name).Bind(!ManifestDescription.HasConfigOfImage(body)).Bind(description.ImageSize).Bind(description.ConfigMediaType).Insert();
        scope.Use(SetManifestBytes).Bind(id).Bind(manifest.Bytes).Tell();
        scope.Use(EndWaitsForSubject).Bind(repositoryId).Bind(manifest.Digest).Tell();
        if (!subject.IsDefault) scope.Use(WaitForSubject).Bind(id).Bind(repositoryId).Bind(subject).Bind(scope.Now).Tell();
        return id;
    }

    /// <summary>Makes the tag name the manifest; whether there was no such tag. What it named before may be left without one.</summary>
    private static bool SetTag(WriteScope scope, LedgerEntry entry, long repositoryId, TagToSet tag, long manifestId, Caller caller)
    {
        var name = tag.Tag.Value;
        var replaced = Math.Max(tag.Standing?.HybridTime ?? 0, TakeTombstone(scope, repositoryId, TombstoneKind.Tag, name));
        var hybridTime = scope.Append(entry with { Reference = name }, caller, replaced);
        scope.Use(UpsertTag).Bind(repositoryId).Bind(name).Bind(manifestId).Bind(hybridTime).Bind(scope.Now).Tell();
        if (tag.Standing is not { } before) return true;

        scope.Use(TouchManifest).Bind(before.ManifestId).Bind(scope.Now).Tell();
        WaitUntagged(scope, entry.RegistryId, before.ManifestId, pushedAt: null);
        return false;
    }

    /// <summary>
    /// A manifest counts in its repository, its registry and the installation, but not while it is deleted; its bytes are stored once for each repository, and
    /// count for as long as they are. Its tags, which come and go with it, count in the first two.
    /// </summary>
    private static void CountManifest(WriteScope scope, long registryId, long repositoryId, long size, int sign, long tags)
    {
        scope.AddUsage(
        [
            new UsageMove(registryId, repositoryId, sign * size, Manifests: sign, Tags: tags, UniqueBytes: sign * size),
            new UsageMove(registryId, 0, sign * size, Manifests: sign, Tags: tags), new UsageMove(0, 0, Manifests: sign),
        ]);
    }

    private static void CountTags(WriteScope scope, long registryId, long repositoryId, long tags)
    {
        if (tags == 0) return;
        scope.AddUsage([new UsageMove(registryId, repositoryId, Tags: tags), new UsageMove(registryId, 0, Tags: tags)]);
    }

    /// <summary>A manifest's row as the writer sees it.</summary>
    private readonly record struct ManifestRow(long Id, long Size, bool Deleted, long HybridTime, bool Damaged, Locks Locks, long UpdatedAt);

    /// <summary>A tag's row as the writer sees it.</summary>
    private readonly record struct TagRow(long ManifestId, long HybridTime, Locks Locks);

    /// <summary>A tag that a push names, with what stands of it.</summary>
    private readonly record struct TagToSet(Tag Tag, TagRow? Standing);
}
