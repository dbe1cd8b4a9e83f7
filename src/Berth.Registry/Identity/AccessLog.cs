using System.Threading.Channels;
using Berth.Metadata;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Records sign-ins and denials off the request path: a bounded queue, aggregated per minute, actor, address and reason, written in
/// batches. When more come than fit, or more kinds of them in a minute than anybody would read, they are counted as dropped.
/// </summary>
public sealed partial class AccessLog(IAccessEvents events, TimeProvider time, ILogger<AccessLog> logger) : BackgroundService
{
    private const int MaxQueued = 10_000;
    private const int MaxActorLength = 64;

    // A client without a credential chooses the user name: without a bound it would choose the size of the table, too.
    private const int MaxRowsPerMinute = 1_000;
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(5);

    private readonly Channel<AccessEvent> _queue = Channel.CreateBounded<AccessEvent>(
        new BoundedChannelOptions(MaxQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private readonly HashSet<(long, string, string, string, string)> _rows = [];
    private DateTimeOffset _rowsMinute;
    private long _dropped;

    /// <summary>Records one event; never waits.</summary>
    public void Record(string kind, long registryId, string actor, string? address, string reason, string? requestId)
    {
        var now = time.GetUtcNow();
        var minute = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
        var name = actor.Length <= MaxActorLength ? actor : actor[..MaxActorLength];
        if (!_queue.Writer.TryWrite(new AccessEvent(minute, registryId, kind, name, address ?? "", reason, 1, requestId)))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Writes what is queued.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var batch = new Dictionary<(DateTimeOffset, long, string, string, string, string), AccessEvent>();
        for (var i = 0; i < MaxQueued && _queue.Reader.TryRead(out var e); i++)
        {
            if (!HasRow(e))
            {
                Interlocked.Increment(ref _dropped);
                continue;
            }

            var key = (e.Minute, e.RegistryId, e.Kind, e.Actor, e.Address, e.Reason);
            batch[key] = batch.TryGetValue(key, out var same) ? e with { Count = same.Count + 1 } : e;
        }

        var dropped = Interlocked.Exchange(ref _dropped, 0);
        if (dropped > 0)
        {
            var now = time.GetUtcNow();
            var minute = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
            batch[default] = new AccessEvent(minute, 0, AccessEventKinds.Dropped, "", "", "too many", dropped, null);
        }

        if (batch.Count == 0) return;
        try
        {
            await events.AddAccessEventsAsync(batch.Values, cancellationToken);
        }
        catch
        {
            Interlocked.Add(ref _dropped, batch.Values.Sum(e => e.Count));
            throw;
        }
    }

    /// <summary>Whether the event's minute has a row for it, or room for one more. Events come in the order of their minutes.</summary>
    private bool HasRow(AccessEvent e)
    {
        if (e.Minute != _rowsMinute)
        {
            _rowsMinute = e.Minute;
            _rows.Clear();
        }

        var row = (e.RegistryId, e.Kind, e.Actor, e.Address, e.Reason);
        return _rows.Contains(row) || (_rows.Count < MaxRowsPerMinute && _rows.Add(row));
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
            // Their count goes into the next batch's.
            LogFlushFailed(e);
        }
    }
}
