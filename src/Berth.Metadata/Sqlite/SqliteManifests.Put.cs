using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    private const int EdgeToBlob = 1;
    private const int EdgeToManifest = 2;

    private static readonly Sql FindManifestRow = new("""
        SELECT id, size, deleted_at IS NOT NULL, hybrid_time, damaged FROM manifests WHERE repository_id = ?1 AND digest = ?2
        """);

    private static readonly Sql InsertManifest = new("""
        INSERT INTO manifests (repository_id, digest, media_type, artifact_type, size, subject, annotations, hybrid_time, region, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT region FROM installation), ?9)
        """);

    private static readonly Sql ReviveManifest = new("""
        UPDATE manifests SET deleted_at = NULL, hybrid_time = ?2, region = (SELECT region FROM installation) WHERE id = ?1
        """);

    private static readonly Sql SetManifestBytes = new("INSERT OR REPLACE INTO manifest_bytes (manifest_id, bytes) VALUES (?1, ?2)");

    private static readonly Sql HasBytes = new("SELECT 1 FROM manifest_bytes WHERE manifest_id = ?1 AND bytes = ?2");

    private static readonly Sql SetManifestDamaged = new("UPDATE manifests SET damaged = ?2 WHERE id = ?1");

    private static readonly Sql InsertEdge = new("""
        INSERT OR IGNORE INTO edges (manifest_id, kind, digest, repository_id, may_be_absent) VALUES (?1, ?2, ?3, ?4, ?5)
        """);

    private static readonly Sql FindTag = new("SELECT manifest_id, hybrid_time FROM tags WHERE repository_id = ?1 AND name = ?2");

    private static readonly Sql UpsertTag = new("""
        INSERT INTO tags (repository_id, name, manifest_id, hybrid_time, region, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, (SELECT region FROM installation), ?5, ?5)
        ON CONFLICT DO UPDATE SET manifest_id = excluded.manifest_id, hybrid_time = excluded.hybrid_time, region = excluded.region,
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
        var standing = repository is { } known ? FindManifest(scope, known.Id, manifest.Digest) : null;

        // Also for a manifest that stands: what it names may have been found damaged since.
        var content = NamedContent.Check(scope, repository?.Id ?? 0, manifest);
        if (content.Refusal is { } refusal) return refusal;

        repository ??= EnsureRepository(scope, manifest.RegistryId, manifest.Repository);
        var repositoryId = repository.Value.Id;
        var row = standing is { Deleted: false } ? standing.Value : Add(scope, repositoryId, manifest, standing, caller);
        if (!repository.Value.Listed) scope.Use(SetListed).Bind(repositoryId).Bind(true).Execute();
        AddEdges(scope, repositoryId, row.Id, content);
        if (standing is not null) Heal(scope, row, manifest, caller);
        foreach (var tag in manifest.Tags) SetTag(scope, repositoryId, manifest, tag, row.Id, caller);
        return PutManifestResult.Stored;
    }

    private static ManifestRow? FindManifest(WriteScope scope, long repositoryId, Digest digest)
    {
        using var row = scope.Use(FindManifestRow).Bind(repositoryId).Bind(digest);
        return row.Step() ? new ManifestRow(row.Int64(0), row.Int64(1), row.Bool(2), row.Int64(3), row.Bool(4)) : null;
    }

    private static ManifestRow Add(WriteScope scope, long repositoryId, NewManifest manifest, ManifestRow? deleted, Caller caller)
    {
        var replaced = Math.Max(deleted?.HybridTime ?? 0, TakeTombstone(scope, repositoryId, TombstoneKind.Manifest, manifest.Digest.ToString()));
        var hybridTime = scope.Append(
            new LedgerEntry(LedgerKinds.ManifestPushed, manifest.RegistryId, manifest.Repository.Value, Digest: manifest.Digest), caller, replaced);
        if (deleted is { } row)
        {
            scope.Use(ReviveManifest).Bind(row.Id).Bind(hybridTime).Execute();
            return row;
        }

        var id = Insert(scope, repositoryId, manifest, hybridTime);
        CountManifest(scope, manifest.RegistryId, repositoryId, manifest.Bytes.Length, 1);
        return new ManifestRow(id, manifest.Bytes.Length, Deleted: false, hybridTime, Damaged: false);
    }

    /// <summary>The edges of all that the manifest names; those of one that stands are there already, unless they were lost.</summary>
    private static void AddEdges(WriteScope scope, long repositoryId, long manifestId, NamedContent content)
    {
        foreach (var digest in content.Blobs) AddEdge(EdgeToBlob, digest, mayBeAbsent: false);
        foreach (var digest in content.AbsentBlobs) AddEdge(EdgeToBlob, digest, mayBeAbsent: true);
        foreach (var digest in content.Children) AddEdge(EdgeToManifest, digest, mayBeAbsent: false);

        void AddEdge(int kind, Digest digest, bool mayBeAbsent) =>
            scope.Use(InsertEdge).Bind(manifestId).Bind(kind).Bind(digest).Bind(repositoryId).Bind(mayBeAbsent).Execute();
    }

    /// <summary>Gives a manifest that stands its bytes again, where they are lost or wrong: the answer to this push is about them.</summary>
    private static void Heal(WriteScope scope, ManifestRow row, NewManifest manifest, Caller caller)
    {
        if (!row.Damaged && HasBytesOf(scope, row.Id, manifest.Bytes)) return;

        scope.Use(SetManifestBytes).Bind(row.Id).Bind(manifest.Bytes).Execute();
        scope.Use(SetManifestDamaged).Bind(row.Id).Bind(false).Execute();
        scope.Append(new LedgerEntry(LedgerKinds.ManifestHealed, manifest.RegistryId, manifest.Repository.Value, Digest: manifest.Digest), caller);
    }

    private static bool HasBytesOf(WriteScope scope, long manifestId, byte[] bytes)
    {
        using var row = scope.Use(HasBytes).Bind(manifestId).Bind(bytes);
        return row.Step();
    }

    private static long Insert(WriteScope scope, long repositoryId, NewManifest manifest, long hybridTime)
    {
        var body = manifest.Manifest;
        var subject = body.Subject?.Digest ?? default;
        scope.Use(InsertManifest).Bind(repositoryId).Bind(manifest.Digest).Bind(body.MediaType).Bind(body.ReferrerArtifactType)
            .Bind(manifest.Bytes.Length).Bind(subject).Bind(subject.IsDefault ? null : body.Annotations).Bind(hybridTime).Bind(scope.Now)
            .Execute();
        var id = scope.Session.LastInsertedId;
        scope.Use(SetManifestBytes).Bind(id).Bind(manifest.Bytes).Execute();
        return id;
    }

    private static void SetTag(WriteScope scope, long repositoryId, NewManifest manifest, Tag tag, long manifestId, Caller caller)
    {
        long replaced = 0;
        using (var row = scope.Use(FindTag).Bind(repositoryId).Bind(tag.Value))
        {
            if (row.Step())
            {
                if (row.Int64(0) == manifestId) return;
                replaced = row.Int64(1);
            }
        }

        replaced = Math.Max(replaced, TakeTombstone(scope, repositoryId, TombstoneKind.Tag, tag.Value));
        var hybridTime = scope.Append(
            new LedgerEntry(LedgerKinds.TagSet, manifest.RegistryId, manifest.Repository.Value, tag.Value, manifest.Digest), caller, replaced);
        scope.Use(UpsertTag).Bind(repositoryId).Bind(tag.Value).Bind(manifestId).Bind(hybridTime).Bind(scope.Now).Execute();
    }

    /// <summary>A manifest counts in its repository, its registry and the installation; its bytes are stored once for each repository.</summary>
    private static void CountManifest(WriteScope scope, long registryId, long repositoryId, long size, int sign)
    {
        scope.AddUsage(registryId, repositoryId, sign * size, 0, sign);
        scope.AddUsage(registryId, 0, sign * size, 0, sign);
        scope.AddUsage(0, 0, 0, 0, sign);
    }

    /// <summary>A manifest's row as the writer sees it.</summary>
    private readonly record struct ManifestRow(long Id, long Size, bool Deleted, long HybridTime, bool Damaged);
}
