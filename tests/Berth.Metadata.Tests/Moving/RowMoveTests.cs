using Berth.Metadata.Moving;
using Berth.Oci;

namespace Berth.Metadata.Tests.Moving;

/// <summary>All rows of one database in the other: as they were, all or none, and once.</summary>
public sealed class RowMoveTests : IAsyncLifetime
{
    private readonly MoveRig _rig = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _rig.InitializeAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Every_row_arrives_as_it_was()
    {
        _rig.Fill();
        var result = await MoveRig.RunAsync(_rig.Move("m"));

        Assert.Equal(MovedTable.All.Select(table => table.Name), result.Tables.Select(table => table.Table));
        foreach (var table in MovedTable.All.Select(table => table.Name).Where(name => name is not ("installation" or "ledger" or "usage")))
        {
            var rows = _rig.ReadSource(table);
            Assert.Equal(MoveRig.RowsOfEach, rows.Count);
            Assert.Equal(rows, await _rig.ReadTargetAsync(table));
        }

        // What begins anew, and the record that says so.
        Assert.Equal(_rig.ReadSource("usage").Select(row => row.Replace($"reserved={row[^1]}", "reserved=0", StringComparison.Ordinal)), await _rig.ReadTargetAsync("usage"));
        var installation = Assert.Single(_rig.ReadSource("installation"));
        Assert.Equal(
            Without(installation).Replace("ledger_epoch=1", "ledger_epoch=2", StringComparison.Ordinal), Without(Assert.Single(await _rig.ReadTargetAsync("installation"))));
        Assert.Equal(_rig.ReadSource("ledger"), (await _rig.ReadTargetAsync("ledger")).Where(row => !row.StartsWith("number=|", StringComparison.Ordinal)));
        Assert.Equal(1L, await _rig.AskTargetAsync("SELECT count(*) FROM ledger WHERE epoch = 2 AND kind = 'installation.changed' AND actor = 'system' AND payload = '{\"migrated\":true}'"));

        static string Without(string row) => string.Join('|', row.Split('|').Where(part => !part.StartsWith("deletion_seen_at=", StringComparison.Ordinal) && !part.StartsWith("deletion_suspended_until=", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Numbers_that_were_given_once_are_not_given_again()
    {
        _rig.Fill();
        _rig.Change("""
            INSERT INTO ledger (number, epoch, hybrid_time, region, kind, registry_id, actor) VALUES (900, 1, 5000000000000000000, 'r', 'k', 1, 'a');
            DELETE FROM ledger WHERE number = 900;
            INSERT INTO principals (id, object_id, kind, name, display_name, enabled, epoch, created_at, updated_at) VALUES (700, 'o', 'user', 'gone', 'gone', 1, 1, 1, 1);
            DELETE FROM principals WHERE id = 700;
            """);
        await MoveRig.RunAsync(_rig.Move("m"));

        await using var store = await _rig.OpenTargetAsync();
        var records = await store.ReadLedgerAsync(3, 10, Token);
        var first = Assert.Single(records);
        Assert.Equal((901L, LedgerKinds.InstallationChanged), (first.Number, first.Kind));
        var alice = await store.SetPasswordAsync("alice", "hash", Caller.System, Token);
        Assert.Equal(701, alice.Id);
        Assert.Equal([901L, 902L], (await store.ReadLedgerAsync(3, 10, Token)).Select(record => record.Number));
        foreach (var table in (string[])["registries", "repositories", "manifests", "credentials", "scope_maps", "workloads"])
            Assert.Equal(4L, await _rig.AskTargetAsync($"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))"));
    }

    [Fact]
    public async Task Deletion_is_suspended_for_one_grace_of_whoever_looks_first_and_readers_find_a_new_epoch()
    {
        _rig.Fill();
        await MoveRig.RunAsync(_rig.Move("m"));

        await using var store = await _rig.OpenTargetAsync();
        var grace = TimeSpan.FromHours(24);
        var until = await store.ObserveClockAsync(null, grace, Token);
        Assert.NotNull(until);
        Assert.InRange(until.Value - TimeProvider.System.GetUtcNow(), grace - TimeSpan.FromMinutes(1), grace + TimeSpan.FromMinutes(1));
        Assert.Equal(2, (await store.FindInstallationAsync(Token))!.LedgerEpoch);
    }

    [Fact]
    public async Task Objects_that_no_row_names_are_put_down_to_be_removed()
    {
        _rig.Fill();
        _rig.Change("UPDATE blobs SET location = 'named-' || size");
        var result = await MoveRig.RunAsync(_rig.Move("m"), "named-1", "left-over", "named-2");

        Assert.Equal(1, result.Discarded);
        Assert.Equal("left-over", await _rig.AskTargetAsync("SELECT location FROM discarded_locations"));
    }

    [Fact]
    public async Task A_row_that_does_not_arrive_as_it_was_is_noticed_and_nothing_stands()
    {
        _rig.Fill();
        await _rig.AskTargetAsync("""
            CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = NEW.updated_at + 1; RETURN NEW; END $$;
            CREATE TRIGGER spoil BEFORE INSERT ON tags FOR EACH ROW WHEN (NEW.repository_id = 2) EXECUTE FUNCTION spoil()
            """);

        var error = await Assert.ThrowsAsync<MoveFailedException>(() => MoveRig.RunAsync(_rig.Move("m")));
        Assert.Contains("'tags'", error.Message, StringComparison.Ordinal);
        await ExpectEmptyAsync();
        await _rig.AskTargetAsync("DROP TRIGGER spoil ON tags");
        await MoveRig.RunAsync(_rig.Move("m"));
    }

    [Theory]
    [InlineData(RowMove.Copied)]
    [InlineData(RowMove.BeforeCommit)]
    [InlineData("note")]
    public async Task A_move_that_is_cut_off_before_it_is_committed_leaves_nothing_and_can_be_run_again(string at)
    {
        _rig.Fill();
        await Assert.ThrowsAsync<OperationCanceledException>(() => MoveRig.RunAsync(
            _rig.Move("m", new CutOff(at)), () => at == "note" ? Task.FromException(new OperationCanceledException()) : Task.CompletedTask));
        await ExpectEmptyAsync();

        await MoveRig.RunAsync(_rig.Move("m"));
        Assert.Equal(MoveTarget.Moved, await _rig.Move("m").ExamineAsync(Token));
    }

    [Fact]
    public async Task A_move_that_is_cut_off_after_it_was_committed_is_known_for_finished_and_no_other_takes_its_place()
    {
        _rig.Fill();
        await Assert.ThrowsAsync<OperationCanceledException>(() => MoveRig.RunAsync(_rig.Move("m", new CutOff(RowMove.Committed))));

        Assert.Equal(MoveTarget.Moved, await _rig.Move("m").ExamineAsync(Token));
        Assert.Equal(MoveTarget.Occupied, await _rig.Move("another").ExamineAsync(Token));
        await Assert.ThrowsAsync<MoveFailedException>(() => MoveRig.RunAsync(_rig.Move("another")));
    }

    [Fact]
    public async Task An_installation_of_somebody_else_is_left_alone()
    {
        _rig.Fill();
        await using (var store = await _rig.OpenTargetAsync())
            await store.CreateInstallationAsync(new InstallationRecord("other", "t", "s", "home", 1), "local", Token);

        Assert.Equal(MoveTarget.Occupied, await _rig.Move("m").ExamineAsync(Token));
        await Assert.ThrowsAsync<MoveFailedException>(() => MoveRig.RunAsync(_rig.Move("m")));
        Assert.Equal("other", await _rig.AskTargetAsync("SELECT store_id FROM installation"));
    }

    [Fact]
    public async Task A_node_that_starts_while_rows_are_copied_finds_the_installation_and_makes_no_second_one()
    {
        _rig.Fill();
        await using var store = await _rig.OpenTargetAsync();
        Task<InstallationRecord>? starting = null;
        await MoveRig.RunAsync(_rig.Move("m"), async () =>
        {
            starting = Task.Run(() => store.CreateInstallationAsync(new InstallationRecord("other", "t", "s", "home", 1), "local", Token), Token);

            // Until it waits for the move, as it can be seen to.
            for (var i = 0; i < 200 && await _rig.AskTargetAsync("SELECT count(*) FROM pg_locks WHERE NOT granted") is 0L; i++) await Task.Delay(25, Token);
        });

        Assert.StartsWith("store_id", (await starting!).StoreId, StringComparison.Ordinal);
        Assert.Equal(1L, await _rig.AskTargetAsync("SELECT count(*) FROM installation"));
    }

    private async Task ExpectEmptyAsync()
    {
        Assert.Equal(MoveTarget.Empty, await _rig.Move("m").ExamineAsync(Token));
        foreach (var table in MovedTable.All) Assert.Equal(0L, await _rig.AskTargetAsync($"SELECT count(*) FROM {table.Name}"));
        Assert.Equal(0L, await _rig.AskTargetAsync("SELECT last_number FROM ledger_sequence"));
        Assert.Equal("O", $"{await _rig.AskTargetAsync("SELECT tgenabled FROM pg_trigger WHERE tgname = 'usage_begins'")}");
    }

    private sealed class CutOff(string at) : ISteps
    {
        public ValueTask ReachAsync(string point) => point == at ? ValueTask.FromException(new OperationCanceledException()) : ValueTask.CompletedTask;
    }
}
