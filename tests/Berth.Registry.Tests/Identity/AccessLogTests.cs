using Berth.Metadata;
using Berth.Registry.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Identity;

public sealed class AccessLogTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Recorded _events = new();
    private readonly AccessLog _log;

    public AccessLogTests() => _log = new AccessLog(_events, _time, NullLogger<AccessLog>.Instance);

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
        _log.Record(AccessEventKinds.SignInRefused, 1, "somebody", "192.0.2.1", "password", null);
        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal("somebody", _events.All[^1].Actor);
    }

    [Fact]
    public async Task What_could_not_be_written_is_counted_as_dropped()
    {
        _log.Record(AccessEventKinds.SignIn, 1, "owner", "192.0.2.1", "password", null);
        _log.Record(AccessEventKinds.SignIn, 1, "owner", "192.0.2.1", "password", null);
        _events.Fails = true;
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => _log.FlushAsync(CancellationToken.None));

        _events.Fails = false;
        await _log.FlushAsync(CancellationToken.None);
        Assert.Equal((AccessEventKinds.Dropped, 2L), (_events.All.Single().Kind, _events.All.Single().Count));
    }

    private sealed class Recorded : IAccessEvents
    {
        public List<AccessEvent> All { get; } = [];

        public bool Fails { get; set; }

        public Task AddAccessEventsAsync(IReadOnlyCollection<AccessEvent> events, CancellationToken cancellationToken)
        {
            if (Fails) throw new MetadataUnavailableException("The database does not answer.");
            All.AddRange(events);
            return Task.CompletedTask;
        }

        public ValueTask<IReadOnlyList<AccessEvent>> ListAccessEventsAsync(
            long registryId, DateTimeOffset since, int limit, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<AccessEvent>>(All);
    }
}
