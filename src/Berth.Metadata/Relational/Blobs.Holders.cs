using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>Where a mount without a source finds one: what it may cost is bounded, however many hold the blob and whatever the caller may read.</summary>
public sealed partial class RelationalMetadataStore
{
    // At most 64 memberships are looked at. The first half of the looks finds content that few hold, the second content that nearly everybody holds.
    private const int HoldersLookedAt = 32;
    private const int RepositoriesLookedAt = 32;

    // Sorts after every name.
    private const string AfterAllNames = "\uffff";

    private static readonly Sql ListHolders = new("""
        SELECT r.registry_id, r.name, r.locks FROM (SELECT repository_id FROM memberships WHERE digest = ?1 LIMIT ?2) holders
        CROSS JOIN repositories r ON r.id = holders.repository_id
        """);

    private static readonly Sql ListWhetherHolding = new("""
        SELECT r.name, EXISTS (SELECT 1 FROM memberships m WHERE m.repository_id = r.id AND m.digest = ?4), r.locks
        FROM repositories r WHERE r.registry_id = ?1 AND r.name >= ?2 AND r.name < ?3 ORDER BY r.name LIMIT ?5
        """);

    /// <summary>
    /// A repository the caller may read that holds the blob: the target itself; else one of the first that hold it at all; else, where more hold
    /// it than were looked at, one of the first that the caller may read.
    /// </summary>
    private static RepositoryName? FindHolder(
        WriteScope scope, long registryId, RepositoryName repository, Digest digest, IReadOnlyList<NameRange> readable)
    {
        if (readable.Any(range => range.Contains(repository))
            && ReadBlob(scope.Session, registryId, repository, digest, scope.Now) is { } own && !own.RepositoryLocks.HasFlag(Locks.Read)) return repository;

        return FindAmongHolders(scope, registryId, digest, readable, out var all) ?? (all ? null : FindAmongReadable(scope, registryId, digest, readable));
    }

    private static RepositoryName? FindAmongHolders(WriteScope scope, long registryId, Digest digest, IReadOnlyList<NameRange> readable, out bool all)
    {
        all = false;
        var looks = 0;
        using var rows = scope.Use(ListHolders).Bind(digest).Bind(HoldersLookedAt);
        for (; rows.Step(); looks++)
        {
            if (rows.Int64(0) != registryId || MustNotBeRead(rows.Int64(2))) continue;
            var name = RepositoryName.Parse(rows.Text(1));
            if (readable.Any(range => range.Contains(name))) return name;
        }

        all = looks < HoldersLookedAt;
        return null;
    }

    private static RepositoryName? FindAmongReadable(WriteScope scope, long registryId, Digest digest, IReadOnlyList<NameRange> readable)
    {
        var looks = 0;
        for (var i = 0; i < readable.Count && looks < RepositoriesLookedAt; i++, looks++)
        {
            // A range in which there is nothing costs a look, too.
            using var rows = scope.Use(ListWhetherHolding).Bind(registryId).Bind(readable[i].From).Bind(readable[i].Until ?? AfterAllNames).Bind(digest)
                .Bind(RepositoriesLookedAt - looks);
            for (; rows.Step(); looks++)
            {
                if (rows.Bool(1) && !MustNotBeRead(rows.Int64(2))) return RepositoryName.Parse(rows.Text(0));
            }
        }

        return null;
    }

    private static bool MustNotBeRead(long locks) => ((Locks)locks).HasFlag(Locks.Read);
}
