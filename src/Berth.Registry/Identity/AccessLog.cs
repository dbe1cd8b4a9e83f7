using System.Collections.Concurrent;
using Berth.Metadata;
using Berth.Registry.Events;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Records pulls, sign-ins and denials off the request path: counted in memory per minute, actor, address and reason, and written in
/// batches. When more kinds of them wait than anybody would read, they are counted as dropped; so are those that the database refuses for good.
/// </summary>
public sealed partial class AccessLog : IHostedService, IDisposable
{
    /// <summary>The reason of a denial by a registry's network rules, of which the address is all that is known.</summary>
    public const string NetworkReason = "network";

    /// <summary>The reason of a sign-in that was not looked at, because too many came at once.</summary>
    public const string TooManyReason = "too many at once";

    private const string TooMany = "too many";
    private const string NotTaken = "not taken";
    private const int MaxActorLength = 64;

    // The writer is held for one batch: pushes wait meanwhile.
    private const int BatchRows = 250;

    // The count of a row that was taken out: a request that had found it just before sees that it came too late.
    private const long Closed = long.MinValue;

    private readonly ConcurrentDictionary<Row, Tally> _rows = new();
    private readonly IAccessEvents _events;
    private readonly AccessMetrics _metrics;
    private readonly DiagnosticEvents _diagnostics;
    private readonly TimeProvider _time;
    private readonly ILogger<AccessLog> _logger;
    private readonly FlushLoop _flushes;
    private long _dropped;
    private long _notTaken;

    // A client without a credential chooses the user name: without a bound it would choose the size of the table, too. Each kind has a bound of its
    // own, so that strangers cannot crowd out what principals do, nor pulls what is to be looked into.
    private readonly Room _strangers = new(1_000);
    private readonly Room _outside = new(1_000);
    private readonly Room _pulls = new(2_000);
    private readonly Room _others = new(1_000);

    /// <summary>A log that nothing was recorded in.</summary>
    public AccessLog(IAccessEvents events, AccessMetrics metrics, DiagnosticEvents diagnostics, TimeProvider time, ILogger<AccessLog> logger)
    {
        (_events, _metrics, _diagnostics, _time, _logger) = (events, metrics, diagnostics, time, logger);
        _flushes = new FlushLoop(WriteCountedAsync, LogFlushFailed, time);
    }

    /// <summary>Counts one event; never waits.</summary>
    /// <returns>Whether it is worth a line in the log: the first of its minute that looks like this, or the first of its minute to be dropped.</returns>
    public bool Record(string kind, long registryId, string actor, string? address, string reason, string? requestId)
    {
        if (kind == AccessEventKinds.SignInRefused) _metrics.SignInRefused(reason);
        if (kind is AccessEventKinds.SignIn or AccessEventKinds.SignInRefused) _diagnostics.SignedIn(registryId, actor, address, StatusOf(kind, reason), requestId);
        var name = ClientText.Shorten(actor, MaxActorLength);
        var row = new Row(MinuteOf(_time.GetUtcNow()), registryId, kind, name, address ?? "", reason);
        var isKnown = _rows.TryGetValue(row, out var tally);
        if (!isKnown)
        {
            var room = RoomOf(row);
            if (!room.TryTake())
            {
                Interlocked.Increment(ref _dropped);
                return room.IsFirstRefusal(row.Minute);
            }

            var made = new Tally();
            tally = _rows.GetOrAdd(row, made);
            isKnown = !ReferenceEquals(made, tally);
            if (isKnown) room.GiveBack();
        }

        tally!.RequestId = requestId;
        if (Interlocked.Increment(ref tally.Count) < 0) Interlocked.Increment(ref _dropped);
        return !isKnown;
    }

    /// <summary>Writes what was counted; when it returns, what was recorded before is stored.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => _flushes.FlushAsync(cancellationToken);

    /// <summary>Writes it if that is possible; what cannot be written, as on a full disk, is logged and waits for the next attempt.</summary>
    public Task FlushIfPossibleAsync(CancellationToken cancellationToken) => _flushes.FlushIfPossibleAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => _flushes.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _flushes.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _flushes.Dispose();

