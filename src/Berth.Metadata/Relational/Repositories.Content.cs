using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    // Each is a whole transaction's worth of work at most; the step ends behind the manifest that fills it.
    private const int ManifestsOfStep = 20;

    private static readonly Sql LastManifest = new("SELECT max(id) FROM manifests");

    private static readonly Sql NextManifest = new("""
        SELECT digest FROM manifests WHERE repository_id = ?1 AND digest > ?2 AND deleted_at IS NULL ORDER BY digest LIMIT 1
        """);

    /// <inheritdoc/>
    public async Task<RepositoryDeletion> DeleteRepositoryStepAsync(
        long registryId, RepositoryName repository, RepositoryDeletionCursor? cursor, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken)
    {
        if (cursor is null) await RefuseDeletionOfWriteOnceAsync(registryId, repository, cancellationToken);
        return await RelieveAsync(
            scope =>
            {
                var manifests = new List<Digest>();
                var tags = new List<string>();
                var restorable = 0;
                if (FindRepositoryRow(scope, registryId, repository) is not { } row) return new RepositoryDeletion(manifests, tags, null, restorable);

                // At every step: what was locked since the one before stays, and all that is left with it.
                RefuseDeletion(scope, row, repository);
                if (cursor is null) RefuseUse(scope, registryId, row.Id, repository);
                var rules = ReadTagRules(scope.Session, registryId);
                if (cursor is null) ResetSettings(scope, registryId, repository, row.Id, caller);
                var after = cursor?.After ?? default;
                var until = cursor?.Until ?? Last(scope);

                // One time for all steps: what was deleted together comes back together.
                var deletion = BeginDeletion(scope, registryId, cursor?.BeganAt ?? scope.Now, leaseUntil, caller);
                for (var looked = 0; looked < ManifestsOfStep; looked++)
                {
                    var next = FindNext(scope, row.Id, after);
                    if (next.IsDefault) return new RepositoryDeletion(manifests, tags, null, restorable);
                    if (DeleteFromTheTop(next)) after = next;
                }

                return new RepositoryDeletion(manifests, tags, new RepositoryDeletionCursor(after, until, deletion.At), restorable);

                // Deletes the topmost index that lists the manifest; true when the manifest itself is done with, deleted or kept.
                bool DeleteFromTheTop(Digest digest)
                {
                    var top = digest;
                    for (var parent = FindDigest(scope.Session, FindParent, row.Id, top); !parent.IsDefault; parent = FindDigest(scope.Session, FindParent, row.Id, top)) top = parent;
                    if (FindManifest(scope, row.Id, top) is not { Deleted: false } manifest || manifest.Id > until) return true;
                    RefuseUse(scope, registryId, row.Id, repository, top);

                    var entry = new LedgerEntry(LedgerKinds.ManifestDeleted, registryId, repository.Value, Digest: top);
                    var named = TagsOf(scope, manifest.Id);
                    RefuseRemovals(rules, repository, top, named);
                    if (DeleteManifestWithTags(scope, entry, row.Id, manifest, named, deletion)) restorable++;
                    tags.AddRange(named.Select(tag => tag.Name));
                    manifests.Add(top);
                    return top == digest;
                }
            },
            cancellationToken);
    }

    private static Digest FindNext(WriteScope scope, long repositoryId, Digest after)
    {
        using var row = scope.Use(NextManifest).Bind(repositoryId);
        _ = after.IsDefault ? row.Bind(BeforeDigests) : row.Bind(after);
        return row.Step() ? row.Digest(0) : default;
    }

    private static long Last(WriteScope scope)
    {
        using var row = scope.Use(LastManifest);
        return row.Step() && !row.IsNull(0) ? row.Int64(0) : 0;
    }
}
