using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite.Engine;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>
/// What one commit of garbage collection adds to the log, with as many rows around those that are due that each lies on pages of its own, in
/// every table and index where that is possible.
/// </summary>
public sealed class GarbageBatchTests : IAsyncLifetime
{
    private const int Batch = IGarbage.LargestBatch;
    private const int Rows = 200 * Batch;
    private const long ReserveBytes = 256 * 1024 * 1024;

    // A quarter of the reserve, and of that a quarter: were each row's leaf also merged with its two neighbours, and their parent written, it would still fit.
    private const long Most = ReserveBytes / 4 / 4;

    private readonly StoreFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(2_000_000_000_000));
    private RelationalMetadataStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await _folder.OpenAsync(
        options => options with { CheckpointInterval = TimeSpan.FromHours(1), IdleTime = TimeSpan.FromHours(1), CheckpointPages = int.MaxValue }, time: _time);

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task A_batch_of_membership_reviews_fits_into_the_reserve()
    {
        Fill($"""
            INSERT INTO blobs (digest, size, location, state, created_at) SELECT {Digest}, 1, {Location}, 0, 0 FROM {Numbers};
            INSERT INTO repositories (id, registry_id, name, listed, created_at) SELECT i, 1, 'r' || i, 0, 0 FROM {Numbers};
            INSERT INTO memberships (repository_id, digest, lease_until, review_at, created_at) SELECT i, {Digest}, 0, {Due}, 0 FROM {Numbers};
            INSERT INTO registry_blobs (registry_id, digest, repositories, repository_sum) SELECT 1, {Digest}, 1, i FROM {Numbers};
            INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests) SELECT 1, i, 1, 1, 0 FROM {Numbers};
            INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests) VALUES (0, 0, {Rows}, {Rows}, 0), (1, 0, {Rows}, {Rows}, 0);
            INSERT INTO discarded_locations (location, not_before) SELECT {Location} || 'x', 9000000000000 FROM {Numbers};
            """);

        await AssertFitsAsync(async () => Assert.Equal(Batch, (await _store.ReviewMembershipsAsync(Batch, Token)).BlobsDiscarded));
    }

    [Fact]
    public async Task A_batch_of_blob_reviews_fits_into_the_reserve()
    {
        Fill($"""
            INSERT INTO blobs (digest, size, location, state, review_at, created_at) SELECT {Digest}, 1, {Location}, 0, {Due}, 0 FROM {Numbers};
            INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests) VALUES (0, 0, {Rows}, {Rows}, 0);
            INSERT INTO discarded_locations (location, not_before) SELECT {Location} || 'x', 9000000000000 FROM {Numbers};
            """);

        await AssertFitsAsync(async () => Assert.Equal(Batch, (await _store.ReviewBlobsAsync(Batch, Token)).Discarded));
    }

    [Fact]
    public async Task A_batch_of_expired_uploads_and_of_their_removal_fits_into_the_reserve()
    {
        FillUploads(state: 0);

        await AssertFitsAsync(async () => Assert.Equal(Batch, await _store.ExpireUploadsAsync(Batch, Token)));

        var discarded = await _store.ListDiscardedAsync(default, Batch, Token);
        Assert.Equal(Batch, discarded.Items.Count);
        await AssertFitsAsync(() => _store.ForgetDiscardedAsync(discarded.Items, Token));
    }

    [Fact]
    public async Task A_batch_of_tidying_fits_into_the_reserve()
    {
        FillUploads(state: 2);
        Fill($"""
            INSERT INTO tombstones (repository_id, kind, name, hybrid_time, region, created_at)
                SELECT i, 1, 'a tag with a longish name', i, 'home', CASE WHEN i % 200 = 0 THEN i ELSE 9000000000000 END FROM {Numbers};
            INSERT INTO access_events (minute, registry_id, kind, actor, address, reason, count) SELECT i, 1, 'pull', 'alice', '192.0.2.1', 'r' || i, 1 FROM {Numbers};
            INSERT INTO ledger (epoch, hybrid_time, region, kind, registry_id, repository, actor, idempotency_key)
                SELECT 1, i, 'home', 'blob.pushed', 1, 'team/app', 'alice', 'upload:' || printf('%032x', i * 7919 % {Rows}) FROM {Numbers};
            """);

        await AssertFitsAsync(async () => Assert.Equal(4 * Batch, await _store.TidyAsync(TimeSpan.FromDays(90), Batch, Token)));
    }

    // One row of every two hundred is due. What is the key of a row grows with its number, so that no two of those that are due are neighbours.
    private static string Numbers => $"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Rows}) SELECT i FROM n)";

    private static string Digest => "unhex('01' || printf('%016x', i * 1000003) || hex(zeroblob(24)))";

    private static string Location => "printf('%02x/%032x', i / 1000, i)";

    private static string Due => "CASE WHEN i % 200 = 0 THEN i ELSE 9000000000000 END";

    private void FillUploads(int state) => Fill($"""
        INSERT INTO repositories (id, registry_id, name, listed, created_at) SELECT i, 1, 'r' || i, 0, 0 FROM {Numbers};
        INSERT INTO uploads (id, registry_id, repository_id, principal_id, location, state, epoch, algorithm, offset, created_at, progress_at, expires_at)
            SELECT printf('%032x', i), 1, i, i, {Location}, {state}, 0, 1, 0, 0, 0, {Due} FROM {Numbers};
        """);

    private void Fill(string script)
    {
        using var session = SessionPragmas.OpenWriter(_folder.Options);
        session.RunScript($"BEGIN; {script} COMMIT;");
    }

    private async Task AssertFitsAsync(Func<Task> step)
    {
        using (var session = SessionPragmas.OpenCheckpointer(_folder.Options)) Assert.True(session.Checkpoint(SQLitePCL.raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _));
        await step();
        var bytes = new FileInfo(_folder.DatabasePath + "-wal").Length;
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes} bytes");
        Assert.InRange(bytes, 1, Most);
    }
}
