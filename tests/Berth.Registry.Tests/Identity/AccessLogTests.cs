using System.Diagnostics.Metrics;
using Berth.Metadata;
using Berth.Registry.Events;
using Berth.Registry.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Identity;

public sealed class AccessLogTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Recorded _events = new();
    private readonly AccessLog _log;

    public AccessLogTests() => _log = new AccessLog(
        _events, new AccessMetrics(new OwnMeters()), new DiagnosticEvents(new DiagnosticsOptions(), new DiagnosticMetrics(new OwnMeters()), _time), _time, NullLogger<AccessLog>.Instance);

    [Fact]
    public async Task A_flood_of_invented_user_names_makes_a_bounded_number_of_rows_a_minute()
    {
        for (var flush = 0; flush < 3; flush++)
        {
            for (var i = 0; i < 2_000; i++) _log.Record(AccessEventKinds.SignInRefused, 1, $"invented-{flush}-{i}", "192.0.2.1", "password", null);
            await _log.FlushAsync(CancellationToken.None);
        }

        var refused = _events.All.Where(e => e.Kind == AccessEventKinds.SignInRefused).ToList();
        Assert.Equal(1_000, refused.Count);
        Assert.Equal(5_000, _events.All.Where(e => e.Kind == AccessEventKinds.Dropped).Sum(e => e.Count));

        _time.Advance(TimeSpan.FromMinutes(1));
        await _log.FlushAsync(CancellationToken.None);
        _log.Record(AccessEventKinds.SignInRefused, 1, "somebody", "192.0.2.1", "password", null);
        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal("somebody", _events.All[^1].Actor);
    }

    [Fact]
    public async Task A_flood_of_strangers_leaves_room_for_what_principals_do()
    {
        for (var i = 0; i < 2_000; i++) _log.Record(AccessEventKinds.SignInRefused, 1, $"invented-{i}", "192.0.2.1", "password", null);
        _log.Record(AccessEventKinds.Pull, 1, "owner", "192.0.2.2", "team/app", null);

        await _log.FlushAsync(CancellationToken.None);

        Assert.Single(_events.All, e => e is { Kind: AccessEventKinds.Pull, Actor: "owner", Reason: "team/app", Count: 1 });
    }

    [Fact]
    public async Task Only_the_first_of_a_minute_that_looks_like_others_is_worth_a_line()
    {
        bool Refuse() => _log.Record(AccessEventKinds.SignInRefused, 1, "mallory", "192.0.2.1", "password", null);

        Assert.Equal([true, false], [Refuse(), Refuse()]);
        await _log.FlushAsync(CancellationToken.None);
        Assert.False(Refuse());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([true, false], [Refuse(), Refuse()]);
    }

    [Fact]
    public async Task No_event_is_lost_between_many_recorders_and_the_flush()
    {
        var recorders = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                _log.Record(AccessEventKinds.Pull, 1, "owner", "192.0.2.1", "team/app", null);
                if (i % 1_000 == 0) _time.Advance(TimeSpan.FromSeconds(20));
            }
        })).ToList();
        while (!recorders.TrueForAll(r => r.IsCompleted)) await _log.FlushAsync(CancellationToken.None);
        await Task.WhenAll(recorders);
        await _log.FlushAsync(CancellationToken.None);

        Assert.Equal(80_000, _events.All.Sum(e => e.Count));
    }

    [Fact]
    public async Task What_could_not_be_written_comes_with_the_next_batch()
    {
        _log.Record(AccessEventKinds.SignIn, 1, "owner", "192.0.2.1", "password", null);
        _log.Record(AccessEventKinds.SignIn, 1, "owner", "192.0.2.1", "password", null);
        _events.Fails = true;
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => _log.FlushAsync(CancellationToken.None));

        _events.Fails = false;
        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal((AccessEventKinds.SignIn, 2L), (_events.All.Single().Kind, _events.All.Single().Count));
    }

    [Fact]
    public async Task A_flush_that_fails_midway_writes_the_rest_later_and_nothing_twice()
    {
        for (var i = 0; i < 900; i++) _log.Record(AccessEventKinds.Pull, 1, "owner", "192.0.2.1", $"team/app-{i}", null);
        _events.FailsAfter = 2;
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => _log.FlushAsync(CancellationToken.None));
        Assert.InRange(_events.All.Count, 1, 899);

        _events.FailsAfter = int.MaxValue;
        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal(900, _events.All.Select(e => e.Reason).Distinct().Count());
        Assert.Equal(900, _events.All.Sum(e => e.Count));
    }

    [Fact]
    public async Task A_long_name_is_cut_between_two_characters()
    {
        // The pair of the last character begins with the last unit that is kept.
        _log.Record(AccessEventKinds.SignInRefused, 1, new string('a', 63) + "\U0001F6A2 and more", "192.0.2.1", "password", null);

        await _log.FlushAsync(CancellationToken.None);

        Assert.Equal(new string('a', 63), Assert.Single(_events.All).Actor);
    }

    [Fact]
    public async Task A_row_that_is_never_taken_keeps_no_other_waiting_and_is_counted_as_dropped()
    {
        for (var i = 0; i < 600; i++) _log.Record(AccessEventKinds.Pull, 1, "owner", "192.0.2.1", $"team/app-{i}", null);
        for (var i = 0; i < 3; i++) _log.Record(AccessEventKinds.Denied, 1, "mallory", "192.0.2.1", "manifest.get team/app", null);
        _events.Refuses = e => e.Actor == "mallory";

        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal(600, _events.All.Sum(e => e.Count));
        Assert.Equal(600, _events.All.Select(e => e.Reason).Distinct().Count());

        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal((AccessEventKinds.Dropped, "not taken", 3L), (_events.All[^1].Kind, _events.All[^1].Reason, _events.All[^1].Count));
        Assert.Equal(603, _events.All.Sum(e => e.Count));

        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal(603, _events.All.Sum(e => e.Count));
    }

    [Fact]
    public async Task A_database_that_goes_away_while_a_row_is_not_taken_loses_that_row_alone()
    {
        for (var i = 0; i < 100; i++) _log.Record(AccessEventKinds.Pull, 1, "owner", "192.0.2.1", $"team/app-{i}", null);
        _log.Record(AccessEventKinds.Denied, 1, "mallory", "192.0.2.1", "manifest.get team/app", null);
        _events.Refuses = e => e.Actor == "mallory";
        _events.FailsAfter = 3;
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => _log.FlushAsync(CancellationToken.None));

        _events.FailsAfter = int.MaxValue;
        for (var i = 0; i < 2; i++) await _log.FlushAsync(CancellationToken.None);
        Assert.Equal(100, _events.All.Where(e => e.Kind == AccessEventKinds.Pull).Sum(e => e.Count));
        Assert.Equal(1, _events.All.Where(e => e.Kind == AccessEventKinds.Dropped).Sum(e => e.Count));
    }

    [Fact]
    public async Task A_flush_beside_one_that_fails_takes_nothing_for_written()
    {
        _log.Record(AccessEventKinds.Denied, 1, "mallory", "192.0.2.1", "manifest.get team/app", null);
        _time.Advance(TimeSpan.FromMinutes(1));
        var held = _events.Held = new TaskCompletionSource();
        var first = _log.FlushAsync(CancellationToken.None);
        var second = _log.FlushAsync(CancellationToken.None);
        _events.Held = null;
        held.SetException(new MetadataUnavailableException("The database does not answer."));
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => first);

        await second;
        Assert.Equal(("mallory", 1L), (_events.All.Single().Actor, _events.All.Single().Count));
    }

    [Fact]
    public async Task What_was_recorded_is_written_when_the_server_stops_however_soon()
    {
        _log.Record(AccessEventKinds.SignIn, 1, "owner", "192.0.2.1", "password", null);
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        // Stopped before the loop had a turn.
        await _log.StartAsync(stopped.Token);
        await _log.StopAsync(CancellationToken.None);

        Assert.Equal("owner", Assert.Single(_events.All).Actor);
    }

    [Fact]
    public void What_is_dropped_is_worth_one_line_a_minute()
    {
        bool Refuse(int i) => _log.Record(AccessEventKinds.SignInRefused, 1, $"invented-{i}", "192.0.2.1", "password", null);
        for (var i = 0; i < 1_000; i++) Assert.True(Refuse(i));

        Assert.Equal([true, false, false], [Refuse(1_000), Refuse(1_001), Refuse(1_002)]);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([true, false], [Refuse(1_003), Refuse(1_004)]);
    }

    private sealed class Recorded : IAccessEvents
    {
        public List<AccessEvent> All { get; } = [];

        public bool Fails { get; set; }

        public int FailsAfter { get; set; } = int.MaxValue;

        public Predicate<AccessEvent>? Refuses { get; set; }

        public TaskCompletionSource? Held { get; set; }

        public async Task AddAccessEventsAsync(IReadOnlyCollection<AccessEvent> events, CancellationToken cancellationToken)
        {
            if (Held is { } held) await held.Task;
            if (Fails || FailsAfter-- <= 0) throw new MetadataUnavailableException("The database does not answer.");
            if (Refuses is { } refuses && events.Any(e => refuses(e))) throw new ArgumentException("It has no UTF-8.", nameof(events));
            All.AddRange(events);
        }

        public ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
            long registryId, DateTimeOffset since, int limit, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<AccessEvent>>(All);

        public ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
            long registryId, DateTimeOffset since, IReadOnlyList<string> kinds, int limit, CancellationToken cancellationToken) =>
            ListAccessEventsAsync(registryId, since, limit, cancellationToken);
    }

    private sealed class OwnMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
