using System.Diagnostics;
using System.Text;
using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Oci;
using Berth.Testing;
using Npgsql;

namespace Berth.Conformance.Metadata;

/// <summary>What becomes of a node whose way to the database is cut: noisily, silently, and right at a COMMIT.</summary>
public sealed class PostgresFaultTests : MetadataSuite<PostgresDatabase>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_database_that_falls_silent_is_given_up_within_two_seconds_and_found_again_by_itself(bool connectionsAreLost)
    {
        var image = await PushImageAsync(App, "image", "latest");
        await using var proxy = await ProxyAsync();
        await using var node = await Database.OpenNodeAsync(Time, Port(proxy));
        for (var i = 0; i < 20; i++) Assert.NotNull(await FindAsync(node, image));

        proxy.IsSilent = true;
        var clock = Stopwatch.StartNew();
        var reads = Enumerable.Range(0, 12).Select(_ => Record.ExceptionAsync(() => FindAsync(node, image)).AsTask()).ToList();
        var writes = Enumerable.Range(0, 12).Select(_ => Record.ExceptionAsync(() => node.PutManifestAsync(image, Alice, Token)).AsTask()).ToList();
        var answers = Task.WhenAll(reads.Concat(writes));

        // Who is not given up would wait for ever, and so would this test.
        if (await Task.WhenAny(answers, Task.Delay(10 * Limit, Token)) != answers) proxy.CutAll();
        Assert.All(await answers.WaitAsync(10 * Limit, Token), error => Assert.IsType<MetadataUnavailableException>(error));
        Assert.True(clock.Elapsed < Limit, $"It took {clock.Elapsed}.");

        // From then on nobody waits.
        clock.Restart();
        for (var i = 0; i < 100; i++) await Assert.ThrowsAsync<MetadataUnavailableException>(() => FindAsync(node, image));
        Assert.False(await node.IsHealthyAsync(Token));
        Assert.True(clock.Elapsed < Limit, $"It took {clock.Elapsed}.");

        if (connectionsAreLost) proxy.CutAll();
        proxy.IsSilent = false;
        clock.Restart();
        await EventuallyAsync(() => node.IsHealthyAsync(Token).AsTask());
        Assert.True(clock.Elapsed < 2 * Limit, $"It took {clock.Elapsed}.");
        for (var i = 0; i < 20; i++) Assert.NotNull(await FindAsync(node, image));
        Assert.Equal(PutManifestOutcome.Stored, (await node.PutManifestAsync(image, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_statement_that_takes_its_time_is_waited_for_where_the_database_answers_others()
    {
        await using var proxy = await ProxyAsync();
        await using var node = await Database.OpenNodeAsync(Time, Port(proxy));
        await using var holder = await Database.ConnectAsync();
        await using var transaction = await holder.BeginTransactionAsync(Token);
        await using (var command = new NpgsqlCommand("LOCK TABLE installation IN ACCESS EXCLUSIVE MODE", holder)) await command.ExecuteNonQueryAsync(Token);
        var slow = node.FindInstallationAsync(Token).AsTask();

        // Longer than a silence is borne.
        await Task.Delay(2 * Limit, Token);
        Assert.False(slow.IsCompleted);
        await transaction.RollbackAsync(Token);
        Assert.NotNull(await slow);
    }

    [Theory]
    [InlineData(ProxyAction.Cut, false)]
    [InlineData(ProxyAction.PassAndCutAnswer, true)]
    public async Task A_change_that_is_cut_off_at_its_COMMIT_is_in_doubt_and_stands_whole_or_not_at_all(ProxyAction fault, bool stands)
    {
        var (config, layer) = (await PushBlobAsync(App, "config"), await PushBlobAsync(App, "layer"));
        var image = Image(Registry, App, config, [layer], tags: ["latest", "v1"]);
        var before = await LastNumberAsync();
        var figures = (await Store.ReadUsageAsync(Registry, Token))!;
        await using var proxy = await ProxyAsync();
        var (cut, armed) = (0, false);
        proxy.DecideForEach = PostgresCommits.Decide(() => Volatile.Read(ref armed) && Interlocked.Increment(ref cut) == 1 ? fault : ProxyAction.Pass);

        // The numbering of the ledger commits, too: here this node does not number.
        await using var quiet = await Database.OpenNodeAsync(
            Time, options => options with { ConnectionString = Reach(options.ConnectionString, proxy), NumberingInterval = TimeSpan.FromHours(1) });
        Volatile.Write(ref armed, true);
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => quiet.PutManifestAsync(image, Alice, Token));

        Assert.Equal(1, cut);
        Assert.Equal(stands, await FindAsync(App, image.Digest) is not null);
        Assert.Equal(stands ? image.Digest : null, (await FindAsync(App, "latest"))?.Digest);
        Assert.Equal(stands ? image.Digest : null, (await FindAsync(App, "v1"))?.Digest);
        Assert.Equal(stands, (await KindsAfterAsync(before)).Length > 0);

        // Who was told that it is not known does it again, and it counts once.
        Assert.Equal(PutManifestOutcome.Stored, (await quiet.PutManifestAsync(image, Alice, Token)).Outcome);
        var now = (await Store.ReadUsageAsync(Registry, Token))!;
        Assert.Equal((figures.Manifests + 1, figures.Tags + 2), (now.Manifests, now.Tags));
        Assert.Equal(image.Digest, (await FindAsync(App, "latest"))?.Digest);
    }

    [Fact]
    public async Task A_node_that_falls_silent_within_a_change_keeps_nothing_locked_for_long_and_its_late_COMMIT_changes_nothing()
    {
        var upload = await OpenAsync(App, writing: true);
        await using var proxy = await ProxyAsync();
        await using var cut = await Database.OpenNodeAsync(
            Time, options => options with { ConnectionString = Reach(options.ConnectionString, proxy), NumberingInterval = TimeSpan.FromHours(1) });
        proxy.DecideForEach = PostgresCommits.Decide(() => ProxyAction.Silence);
        var (first, second) = (Describe(Content("first")), Describe(Content("second")));
        await Assert.ThrowsAsync<MetadataUnavailableException>(
            () => cut.CompleteUploadAsync(upload, first.Digest, first.Size, Now + Grace, Now + Grace, Alice, Token));

        // The row of the upload is locked by it.
        var clock = Stopwatch.StartNew();
        Assert.True(await TryAgainAsync(() => Store.CompleteUploadAsync(upload, second.Digest, second.Size, Now + Grace, Now + Grace, Alice, Token)));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"It took {clock.Elapsed}.");

        (proxy.DecideForEach, proxy.IsSilent) = (null, false);
        await EventuallyAsync(() => cut.IsHealthyAsync(Token).AsTask());
        Assert.Null(await Store.FindBlobAsync(Registry, App, first.Digest, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, second.Digest, Token));
        Assert.NotNull(await cut.FindBlobAsync(Registry, App, second.Digest, Token));
    }

    [Fact]
    public async Task A_change_that_was_given_up_in_its_middle_sends_no_COMMIT_when_the_database_is_heard_again()
    {
        var upload = await OpenAsync(App, writing: true);
        await using var proxy = await ProxyAsync();
        await using var cut = await Database.OpenNodeAsync(
            Time, options => options with { ConnectionString = Reach(options.ConnectionString, proxy) + ";Application Name=cut", NumberingInterval = TimeSpan.FromHours(1) });
        proxy.DecideForEach = () => static block => Encoding.ASCII.GetString(block.Span).Contains("UPDATE uploads SET state = 2", StringComparison.Ordinal) ? ProxyAction.Silence : ProxyAction.Pass;
        var (first, second) = (Describe(Content("first")), Describe(Content("second")));
        await Assert.ThrowsAsync<MetadataUnavailableException>(
            () => cut.CompleteUploadAsync(upload, first.Digest, first.Size, Now + Grace, Now + Grace, Alice, Token));

        // What the change sent last is heard now, and answered; then its session is to end.
        await using var watcher = await Database.ConnectAsync();
        var sessions = (string)(await AskAsync(watcher, "SELECT string_agg(CAST(pid AS TEXT), ', ') FROM pg_stat_activity WHERE application_name = 'cut' AND datname = current_database()"))!;
        (proxy.DecideForEach, proxy.IsSilent) = (null, false);
        await EventuallyAsync(async () => await AskAsync(watcher, $"SELECT count(*) FROM pg_stat_activity WHERE pid IN ({sessions})") is 0L);

        Assert.Null(await Store.FindBlobAsync(Registry, App, first.Digest, Token));
        Assert.True(await Store.CompleteUploadAsync(upload, second.Digest, second.Size, Now + Grace, Now + Grace, Alice, Token));
    }

    [Fact]
    public async Task A_volume_that_was_full_for_a_while_keeps_no_record_from_its_number()
    {
        const string Unnumbered = "SELECT count(*) FROM ledger WHERE number IS NULL";
        await using var watcher = await Database.ConnectAsync();
        await EventuallyAsync(async () => await AskAsync(watcher, Unnumbered) is 0L);
        await TellAsync(
            watcher,
            """
            CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER no_room BEFORE UPDATE ON ledger FOR EACH ROW EXECUTE FUNCTION no_room()
            """);
        await PushImageAsync(App, "image", "latest");

        // Some rounds of the store's find it full.
        await Task.Delay(4 * new PostgresOptions { ConnectionString = "" }.NumberingInterval, Token);
        Assert.NotEqual(0L, await AskAsync(watcher, Unnumbered));
        await TellAsync(watcher, "DROP FUNCTION no_room CASCADE");

        await EventuallyAsync(async () => await AskAsync(watcher, Unnumbered) is 0L);
    }

    [Fact]
    public async Task Sessions_of_the_role_do_not_wait_for_a_node_that_takes_nothing_any_more()
    {
        await using var connection = new NpgsqlConnection((await Database.ConnectionStringAsync((await PostgresServer.GetAsync()).Port)) + ";Pooling=false");
        await connection.OpenAsync(Token);

        Assert.Equal(
            "5s 10000 15 5 3",
            await AskAsync(
                connection,
                """
                SELECT concat_ws(' ', current_setting('idle_in_transaction_session_timeout'), current_setting('tcp_user_timeout'), current_setting('tcp_keepalives_idle'),
                    current_setting('tcp_keepalives_interval'), current_setting('tcp_keepalives_count'))
                """));
    }

    [Fact]
    public async Task Connections_that_were_lost_while_they_rested_cost_what_is_asked_next_nothing()
    {
        var image = await PushImageAsync(App, "image", "latest");
        await using var proxy = await ProxyAsync();
        await using var node = await Database.OpenNodeAsync(
            Time, options => options with { ConnectionString = Reach(options.ConnectionString, proxy), NumberingInterval = TimeSpan.FromHours(1) });
        for (var i = 0; i < 3; i++)
        {
            // Several of each kind, so that what comes next finds lost ones only.
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => FindAsync(node, image)));
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => node.PutManifestAsync(image, Alice, Token)));
            proxy.CutAll();

            Assert.NotNull(await FindAsync(node, image));
            Assert.Equal(PutManifestOutcome.Stored, (await node.PutManifestAsync(image, Alice, Token)).Outcome);
        }
    }

    [Fact]
    public async Task Connections_that_are_cut_at_random_lose_nothing_that_was_acknowledged()
    {
        await using var proxy = await ProxyAsync();
        await using var node = await Database.OpenNodeAsync(Time, Port(proxy));
        ProxyAction[] faults = [ProxyAction.Cut, ProxyAction.PassHalfAndCut, ProxyAction.PassAndCutAnswer, ProxyAction.PassHalfAndClose, ProxyAction.Delay];
        proxy.DecideForEach = PostgresCommits.Decide(() => Any(6), () => Any(60));
        var acknowledged = new List<NewManifest>();
        var refused = 0;
        for (var i = 0; i < 60; i++)
        {
            var (config, layer) = (await PushBlobAsync(App, $"config {i}"), await PushBlobAsync(App, $"layer {i}"));
            var image = Image(Registry, App, config, [layer], tags: $"t{i}");
            try
            {
                if ((await node.PutManifestAsync(image, Alice, Token)).Outcome == PutManifestOutcome.Stored) acknowledged.Add(image);
                if (acknowledged.Count > 0) Assert.NotNull(await FindAsync(node, acknowledged[^1]));
            }
            catch (MetadataUnavailableException)
            {
                refused++;
                await Task.Delay(20, Token);
            }
        }

        proxy.DecideForEach = null;
        await EventuallyAsync(() => node.IsHealthyAsync(Token).AsTask());
        Assert.NotEmpty(acknowledged);
        Assert.NotEqual(0, refused);
        foreach (var image in acknowledged) Assert.Equal(image.Digest, (await FindAsync(App, image.Tags[0].Value))?.Digest);

        ProxyAction Any(int one) => Random.Shared.Next(one) == 0 ? faults[Random.Shared.Next(faults.Length)] : ProxyAction.Pass;
    }

    private static async Task<FaultProxy> ProxyAsync() => new(new Uri($"tcp://127.0.0.1:{(await PostgresServer.GetAsync()).Port}"));

    private static int Port(FaultProxy proxy) => proxy.Address.Port;

    private static string Reach(string connection, FaultProxy proxy) => new NpgsqlConnectionStringBuilder(connection) { Host = "127.0.0.1", Port = Port(proxy) }.ConnectionString;

    private Task<ManifestRecord?> FindAsync(RelationalMetadataStore node, NewManifest image) =>
        node.FindManifestAsync(Registry, App, Reference.To(image.Digest), true, Token).AsTask();

    private static async Task<object?> AskAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync(Token);
    }

    private static async Task TellAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<bool> TryAgainAsync(Func<Task<bool>> act)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await act();
            }
            catch (MetadataUnavailableException) when (attempt < 5)
            {
                // As a client does that is told to come again.
            }
        }
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "It does not recover.");
            await Task.Delay(50, Token);
        }
    }
}
