using System.Data;
using System.Diagnostics;
using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Oci;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Berth.Conformance.Metadata;

/// <summary>What PostgreSQL alone must show: several nodes and sessions on one database, conflicts, lost connections, and queues that are full.</summary>
public sealed class PostgresNodesTests : MetadataSuite<PostgresDatabase>
{
    [Fact]
    public async Task A_node_sees_what_another_wrote_and_does_not_take_its_upload_before_the_hold_ends()
    {
        await using var other = await Database.OpenNodeAsync(Time);
        var upload = await OpenAsync(App, writing: true);

        Assert.NotNull(await other.FindUploadAsync(Registry, App, upload.Id, Token));
        Assert.Null(await other.AcquireUploadAsync(upload.Id, upload.Epoch, Now.AddMinutes(5), Token));
        Time.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(await other.AcquireUploadAsync(upload.Id, upload.Epoch, Now.AddMinutes(5), Token));
    }

    [Fact]
    public async Task Changes_that_conflict_are_run_again_and_each_counts_once()
    {
        await using var other = await Database.OpenNodeAsync(Time);
        var images = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PushImageAsync(App, $"image {i}", "latest", $"t{i}")));

        await Task.WhenAll(images.Select((image, i) => (i % 2 == 0 ? Store : other).PutManifestAsync(image with { Tags = [Tag.Parse("latest"), Tag.Parse($"u{i}")] }, Alice, Token)));

        var figures = (await Store.ReadUsageAsync(Registry, Token))!;
        Assert.Equal(12, figures.Manifests);
        Assert.Equal(25, figures.Tags);
        Assert.Empty(await Store.CheckAsync(Token));
    }

    // Rule 10: at READ COMMITTED the claim does not see the edge that is committed after its look, and a foreign key does not hold it.
    [Fact]
    public async Task A_claim_that_looked_before_a_push_attached_does_not_stand()
    {
        var blob = await PushBlobAsync(App, "claimed");
        await using var claim = await Database.ConnectAsync();
        await using var transaction = await claim.BeginTransactionAsync(IsolationLevel.Serializable, Token);
        Assert.Equal(0L, await AskAsync(claim, "SELECT count(*) FROM edges e JOIN memberships m ON m.repository_id = e.repository_id AND m.digest = e.digest WHERE e.kind = 1 AND e.digest = $1", blob.Digest));

        var image = Image(Registry, App, blob, [], tags: "latest");
        await PutAsync(image);

        var refused = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await AskAsync(claim, "DELETE FROM memberships WHERE digest = $1", blob.Digest);
            await transaction.CommitAsync(Token);
        });
        Assert.Equal(PostgresErrorCodes.SerializationFailure, refused.SqlState);
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
    }

    [Fact]
    public async Task Collecting_beside_pushes_that_attach_leaves_no_manifest_without_its_blobs()
    {
        await using var other = await Database.OpenNodeAsync(Time);
        for (var round = 0; round < 20; round++)
        {
            var blob = await PushBlobAsync(App, $"raced {round}");
            Time.Advance(Grace + TimeSpan.FromSeconds(1));
            var push = Task.Run(() => Store.PutManifestAsync(Image(Registry, App, blob, [], tags: $"t{round}"), Alice, Token), Token);
            var collect = Task.Run(() => other.ReviewMembershipsAsync(10, Token), Token);
            await collect;
            var stored = (await push).Outcome == PutManifestOutcome.Stored;
            Assert.Equal(stored, await Store.FindBlobAsync(Registry, App, blob.Digest, Token) is not null);
        }

        Assert.Empty(await Store.CheckAsync(Token));
    }

    [Fact]
    public async Task A_record_that_is_committed_late_is_read_once_and_after_what_was_read_before()
    {
        await using var late = await Database.ConnectAsync();
        await using var transaction = await late.BeginTransactionAsync(Token);
        await AskAsync(late, "INSERT INTO ledger (epoch, hybrid_time, region, kind, registry_id, actor) VALUES (1, 1, 'home', 'late', 0, 'x')");
        await PushImageAsync(App, "early", "latest");
        var before = await Store.ReadLedgerAsync(0, 1000, Token);
        Assert.DoesNotContain(before, record => record.Kind == "late");

        await transaction.CommitAsync(Token);

        var after = await Store.ReadLedgerAsync(before[^1].Number, 1000, Token);
        Assert.Equal(["late"], after.Select(record => record.Kind));
        Assert.Equal(before[^1].Number + 1, after[0].Number);
    }

    [Fact]
    public async Task A_node_whose_time_is_behind_gives_what_it_writes_a_later_time_than_what_that_replaces()
    {
        var first = await PushImageAsync(App, "first", "latest");
        await using var behind = await Database.OpenNodeAsync(new FakeTimeProvider(Now.AddHours(-1)));
        Time.Advance(TimeSpan.FromMinutes(1));
        await PushImageAsync(App, "second", "latest");

        Assert.Equal(PutManifestOutcome.Stored, (await behind.PutManifestAsync(first, Alice, Token)).Outcome);

        var times = (await Store.ReadLedgerAsync(0, 1000, Token)).Where(record => record.Kind == LedgerKinds.TagSet).Select(record => record.HybridTime).ToList();
        Assert.Equal(3, times.Count);
        Assert.True(times[2] > times[1], $"{times[2]} replaced {times[1]}");
    }

    [Fact]
    public async Task The_list_of_readers_waits_for_nobody_who_numbers_and_counts_what_has_no_number_yet()
    {
        var cursor = await Store.OpenLedgerReaderAsync("webhooks", TimeSpan.FromDays(1), 100, Token);
        await using var numbering = await Database.ConnectAsync();
        await using var transaction = await numbering.BeginTransactionAsync(Token);
        await AskAsync(numbering, "SELECT last_number FROM ledger_sequence WHERE id = 1 FOR UPDATE");
        await PushImageAsync(App, "image", "latest");

        var listed = Assert.Single(await Store.ListLedgerReadersAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(5), Token));

        await transaction.RollbackAsync(Token);
        var unread = await Store.ReadLedgerAsync(cursor.Number, 100, Token);
        Assert.True(unread.Count > 1);
        Assert.Equal(new LedgerReader("webhooks", cursor.Number, unread.Count), listed);
    }

    [Fact]
    public async Task Connections_that_are_ended_cost_at_most_their_operation()
    {
        await using var killer = await Database.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var killing = Task.Run(
            async () =>
            {
                for (var i = 0; i < 20 && !stop.IsCancellationRequested; i++)
                {
                    await AskAsync(killer, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
                    await Task.Delay(20);
                }
            },
            Token);
        var done = new List<NewManifest>();
        for (var i = 0; !killing.IsCompleted && i < 1000; i++)
        {
            try
            {
                done.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
            }
            catch (MetadataUnavailableException)
            {
                // In doubt, or refused while connecting: the caller is told to try again.
                await Task.Delay(10, Token);
            }
        }

        await stop.CancelAsync();
        await killing;
        await WaitUntilHealthyAsync();
        foreach (var image in done) Assert.NotNull(await FindAsync(App, image.Digest));
    }

    [Fact]
    public async Task More_than_may_wait_is_refused_at_once_and_what_waits_is_answered()
    {
        await using var narrow = await Database.OpenNodeAsync(Time, options => options with { MaxConnections = 2, QueuedOperations = 4, NumberingInterval = TimeSpan.FromHours(1) });
        await using var holder = await Database.ConnectAsync();
        await using var transaction = await holder.BeginTransactionAsync(Token);
        await AskAsync(holder, "LOCK TABLE installation IN ACCESS EXCLUSIVE MODE");
        var first = narrow.FindInstallationAsync(Token).AsTask();
        await Task.Delay(200, Token);
        var waiting = Enumerable.Range(0, 4).Select(_ => narrow.FindInstallationAsync(Token).AsTask()).ToList();

        var clock = Stopwatch.StartNew();
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => narrow.FindInstallationAsync(Token).AsTask());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1));

        await transaction.RollbackAsync(Token);
        Assert.All(await Task.WhenAll([first, .. waiting]), Assert.NotNull);
    }

    [Fact]
    public async Task A_server_that_may_lose_what_it_acknowledged_is_refused_unless_that_is_allowed()
    {
        const string Unsafe = ";Options=-c synchronous_commit=off";
        var refused = await Assert.ThrowsAsync<MetadataStartException>(() => Database.OpenNodeAsync(Time, options => options with { ConnectionString = options.ConnectionString + Unsafe }));
        Assert.Contains("synchronous_commit=off", refused.Message, StringComparison.Ordinal);

        await using var allowed = await Database.OpenNodeAsync(Time, options => options with { ConnectionString = options.ConnectionString + Unsafe, AllowDataLoss = true });
        Assert.True(await allowed.IsHealthyAsync(Token));
    }

    [Fact]
    public async Task A_manifest_by_tag_is_one_message_and_its_answer()
    {
        await PushImageAsync(App, "image", "latest");
        await using var quiet = await Database.OpenNodeAsync(Time, options => options with { MaxConnections = 2, NumberingInterval = TimeSpan.FromHours(1) });
        for (var i = 0; i < 3; i++) Assert.NotNull(await quiet.FindManifestAsync(Registry, App, Reference.To(Tag.Parse("latest")), withBytes: true, Token));
        var database = (Berth.Metadata.Postgres.PostgresDatabase)quiet.Database;
        var before = database.ReaderRoundTrips;

        for (var i = 0; i < 10; i++) await quiet.FindManifestAsync(Registry, App, Reference.To(Tag.Parse("latest")), withBytes: true, Token);

        Assert.Equal(10, database.ReaderRoundTrips - before);
    }

    [Fact]
    public async Task A_blob_is_pushed_in_five_messages_beside_what_is_read()
    {
        await using var quiet = await Database.OpenNodeAsync(Time, options => options with { MaxConnections = 2, NumberingInterval = TimeSpan.FromHours(1) });
        var database = (Berth.Metadata.Postgres.PostgresDatabase)quiet.Database;
        for (var i = 0; i < 3; i++) await PushAsync($"before {i}");
        var before = database.WriterRoundTrips;

        for (var i = 0; i < 10; i++) await PushAsync($"content {i}");

        // To open the session two, to take it one, to complete it two.
        Assert.Equal(50, database.WriterRoundTrips - before);

        async Task PushAsync(string content)
        {
            var (id, blob) = (NewId(), Describe(Content(content)));
            var upload = await quiet.OpenUploadAsync(new NewUpload(id, Registry, App, $"at/{id}", DigestAlgorithm.Sha256, Now + Grace, null), Alice, Token);
            var taken = (await quiet.AcquireUploadAsync(upload.Id, upload.Epoch, Now.AddMinutes(1), Token))!;
            Assert.True(await quiet.CompleteUploadAsync(taken, blob.Digest, blob.Size, Now + Grace, Now + Grace, Alice, Token));
        }
    }

    [Fact]
    public async Task Look_ups_that_wait_go_together_and_each_gets_its_own_answer()
    {
        var images = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PushImageAsync(App, $"image {i}", $"t{i}")));
        await using var node = await Database.OpenNodeAsync(Time, options => options with { MaxConnections = 2, NumberingInterval = TimeSpan.FromHours(1) });
        var owner = await node.FindPrincipalAsync(Alice.Name, Token);
        var epochs = await node.ReadEpochsAsync(owner?.Id ?? 7, Registry, Token);
        var database = (Berth.Metadata.Postgres.PostgresDatabase)node.Database;
        for (var round = 0; round < 3; round++) await AskAllAsync();
        var before = database.ReaderRoundTrips;

        await AskAllAsync();

        // Each miss asks for its epochs once more.
        Assert.InRange(database.ReaderRoundTrips - before, 1, 12 * 3);

        async Task AskAllAsync()
        {
            await Task.WhenAll(Enumerable.Range(0, images.Length).SelectMany(i => (Task[])
            [
                ExpectAsync(Reference.To(Tag.Parse($"t{i}")), true, images[i]), ExpectAsync(Reference.To(images[i].Digest), false, images[i]),
                ExpectAsync(Reference.To(images[i].Digest), true, images[i]), ExpectAsync(Reference.To(Tag.Parse($"none-{i}")), true, null), ExpectBlobAsync(images[i]),
            ]));
        }

        async Task ExpectAsync(Reference reference, bool withBytes, NewManifest? image)
        {
            var (found, read) = await node.FindManifestAsync(owner?.Id ?? 7, Registry, App, reference, withBytes, Token);
            Assert.Equal(epochs, read);
            Assert.Equal(image?.Digest, found?.Digest);
            Assert.Equal(withBytes ? image?.Bytes.ToArray() : null, found?.Bytes);
        }

        async Task ExpectBlobAsync(NewManifest image)
        {
            var digest = image.Manifest.Layers[0].Digest;
            var (found, read) = await node.FindBlobAsync(owner?.Id ?? 7, Registry, App, digest, Token);
            Assert.Equal(epochs, read);
            Assert.Equal(digest, found?.Digest);
            Assert.True(found!.Referenced);
        }
    }

    [Fact]
    public async Task A_node_that_stood_still_takes_no_reserved_location_that_is_due_by_the_databases_clock()
    {
        await PushImageAsync(App, "the first of all");
        var repository = (await Store.FindOpenRepositoryAsync(Alice.PrincipalId, Registry, App, Token)).Value!.Id;
        var time = new DatabaseTime(TimeProvider.System);
        await using var node = await Database.OpenNodeAsync(time, options => options with { FollowsDatabaseClock = true, NumberingInterval = TimeSpan.FromHours(1) });

        // As after four hours in which its machine was paused, and before it has asked for the time again.
        time.Measure(() => DateTimeOffset.UtcNow.AddHours(-4));

        Assert.Equal(WholeUploadOutcome.NotReserved, await CompleteAsync("due", TimeSpan.FromMinutes(-1)));
        Assert.Equal(WholeUploadOutcome.NotReserved, await CompleteAsync("due within the hour", TimeSpan.FromMinutes(59)));
        Assert.Equal(WholeUploadOutcome.Completed, await CompleteAsync("due later", TimeSpan.FromMinutes(70)));
        Assert.Null(await Store.FindBlobAsync(Registry, App, Describe(Content("due")).Digest, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, Describe(Content("due later")).Digest, Token));

        async Task<WholeUploadOutcome> CompleteAsync(string text, TimeSpan dueIn)
        {
            var (id, blob) = (NewId(), Describe(Content(text)));
            await node.ReserveLocationsAsync([$"at/{id}"], DateTimeOffset.UtcNow + dueIn, Token);
            var upload = new WholeUpload(id, Registry, repository, App, $"at/{id}", blob.Digest, blob.Size);
            return await node.CompleteWholeAsync(upload, DateTimeOffset.UtcNow + Grace, Alice, Token);
        }
    }

    [Fact]
    public async Task A_recount_that_repairs_takes_as_long_as_it_takes()
    {
        await PushImageAsync(App, "image", "latest");
        Assert.NotNull(await Store.ReadUsageAsync(Registry, Token));
        await using var holder = await Database.ConnectAsync();
        await AskAsync(holder, $"UPDATE usage SET bytes = bytes + 7 WHERE registry_id = {Registry} AND repository_id = 0");
        await using var node = await Database.OpenNodeAsync(Time, options => options with { StatementLimit = TimeSpan.FromSeconds(1), NumberingInterval = TimeSpan.FromHours(1) });
        await using var transaction = await holder.BeginTransactionAsync(Token);
        await AskAsync(holder, "LOCK TABLE registry_blobs IN ACCESS EXCLUSIVE MODE");
        var recount = node.RecountUsageAsync(repair: true, Token);

        // A statement with the limit would have failed by now, and the second attempt, too.
        await Task.Delay(TimeSpan.FromSeconds(3.5), Token);
        Assert.False(recount.IsCompleted);

        await transaction.RollbackAsync(Token);
        Assert.Equal("local", Assert.Single(await recount).Place);
        Assert.Empty(await Store.RecountUsageAsync(repair: false, Token));
    }

    private async Task WaitUntilHealthyAsync()
    {
        for (var i = 0; i < 200 && !await Store.IsHealthyAsync(Token); i++) await Task.Delay(50, Token);
        Assert.True(await Store.IsHealthyAsync(Token));
    }

    private static async Task<object?> AskAsync(NpgsqlConnection connection, string text, Digest digest = default)
    {
        await using var command = new NpgsqlCommand(text, connection);
        if (!digest.IsDefault) command.Parameters.Add(new NpgsqlParameter { Value = digest.ToBytes() });
        return await command.ExecuteScalarAsync(CancellationToken.None);
    }
}