    private async Task WriteCountedAsync(CancellationToken cancellationToken)
    {
        var minute = MinuteOf(_time.GetUtcNow());
        var batch = new List<(Tally? Tally, AccessEvent Event)>();
        foreach (var (row, tally) in _rows)
        {
            var count = Interlocked.Exchange(ref tally.Count, 0);
            if (count > 0)
                batch.Add((tally, new AccessEvent(row.Minute, row.RegistryId, row.Kind, row.Actor, row.Address, row.Reason, count, tally.RequestId)));
            else if (row.Minute < minute && Interlocked.CompareExchange(ref tally.Count, Closed, 0) == 0 && _rows.TryRemove(row, out _))
                RoomOf(row).GiveBack();
        }

        AddDropped(batch, minute, TooMany, Interlocked.Exchange(ref _dropped, 0));
        AddDropped(batch, minute, NotTaken, Interlocked.Exchange(ref _notTaken, 0));
        await WriteAsync(batch, cancellationToken);
    }

    private static void AddDropped(List<(Tally? Tally, AccessEvent Event)> batch, DateTimeOffset minute, string reason, long count)
    {
        if (count > 0) batch.Add((null, new AccessEvent(minute, 0, AccessEventKinds.Dropped, "", "", reason, count, null)));
    }

    private async Task WriteAsync(List<(Tally? Tally, AccessEvent Event)> entries, CancellationToken cancellationToken)
    {
        var parts = new Queue<(Tally? Tally, AccessEvent Event)[]>(entries.Chunk(BatchRows));
        Exception? reason = null;
        var lost = 0L;
        try
        {
            while (parts.TryPeek(out var part))
            {
                try
                {
                    await _events.AddAccessEventsAsync([.. part.Select(entry => entry.Event)], cancellationToken);
                    parts.Dequeue();
                }
                catch (Exception e) when (e is not (MetadataUnavailableException or MetadataFullException or OperationCanceledException))
                {
                    // One row that is never taken must not keep all others waiting for good: halves find it, and it alone is lost.
                    parts.Dequeue();
                    reason = e;
                    if (part.Length > 1)
                    {
                        parts.Enqueue(part[..(part.Length / 2)]);
                        parts.Enqueue(part[(part.Length / 2)..]);
                    }
                    else lost += Lose(part[0]);
                }
            }
        }
        catch
        {
            // They are counted still, and are written by a later flush.
            foreach (var (tally, e) in parts.SelectMany(part => part))
            {
                if (tally is null) CountAgain(e);
                else Interlocked.Add(ref tally.Count, e.Count);
            }

            throw;
        }
        finally
        {
            if (lost > 0) LogNotTaken(reason!, lost);
        }
    }

    private long Lose((Tally? Tally, AccessEvent Event) entry)
    {
        if (entry.Tally is null)
        {
            CountAgain(entry.Event);
            return 0;
        }

        Interlocked.Add(ref _notTaken, entry.Event.Count);
        return entry.Event.Count;
    }

    private void CountAgain(AccessEvent dropped) => Interlocked.Add(ref (dropped.Reason == TooMany ? ref _dropped : ref _notTaken), dropped.Count);

    // What such a sign-in was answered.
    private static int StatusOf(string kind, string reason) => kind == AccessEventKinds.SignIn ? 200 : reason == TooManyReason ? 429 : 401;

    private Room RoomOf(Row row) => row.Kind switch
    {
        AccessEventKinds.SignInRefused => _strangers,
        AccessEventKinds.Denied when row.Reason == NetworkReason => _outside,
        AccessEventKinds.Pull => _pulls,
        _ => _others,
    };

    private static DateTimeOffset MinuteOf(DateTimeOffset now) => now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));

    private readonly record struct Row(DateTimeOffset Minute, long RegistryId, string Kind, string Actor, string Address, string Reason);

    private sealed class Tally
    {
        public long Count;

        public string? RequestId { get; set; }
    }

    /// <summary>How many rows of one kind may wait in memory.</summary>
    private sealed class Room(int rows)
    {
        private int _taken;
        private long _refusedAt;

        public bool TryTake()
        {
            if (Interlocked.Increment(ref _taken) <= rows) return true;
            Interlocked.Decrement(ref _taken);
            return false;
        }

        public void GiveBack() => Interlocked.Decrement(ref _taken);

        public bool IsFirstRefusal(DateTimeOffset minute) => Interlocked.Exchange(ref _refusedAt, minute.Ticks) != minute.Ticks;
    }
}
