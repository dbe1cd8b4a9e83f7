using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListDueMemberships = new("""
        SELECT due.repository_id, due.digest, due.lease_until, r.registry_id, r.name
        FROM (SELECT repository_id, digest, lease_until, review_at FROM memberships WHERE review_at <= ?1 ORDER BY review_at LIMIT ?2) due
        CROSS JOIN repositories r ON r.id = due.repository_id
        """);

    private static readonly Sql SetMembershipReview = new("UPDATE memberships SET review_at = ?3 WHERE repository_id = ?1 AND digest = ?2");

    private static readonly Sql BusyUntilTime = new($"""
        SELECT max(
            COALESCE((SELECT max(progress_at) + {ProgressStep} + ?2 FROM uploads WHERE repository_id = ?1 AND state < 3 AND state = 0), 0),
            COALESCE((SELECT max(progress_at) + ?2 FROM uploads WHERE repository_id = ?1 AND state < 3 AND state = 1), 0),
            COALESCE((SELECT max(progress_at) + ?3 FROM uploads WHERE repository_id = ?1 AND state < 3 AND state = 2), 0))
        """);

    private static readonly Sql ListDueBlobs = new("SELECT digest, size FROM blobs WHERE review_at <= ?1 ORDER BY review_at LIMIT ?2");

    private static readonly Sql SettleBlob = new("UPDATE blobs SET review_at = NULL WHERE digest = ?1");

    private static readonly Sql DeleteBlob = new("DELETE FROM blobs WHERE digest = ?1");

    private static readonly Sql ListExpiredUploads = new("""
        SELECT u.id, u.registry_id, r.name FROM uploads u CROSS JOIN repositories r ON r.id = u.repository_id
        WHERE u.state = ?1 AND u.expires_at <= ?2 AND (u.writer_until IS NULL OR u.writer_until <= ?2 OR (u.writer_node IS DISTINCT FROM ?4 AND ?4 IS NOT NULL))
        ORDER BY u.expires_at LIMIT ?3
        """);

    private static readonly Sql ListDiscarded = new("""
        SELECT location, not_before FROM discarded_locations WHERE not_before <= ?1 AND (not_before, location) > (?2, ?3)
        ORDER BY not_before, location LIMIT ?4
        """);

    private static readonly Sql ListAborting = new("""
        SELECT location, id, expires_at FROM uploads
        WHERE state = 3 AND (expires_at, id) > (?3, ?4) AND (writer_until IS NULL OR writer_until <= ?1 OR (writer_node IS DISTINCT FROM ?2 AND ?2 IS NOT NULL))
        ORDER BY expires_at, id LIMIT ?5
        """);

    private static readonly Sql ForgetLocation = new("DELETE FROM discarded_locations WHERE location = ?1");

    private static readonly Sql ForgetUpload = new("DELETE FROM uploads WHERE id = ?1 AND location = ?2 AND +state = 3");

    /// <inheritdoc/>
    public Task<ReviewResult> ReviewMembershipsAsync(int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var due = new List<DueMembership>();
            using (var rows = scope.Use(ListDueMemberships).Bind(scope.Now).Bind(limit))
            {
                while (rows.Step()) due.Add(new DueMembership(rows.Int64(0), rows.Digest(1), rows.Int64(2), rows.Int64(3), rows.Text(4)));
            }

            var busyUntil = new Dictionary<long, long>();
            var result = default(ReviewResult);
            // In the order in which pushes that share a commit come to the same rows.
            foreach (var membership in due.OrderBy(one => one.Digest)) result = Review(scope, membership, busyUntil, result with { Reviewed = result.Reviewed + 1 });
            return result;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<BlobReviewResult> ReviewBlobsAsync(int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var due = new List<(Digest Digest, long Size)>();
            using (var rows = scope.Use(ListDueBlobs).Bind(scope.Now).Bind(limit))
            {
                while (rows.Step()) due.Add((rows.Digest(0), rows.Int64(1)));
            }

            var result = new BlobReviewResult(due.Count, 0, 0);
            foreach (var (digest, size) in due)
            {
                if (HasMembership(scope, digest))
                {
                    scope.Use(SettleBlob).Bind(digest).Tell();
                    continue;
                }

                Claim(scope, digest);
                result = result with { Discarded = result.Discarded + 1, BytesDiscarded = result.BytesDiscarded + size };
            }

            return result;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<int> ExpireUploadsAsync(int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var expired = new List<(string Id, long RegistryId, string Repository)>();
            foreach (var state in (ReadOnlySpan<UploadState>)[UploadState.Open, UploadState.Completing])
            {
                using var rows = scope.Use(ListExpiredUploads).Bind((long)state).Bind(scope.Now).Bind(limit - expired.Count).Bind(_onlyWriterNode);
                while (rows.Step()) expired.Add((rows.Text(0), rows.Int64(1), rows.Text(2)));
            }

            foreach (var (id, registryId, repository) in expired)
            {
                if (FindReserving(scope, id) is { } upload) Release(scope, upload);
                scope.Use(AbortUpload).Bind(id).Bind((long?)null).Tell();
                AppendAborted(scope, registryId, repository, id, Caller.System);
            }

            return expired.Count;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DiscardedPage> ListDiscardedAsync(DiscardedCursor after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (Now: _time.GetUtcNow(), Node: _onlyWriterNode, After: after, Limit: limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                var locations = new List<DiscardedLocation>();
                var next = list.After;
                if (!next.InUploads)
                {
                    using var rows = reader.Use(ListDiscarded).Bind(list.Now).Bind(next.Due).Bind(next.Key ?? "").Bind(list.Limit);
                    while (rows.Step())
                    {
                        locations.Add(new DiscardedLocation(rows.Text(0), null));
                        next = new DiscardedCursor(rows.Time(1), rows.Text(0), InUploads: false);
                    }
                }

                if (locations.Count < list.Limit)
                {
                    var (due, id) = next.InUploads ? (next.Due, next.Key) : (default, null);
                    using var rows = reader.Use(ListAborting).Bind(list.Now).Bind(list.Node).Bind(due).Bind(id ?? "").Bind(list.Limit - locations.Count);
                    while (rows.Step())
                    {
                        locations.Add(new DiscardedLocation(rows.Text(0), rows.Text(1)));
                        next = new DiscardedCursor(rows.Time(2), rows.Text(1), InUploads: true);
                    }
                }

                return new DiscardedPage(locations, next);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task ForgetDiscardedAsync(IReadOnlyList<DiscardedLocation> locations, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            foreach (var (location, uploadId) in locations)
            {
                if (uploadId is null) scope.Use(ForgetLocation).Bind(location).Tell();
                else scope.Use(ForgetUpload).Bind(uploadId).Bind(location).Tell();
            }

            return true;
        },
        cancellationToken);

    private ReviewResult Review(WriteScope scope, DueMembership due, Dictionary<long, long> busyUntil, ReviewResult result)
    {
        if (IsNamed(scope, due.RepositoryId, due.Digest)) return PutOff(scope, due, null, result);
        if (due.LeaseUntil > scope.Now) return PutOff(scope, due, due.LeaseUntil, result);
        var busy = BusyUntil(scope, due.RepositoryId, busyUntil);
        if (busy > scope.Now) return PutOff(scope, due, busy, result);

        var size = ReadStoredBlob(scope, due.Digest)?.Size
            ?? throw new InvalidDataException($"Repository {due.Repository} has a membership of blob {due.Digest}, which has no row.");
        result = result with { Ended = result.Ended + 1 };
        if (Leave(scope, due.RegistryId, due.RepositoryId, due.Digest, size))
        {
            Claim(scope, due.Digest);
            result = result with { BlobsDiscarded = result.BlobsDiscarded + 1, BytesDiscarded = result.BytesDiscarded + size };
        }

        scope.Append(new LedgerEntry(LedgerKinds.BlobCollected, due.RegistryId, due.Repository, Digest: due.Digest), Caller.System);
        return result;
    }

    private static ReviewResult PutOff(WriteScope scope, DueMembership due, long? until, ReviewResult result)
    {
        scope.Use(SetMembershipReview).Bind(due.RepositoryId).Bind(due.Digest).Bind(until).Tell();
        return result;
    }

    private long BusyUntil(WriteScope scope, long repositoryId, Dictionary<long, long> known)
    {
        if (known.TryGetValue(repositoryId, out var until)) return until;

        using var row = scope.Use(BusyUntilTime).Bind(repositoryId).Bind((long)_retention.UploadProgressWindow.TotalMilliseconds)
            .Bind((long)_retention.EndedUploadWindow.TotalMilliseconds);
        until = row.Step() ? row.Int64(0) : 0;
        known.Add(repositoryId, until);
        return until;
    }

    /// <summary>
    /// Takes a blob that no repository holds: its row goes and its location is discarded, in one transaction. A push of the same content that comes
    /// after simply brings a row and a location of its own.
    /// </summary>
    private void Claim(WriteScope scope, Digest digest)
    {
        var blob = ReadStoredBlob(scope, digest) ?? throw new InvalidDataException($"Blob {digest} was due for removal but has no row.");
        scope.Use(DeleteBlob).Bind(digest).Tell();
        scope.AddUsage(0, 0, -blob.Size, -1, 0);
        Discard(scope, blob.Location);
    }

    private readonly record struct DueMembership(long RepositoryId, Digest Digest, long LeaseUntil, long RegistryId, string Repository);
}
