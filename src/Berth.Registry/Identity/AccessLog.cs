using System.Threading.Channels;
using Berth.Metadata;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Records sign-ins and denials off the request path: a bounded queue, aggregated per minute, actor, address and reason, written in
/// batches. When more come than fit, they are counted as dropped.
/// </summary>
public sealed partial class AccessLog(IAccessEvents events, TimeProvider time, ILogger<AccessLog> logger) : BackgroundService
{
    private const int MaxQueued = 10_000;
    private const int MaxActorLength = 64;
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(5);

    private readonly Channel<AccessEvent> _queue = Channel.CreateBounded<AccessEvent>(
        new BoundedChannelOptions(MaxQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

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
            var key = (e.Minute, e.RegistryId, e.Kind, e.Actor, e.Address, e.Reason);
            batch[key] = batch.TryGetValue(key, out var same) ? e with { Count = same.Count + 1 } : e;
        }

        var dropped = Interlocked.Exchange(ref _dropped, 0);
        if (dropped > 0)
        {
            var now = time.GetUtcNow();
            var minute = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
            batch[default] = new AccessEvent(minute, 0, AccessEventKinds.Dropped, "", "", "queue full", dropped, null);
        }

        if (batch.Count > 0) await events.AddAccessEventsAsync(batch.Values, cancellationToken);
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
        catch (IOException e)
        {
            LogFlushFailed(e);
        }
    }
}
