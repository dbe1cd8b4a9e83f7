using System.Collections.Concurrent;
using Berth.Metadata;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Records pulls, sign-ins and denials off the request path: counted in memory per minute, actor, address and reason, and written in
/// batches. When more kinds of them come in a minute than anybody would read, they are counted as dropped.
/// </summary>
public sealed partial class AccessLog(IAccessEvents events, TimeProvider time, ILogger<AccessLog> logger) : BackgroundService
{
    private const int MaxActorLength = 64;

    // A client without a credential chooses the user name: without a bound it would choose the size of the table, too. It has a bound of its
    // own, so that it cannot crowd out what the principals do.
    private const int MaxStrangersRows = 1_000;
    private const int MaxPrincipalsRows = 10_000;
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(5);

    // The count of a row that was taken out: a request that had found it just before sees that it came too late.
    private const long Closed = long.MinValue;

    private readonly ConcurrentDictionary<Row, Tally> _rows = new();
    private int _strangersRows;
    private int _principalsRows;
    private long _dropped;

    /// <summary>Counts one event; never waits.</summary>
    /// <returns>Whether it is the first of its minute that looks like this: the one worth a line in the log.</returns>
    public bool Record(string kind, long registryId, string actor, string? address, string reason, string? requestId)
    {
        var name = actor.Length <= MaxActorLength ? actor : actor[..MaxActorLength];
        var row = new Row(MinuteOf(time.GetUtcNow()), registryId, kind, name, address ?? "", reason);
        var isKnown = _rows.TryGetValue(row, out var tally);
        if (!isKnown)
        {
            if (!TryTakeRoom(row))
            {
                Interlocked.Increment(ref _dropped);
                return false;
            }

            var made = new Tally();
            tally = _rows.GetOrAdd(row, made);
            isKnown = !ReferenceEquals(made, tally);
            if (isKnown) GiveRoomBack(row);
        }

        tally!.RequestId = requestId;
        if (Interlocked.Increment(ref tally.Count) < 0) Interlocked.Increment(ref _dropped);
        return !isKnown;
    }

    /// <summary>Writes what was counted. Called by the background loop; never by two at once.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var minute = MinuteOf(time.GetUtcNow());
        var batch = new List<(Tally? Tally, AccessEvent Event)>();
        foreach (var (row, tally) in _rows)
        {
            var count = Interlocked.Exchange(ref tally.Count, 0);
            if (count > 0)
                batch.Add((tally, new AccessEvent(row.Minute, row.RegistryId, row.Kind, row.Actor, row.Address, row.Reason, count, tally.RequestId)));
            else if (row.Minute < minute && Interlocked.CompareExchange(ref tally.Count, Closed, 0) == 0 && _rows.TryRemove(row, out _))
                GiveRoomBack(row);
        }

        var dropped = Interlocked.Exchange(ref _dropped, 0);
        if (dropped > 0)
            batch.Add((null, new AccessEvent(minute, 0, AccessEventKinds.Dropped, "", "", "too many", dropped, null)));
        if (batch.Count == 0) return;

        try
        {
            await events.AddAccessEventsAsync([.. batch.Select(entry => entry.Event)], cancellationToken);
        }
        catch
        {
            // They are counted still, and go into the next batch.
            foreach (var (tally, e) in batch)
            {
                if (tally is null) Interlocked.Add(ref _dropped, e.Count);
                else Interlocked.Add(ref tally.Count, e.Count);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(FlushInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await FlushSafelyAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            await FlushSafelyAsync(CancellationToken.None);
        }
    }

    private async Task FlushSafelyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFlushFailed(e);
        }
    }

    private bool TryTakeRoom(Row row)
    {
        var hasRoom = row.IsStrangers
            ? Interlocked.Increment(ref _strangersRows) <= MaxStrangersRows
            : Interlocked.Increment(ref _principalsRows) <= MaxPrincipalsRows;
        if (!hasRoom) GiveRoomBack(row);
        return hasRoom;
    }

    private void GiveRoomBack(Row row)
    {
        if (row.IsStrangers) Interlocked.Decrement(ref _strangersRows);
        else Interlocked.Decrement(ref _principalsRows);
    }

    private static DateTimeOffset MinuteOf(DateTimeOffset now) => now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));

    private readonly record struct Row(DateTimeOffset Minute, long RegistryId, string Kind, string Actor, string Address, string Reason)
    {
        public bool IsStrangers => Kind == AccessEventKinds.SignInRefused;
    }

    private sealed class Tally
    {
        public long Count;

        public string? RequestId { get; set; }
    }
}
