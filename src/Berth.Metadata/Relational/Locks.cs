using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How locks are set, and how they refuse: every client's act is looked at in its own transaction, whichever route it came by.</summary>
public sealed partial class RelationalMetadataStore
{
    /// <summary>What forbids a deletion: what must not be changed must not be deleted either.</summary>
    private const Locks AgainstDeletion = Locks.Delete | Locks.Write;

    // (locks & 3): what forbids a deletion, as the indexes have it.
    private static readonly Sql FindLockedTag = new("""
        SELECT name, locks FROM tags INDEXED BY tags_locked WHERE repository_id = ?1 AND (locks & 3) <> 0 LIMIT 1
        """);

    private static readonly Sql FindLockedManifest = new("""
        SELECT digest, locks FROM manifests INDEXED BY manifests_locked WHERE repository_id = ?1 AND (locks & 3) <> 0 AND deleted_at IS NULL LIMIT 1
        """);

    private static readonly Sql FindTagLocks = new("SELECT locks, locks_time FROM tags WHERE repository_id = ?1 AND name = ?2");

    private static readonly Sql SetTagLocks = new("""
        UPDATE tags SET locks = ?3, locks_time = ?4, locks_region = (SELECT region FROM installation) WHERE repository_id = ?1 AND name = ?2
        """);

    private static readonly Sql FindManifestLocks = new("""
        SELECT locks, locks_time FROM manifests WHERE repository_id = ?1 AND digest = ?2 AND +deleted_at IS NULL AND damaged = 0
        """);

    private static readonly Sql SetManifestLocks = new("""
        UPDATE manifests SET locks = ?3, locks_time = ?4, locks_region = (SELECT region FROM installation) WHERE repository_id = ?1 AND digest = ?2
        """);

    /// <inheritdoc/>
    public Task<bool> LockTagAsync(
        long registryId, RepositoryName repository, Tag tag, LockChanges changes, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row) return false;
            if (ReadLocks(scope.Use(FindTagLocks).Bind(row.Id).Bind(tag.Value)) is not { } standing) return false;

            var locks = changes.Apply(standing.Locks);
            if (locks == standing.Locks) return true;
            var entry = new LedgerEntry(LedgerKinds.TagLocked, registryId, repository.Value, tag.Value, Payload: LocksPayload(locks));
            scope.Use(SetTagLocks).Bind(row.Id).Bind(tag.Value).Bind((long)locks).Bind(scope.Append(entry, caller, standing.Time)).Tell();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> LockManifestAsync(
        long registryId, RepositoryName repository, Digest digest, LockChanges changes, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row) return false;
            if (ReadLocks(scope.Use(FindManifestLocks).Bind(row.Id).Bind(digest)) is not { } standing) return false;

            var locks = changes.Apply(standing.Locks);
            if (locks == standing.Locks) return true;
            var entry = new LedgerEntry(LedgerKinds.ManifestLocked, registryId, repository.Value, Digest: digest, Payload: LocksPayload(locks));
            scope.Use(SetManifestLocks).Bind(row.Id).Bind(digest).Bind((long)locks).Bind(scope.Append(entry, caller, standing.Time)).Tell();
            return true;
        },
        cancellationToken);

    /// <summary>Refuses the act when one of the locks that forbid it is set.</summary>
    /// <exception cref="LockedException">One is.</exception>
    private static void Refuse(Locks standing, Locks forbidding, RepositoryName repository, Reference? reference = null)
    {
        var held = standing & forbidding;
        if (held == Locks.None) return;
        throw new LockedException(new StandingLock(repository, reference, held.HasFlag(Locks.Write) ? Locks.Write : held));
    }

    /// <summary>Refuses the deletion of a repository that is locked, or holds a tag or a manifest that is.</summary>
    private static void RefuseDeletion(WriteScope scope, RepositoryRow row, RepositoryName repository)
    {
        Refuse(row.Locks, AgainstDeletion, repository);
        using (var tag = scope.Use(FindLockedTag).Bind(row.Id))
        {
            if (tag.Step()) Refuse((Locks)tag.Int64(1), AgainstDeletion, repository, Reference.To(Tag.Parse(tag.Text(0))));
        }

        using var manifest = scope.Use(FindLockedManifest).Bind(row.Id);
        if (manifest.Step()) Refuse((Locks)manifest.Int64(1), AgainstDeletion, repository, Reference.To(manifest.Digest(0)));
    }

    /// <summary>Refuses a push that would change something that is locked; one that changes nothing passes.</summary>
    private static void RefusePush(WriteScope scope, NewManifest manifest, RepositoryRow repository, ManifestRow? standing, IReadOnlyList<TagToSet> tags)
    {
        var moves = tags.Where(tag => standing is not { Deleted: false } row || tag.Standing?.ManifestId != row.Id).ToList();
        if (standing is { Deleted: false } && moves.Count == 0) return;

        Refuse(repository.Locks, Locks.Write, manifest.Repository);
        foreach (var tag in moves) Refuse(tag.Standing?.Locks ?? Locks.None, Locks.Write, manifest.Repository, Reference.To(tag.Tag));
        Refuse(standing?.Locks ?? Locks.None, Locks.Write, manifest.Repository, Reference.To(manifest.Digest));
        RefuseMoves(scope, manifest.RegistryId, manifest.Repository, moves);
    }

    private static (Locks Locks, long Time)? ReadLocks(Statement found)
    {
        using var row = found;
        return row.Step() ? ((Locks)row.Int64(0), row.Int64(1)) : null;
    }

    private static string LocksPayload(Locks locks) => JsonText.Facts(("locks", locks.ToString()));
}
