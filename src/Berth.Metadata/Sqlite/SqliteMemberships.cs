using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Sqlite;

/// <summary>How memberships come and go, whoever asks: each move of a count happens here, in the transaction of its cause.</summary>
public sealed partial class SqliteMetadataStore
{
    private static readonly Sql FindMembership = new("SELECT review_at FROM memberships WHERE repository_id = ?1 AND digest = ?2");

    private static readonly Sql InsertMembership = new("""
        INSERT INTO memberships (repository_id, digest, lease_until, review_at, created_at) VALUES (?1, ?2, ?3, ?3, ?4)
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
        ON CONFLICT DO UPDATE SET repositories = repositories + 1, repository_sum = repository_sum + ?3
        RETURNING repositories
        """);

    private static readonly Sql SubtractRegistryBlob = new("""
        UPDATE registry_blobs SET repositories = repositories - 1, repository_sum = repository_sum - ?3 WHERE registry_id = ?1 AND digest = ?2
        RETURNING repositories
        """);

    private static readonly Sql DeleteRegistryBlob = new("DELETE FROM registry_blobs WHERE registry_id = ?1 AND digest = ?2");

    private static readonly Sql InsertDiscarded = new("INSERT INTO discarded_locations (location, not_before) VALUES (?1, ?2)");

    /// <summary>Makes the blob a member, or extends the lease that it has.</summary>
    private static void JoinOrExtend(WriteScope scope, long registryId, long repositoryId, Digest digest, long size, DateTimeOffset leaseUntil)
    {
        if (scope.Use(ExtendMembership).Bind(repositoryId).Bind(digest).Bind(leaseUntil).Execute() > 0) return;

        scope.Use(InsertMembership).Bind(repositoryId).Bind(digest).Bind(leaseUntil).Bind(scope.Now).Execute();
        scope.AddUsage(registryId, repositoryId, size, 1, 0);
        using var count = scope.Use(AddRegistryBlob).Bind(registryId).Bind(digest).Bind(repositoryId);
        if (count.OnlyInt64() == 1) scope.AddUsage(registryId, 0, size, 1, 0);
    }

    /// <summary>Ends a membership; returns whether the blob has none left anywhere.</summary>
    private static bool Leave(WriteScope scope, long registryId, long repositoryId, Digest digest, long size)
    {
        scope.Use(DeleteMembership).Bind(repositoryId).Bind(digest).Execute();
        scope.AddUsage(registryId, repositoryId, -size, -1, 0);
        long left;
        using (var count = scope.Use(SubtractRegistryBlob).Bind(registryId).Bind(digest).Bind(repositoryId)) left = count.OnlyInt64();
        if (left > 0) return false;

        scope.Use(DeleteRegistryBlob).Bind(registryId).Bind(digest).Execute();
        scope.AddUsage(registryId, 0, -size, -1, 0);
        return !HasMembership(scope, digest);
    }

    private static bool HasMembership(WriteScope scope, Digest digest)
    {
        using var row = scope.Use(AnyMembership).Bind(digest);
        return row.Step();
    }

    private void Discard(WriteScope scope, string location) =>
        scope.Use(InsertDiscarded).Bind(location).Bind(scope.Now + (long)_options.DiscardDelay.TotalMilliseconds).Execute();
}
