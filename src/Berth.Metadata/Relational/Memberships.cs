using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How memberships come and go, whoever asks: each move of a count happens here, in the transaction of its cause.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindMembership = new("SELECT review_at FROM memberships WHERE repository_id = ?1 AND digest = ?2");

    private static readonly Sql InsertMembership = new("""
        INSERT INTO memberships (repository_id, digest, lease_until, review_at, created_at) VALUES (?1, ?2, ?3, ?3, ?4)
        ON CONFLICT (repository_id, digest) DO NOTHING
        """);

    // A membership that has no review is named by a manifest, and stays out of the queue until the last of those goes.
    private static readonly Sql ExtendMembership = new("""
        UPDATE memberships SET lease_until = max(lease_until, ?3), review_at = CASE WHEN review_at IS NULL THEN NULL ELSE max(lease_until, ?3) END
        WHERE repository_id = ?1 AND digest = ?2
        """);

    private static readonly Sql QueueMembership = new("""
        UPDATE memberships SET lease_until = max(lease_until, ?3), review_at = max(lease_until, ?3) WHERE repository_id = ?1 AND digest = ?2
        """);

    private static readonly Sql DeleteMembership = new("DELETE FROM memberships WHERE repository_id = ?1 AND digest = ?2");

    private static readonly Sql AnyMembership = new("SELECT 1 FROM memberships WHERE digest = ?1 LIMIT 1");

    private static readonly Sql AddRegistryBlob = new("""
        INSERT INTO registry_blobs (registry_id, digest, repositories, repository_sum) VALUES (?1, ?2, 1, ?3)
        ON CONFLICT (registry_id, digest) DO UPDATE SET repositories = registry_blobs.repositories + 1,
            repository_sum = registry_blobs.repository_sum + excluded.repository_sum
        RETURNING repositories, repository_sum
        """);

    private static readonly Sql SubtractRegistryBlob = new("""
        UPDATE registry_blobs SET repositories = repositories - 1, repository_sum = repository_sum - ?3 WHERE registry_id = ?1 AND digest = ?2
        RETURNING repositories, repository_sum
        """);

    private static readonly Sql DeleteRegistryBlob = new("DELETE FROM registry_blobs WHERE registry_id = ?1 AND digest = ?2");

    private static readonly Sql InsertDiscarded = new("INSERT INTO discarded_locations (location, not_before) VALUES (?1, ?2)");

    /// <summary>Makes the blob a member where the quotas have room for it, or extends the lease that it has.</summary>
    /// <exception cref="QuotaException">One of them has none.</exception>
    private static void JoinOrExtend(
        WriteScope scope, long registryId, long repositoryId, Digest digest, long size, DateTimeOffset leaseUntil, Caller caller)
    {
        if (scope.Use(InsertMembership).Bind(repositoryId).Bind(digest).Bind(leaseUntil).Bind(scope.Now).Execute() == 0)
        {
            scope.Use(ExtendMembership).Bind(repositoryId).Bind(digest).Bind(leaseUntil).Tell();
            return;
        }

        var holders = ReadHolders(scope.Use(AddRegistryBlob).Bind(registryId).Bind(digest).Bind(repositoryId));
        var usage = new UsageMoves(scope);
        CountJoined(usage, registryId, repositoryId, size, holders, isNew: false);
        usage.Tell();
        Charge(scope, repositoryId, size, holders.Count == 1 ? size : 0, caller);
    }

    /// <summary>Counts a blob that a repository got.</summary>
    /// <param name="usage">Where it is counted.</param>
    /// <param name="registryId">The registry.</param>
    /// <param name="repositoryId">The repository.</param>
    /// <param name="size">The blob's bytes.</param>
    /// <param name="holders">How many repositories of the registry hold it now, and the sum of their ids.</param>
    /// <param name="isNew">Whether the installation had no such blob.</param>
    private static void CountJoined(UsageMoves usage, long registryId, long repositoryId, long size, (long Count, long Sum) holders, bool isNew)
    {
        usage.Add(new UsageMove(registryId, repositoryId, size, 1, UniqueBytes: holders.Count == 1 ? size : 0));
        if (holders.Count == 1) usage.Add(new UsageMove(registryId, 0, size, 1));
        else if (holders.Count == 2) usage.Add(new UsageMove(registryId, holders.Sum - repositoryId, UniqueBytes: -size));
        if (isNew) usage.Add(new UsageMove(0, 0, size, 1));
    }

    /// <summary>Ends a membership; returns whether the blob has none left anywhere.</summary>
    private static bool Leave(WriteScope scope, long registryId, long repositoryId, Digest digest, long size)
    {
        scope.Use(DeleteMembership).Bind(repositoryId).Bind(digest).Tell();
        var left = ReadHolders(scope.Use(SubtractRegistryBlob).Bind(registryId).Bind(digest).Bind(repositoryId));
        scope.AddUsage(registryId, repositoryId, -size, -1, 0, uniqueBytes: left.Count == 0 ? -size : 0);
        if (left.Count == 1) scope.AddUsage(registryId, left.Sum, 0, 0, 0, uniqueBytes: size);
        if (left.Count > 0) return false;

        scope.Use(DeleteRegistryBlob).Bind(registryId).Bind(digest).Tell();
        scope.AddUsage(registryId, 0, -size, -1, 0);
        return !HasMembership(scope, digest);
    }

    // The sum of the repositories' ids is the id of the only one.
    private static (long Count, long Sum) ReadHolders(Statement counted)
    {
        using var row = counted;
        if (!row.Step()) throw new InvalidDataException("A blob of a repository is not counted in its registry.");
        var holders = (row.Int64(0), row.Int64(1));
        return !row.Step() ? holders : throw new InvalidDataException("A blob of a repository is counted twice in its registry.");
    }

    private static bool HasMembership(WriteScope scope, Digest digest)
    {
        using var row = scope.Use(AnyMembership).Bind(digest);
        return row.Step();
    }

    private void Discard(WriteScope scope, string location) =>
        scope.Use(InsertDiscarded).Bind(location).Bind(scope.Now + (long)_retention.DiscardDelay.TotalMilliseconds).Tell();
}
