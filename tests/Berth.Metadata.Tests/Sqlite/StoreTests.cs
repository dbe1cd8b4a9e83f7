using Berth.Metadata.Relational;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class StoreTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failed_sync_makes_the_store_unhealthy_and_is_told_to_the_host()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var store = await folder.OpenAsync();
        volume.FailSyncs();

        await Assert.ThrowsAsync<MetadataUnavailableException>(() => store.PutManifestAsync(StoreFolder.Manifest("m"), StoreFolder.Alice, Token));

        Assert.False(await store.IsHealthyAsync(Token));
        Assert.NotNull(await store.Faulted.WaitAsync(TimeSpan.FromSeconds(10), Token));
    }

    [Fact]
    public async Task A_failed_sync_of_a_checkpoint_is_a_fault_too()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var store = await folder.OpenAsync(
            options => options with { CheckpointInterval = TimeSpan.FromMilliseconds(5), IdleTime = TimeSpan.FromMilliseconds(400) });
        await store.PutManifestAsync(StoreFolder.Manifest("m"), StoreFolder.Alice, Token);

        volume.FailSyncs();

        Assert.NotNull(await store.Faulted.WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.False(await store.IsHealthyAsync(Token));
    }

    [Fact]
    public async Task After_a_fault_closing_writes_nothing_and_the_next_start_finds_what_was_acknowledged()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        var store = await folder.OpenAsync();
        await store.PutManifestAsync(StoreFolder.Manifest("first", tags: "first"), StoreFolder.Alice, Token);
        volume.FailSyncs();
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => store.PutManifestAsync(StoreFolder.Manifest("m"), StoreFolder.Alice, Token));
        var events = volume.Count;

        await store.DisposeAsync();

        Assert.Equal(events, volume.Count);
        volume.MendSyncs();
        await using var reopened = await folder.OpenAsync();
        Assert.NotNull(await reopened.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse("first")), true, Token));
        Assert.Empty(await reopened.CheckAsync(Token));
    }

    [Fact]
    public async Task A_full_volume_refuses_pushes_and_takes_them_again_when_there_is_room()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        await using var store = await folder.OpenAsync();
        await store.PutManifestAsync(StoreFolder.Manifest("first", tags: "first"), StoreFolder.Alice, Token);
        volume.RunFullAfter(0);

        await Assert.ThrowsAsync<MetadataFullException>(() => store.PutManifestAsync(StoreFolder.Manifest("second"), StoreFolder.Alice, Token));

        Assert.NotNull(await store.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse("first")), true, Token));
        Assert.True(await store.IsHealthyAsync(Token));
        volume.MakeRoom();
        Assert.Equal(PutManifestOutcome.Stored, (await store.PutManifestAsync(StoreFolder.Manifest("second"), StoreFolder.Alice, Token)).Outcome);
        Assert.Empty(await store.CheckAsync(Token));
    }

    [Fact]
    public async Task A_full_volume_gives_its_reserve_to_deletions_and_pushes_wait_until_it_is_back()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        var reserve = new Reserve(volume);
        await using var store = await folder.OpenAsync(options => options with { Reserve = reserve });
        await store.PutManifestAsync(StoreFolder.Manifest("first", tags: "first"), StoreFolder.Alice, Token);
        volume.RunFullAfter(0);

        await Assert.ThrowsAsync<MetadataFullException>(() => store.PutManifestAsync(StoreFolder.Manifest("second"), StoreFolder.Alice, Token));
        Assert.False(reserve.IsHeld);
        await Assert.ThrowsAsync<MetadataFullException>(() => store.PutManifestAsync(StoreFolder.Manifest("second"), StoreFolder.Alice, Token));
        Assert.Equal(DeleteOutcome.Deleted, (await store.DeleteTagAsync(1, StoreFolder.App, Tag.Parse("first"), StoreFolder.Alice, Token)).Outcome);

        reserve.IsHeld = true;
        Assert.Equal(PutManifestOutcome.Stored, (await store.PutManifestAsync(StoreFolder.Manifest("second"), StoreFolder.Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_deletion_that_finds_the_volume_full_is_tried_again_with_the_reserve()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        var reserve = new Reserve(volume);
        await using var store = await folder.OpenAsync(options => options with { Reserve = reserve });
        await store.PutManifestAsync(StoreFolder.Manifest("first", tags: "first"), StoreFolder.Alice, Token);
        volume.RunFullAfter(0);

        Assert.Equal(DeleteOutcome.Deleted, (await store.DeleteTagAsync(1, StoreFolder.App, Tag.Parse("first"), StoreFolder.Alice, Token)).Outcome);

        Assert.False(reserve.IsHeld);
    }

    [Fact]
    public async Task Content_shared_by_two_registries_stays_until_both_let_go()
    {
        await using var folder = new StoreFolder();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var store = await folder.OpenAsync(time: time);
        var second = (await store.CreateRegistryAsync(
            new NewRegistry("second", "subscription", "default", "home", "Premium"), StoreFolder.Alice, Token)).Record!.Id;
        var blob = await folder.PushBlobAsync(store, "shared");
        var upload = await folder.OpenUploadAsync(store, registry: second);
        await store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, time.GetUtcNow().AddDays(9), time.GetUtcNow(), StoreFolder.Alice, Token);
        Assert.Null(await store.MountBlobAsync(1, RepositoryName.Parse("x"), blob.Digest, RepositoryName.Parse("y"), [NameRange.All], default, StoreFolder.Alice, Token));
        time.Advance(TimeSpan.FromDays(2));

        Assert.Equal(new ReviewResult(1, 1, 0, 0), await store.ReviewMembershipsAsync(10, Token));

        Assert.Null(await store.FindBlobAsync(1, StoreFolder.App, blob.Digest, Token));
        Assert.NotNull(await store.FindBlobAsync(second, StoreFolder.App, blob.Digest, Token));
        Assert.Empty(await store.CheckAsync(Token));
        Assert.Equal(DeleteOutcome.Deleted, (await store.DeleteBlobAsync(second, StoreFolder.App, blob.Digest, StoreFolder.Alice, Token)).Outcome);
        Assert.Equal(1, (await store.ReviewBlobsAsync(10, Token)).Discarded);
        Assert.Equal(0, (await store.ReadTotalsAsync(Token)).Blobs);
        Assert.Empty(await store.CheckAsync(Token));
    }

    [Fact]
    public async Task Groups_and_commits_are_measured()
    {
        var measured = new System.Collections.Concurrent.ConcurrentDictionary<string, string?>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MetadataMetrics.MeterName) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, _, _, _) => measured[instrument.Name] = instrument.Unit);
        listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => measured[instrument.Name] = instrument.Unit);
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => measured[instrument.Name] = instrument.Unit);
        listener.Start();
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(
            options => options with { CheckpointInterval = TimeSpan.FromMilliseconds(5), IdleTime = TimeSpan.FromMilliseconds(20) });
        for (var i = 0; i < 500 && measured.Count < 4; i++) await Task.Delay(20, Token);

        Assert.Equal("{operation}", measured["berth.metadata.group.size"]);
        Assert.Equal("{operation}", measured["berth.metadata.queue.length"]);
        Assert.Equal("s", measured["berth.metadata.commit.duration"]);
        Assert.Equal("By", measured["berth.metadata.wal.size"]);
    }

    [Fact]
    public async Task The_steps_around_an_acknowledgement_are_reached_in_order()
    {
        await using var folder = new StoreFolder();
        var steps = new RememberedSteps();
        await using var store = await folder.OpenAsync(steps: steps);
        steps.Reached.Clear();

        await store.PutManifestAsync(StoreFolder.Manifest("m"), StoreFolder.Alice, Token);

        Assert.Equal(["metadata.before-commit", "metadata.after-commit"], steps.Reached);
    }

    [Fact]
    public async Task A_held_acknowledgement_holds_nobody_else()
    {
        await using var folder = new StoreFolder();
        var steps = new RememberedSteps();
        await using var store = await folder.OpenAsync(steps: steps);
        var gate = new TaskCompletionSource();
        steps.Hold = gate.Task;
        var held = store.PutManifestAsync(StoreFolder.Manifest("held"), StoreFolder.Alice, Token);
        steps.Hold = null;

        await store.PutManifestAsync(StoreFolder.Manifest("free"), StoreFolder.Alice, Token);

        Assert.False(held.IsCompleted);
        gate.SetResult();
        await held;
    }

    [Fact]
    public async Task Uploads_names_and_addresses_with_odd_characters_survive()
    {
        await using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var caller = new Caller(1, "zoë \"quoted\" \0 end 😀", "fe80::1%eth0", new string('r', 5000));

        await store.SetPasswordAsync(caller.Name, "", caller, Token);

        var record = (await store.ReadLedgerAsync(0, 10, Token))[^1];
        Assert.Equal((caller.Name, caller.Address, caller.RequestId), (record.Actor, record.Address, record.RequestId));
        Assert.Equal("", (await store.FindPrincipalAsync(caller.Name, Token))!.PasswordHash);
        using var payload = System.Text.Json.JsonDocument.Parse(record.Payload!);
        Assert.Equal(caller.Name, payload.RootElement.GetProperty("principal").GetString());
    }

    [Fact]
    public void Hybrid_time_never_goes_back_and_passes_what_it_replaces()
    {
        var time = new FakeTimeProvider();
        var clock = new HybridClock(time, highest: 0);
        var first = clock.Next();
        Assert.Equal(time.GetUtcNow().ToUnixTimeMilliseconds() << 16, first);
        Assert.Equal(first + 1, clock.Next());
        Assert.Equal(first + 101, clock.Next(replaced: first + 100));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(first + (1 << 16), clock.Next());
    }

    private sealed class Reserve(FaultyVolume volume) : IMetadataReserve
    {
        public bool IsHeld { get; set; } = true;

        public Task ReleaseAsync(string reason, CancellationToken cancellationToken)
        {
            IsHeld = false;
            volume.MakeRoom();
            return Task.CompletedTask;
        }
    }

    private sealed class RememberedSteps : ISteps
    {
        public List<string> Reached { get; } = [];

        public Task? Hold { get; set; }

        public async ValueTask ReachAsync(string point)
        {
            lock (Reached) Reached.Add(point);
            if (Hold is { } hold) await hold;
        }
    }
}
