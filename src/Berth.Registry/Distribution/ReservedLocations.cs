using Berth.Metadata;
using Berth.Storage;

namespace Berth.Registry.Distribution;

/// <summary>
/// Locations that are committed before bytes come to them, many at once, for pushes that have no session's row. Each is queued to be discarded, and is taken out of that queue by the commit of its blob: what
/// a push that failed, or a node that ended, has left at one is found there. None is given out twice.
/// </summary>
internal sealed class ReservedLocations(IUploads uploads, IBlobStore store, TimeProvider time)
{
    private const int AtOnce = 64;

    // One is taken when the bytes are there, and committed within minutes; it must be an hour before it is discarded.
    private static readonly TimeSpan DiscardedAfter = TimeSpan.FromHours(4);
    private static readonly TimeSpan GoodFor = TimeSpan.FromHours(2);

    private readonly Lock _gate = new();
    private readonly Queue<(string Location, long ReservedAt)> _locations = new();
    private Task? _filling;

    /// <summary>A location that was reserved, for one push.</summary>
    public async ValueTask<string> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task filling;
            lock (_gate)
            {
                while (_locations.TryPeek(out var oldest) && time.GetElapsedTime(oldest.ReservedAt) > GoodFor) _locations.Dequeue();
                if (_locations.Count <= AtOnce / 2 && _filling is not { IsCompleted: false }) _filling = FillAsync();
                if (_locations.TryDequeue(out var next)) return next.Location;
                filling = _filling!;
            }

            await filling.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives out none of those that were reserved so far.</summary>
    public void Forget()
    {
        lock (_gate) _locations.Clear();
    }

    // Whoever waits for it is told what went wrong, and the next one begins anew; it belongs to no request.
    private async Task FillAsync()
    {
        await Task.Yield();
        var locations = Enumerable.Range(0, AtOnce).Select(_ => store.NewLocation()).ToList();
        var reservedAt = time.GetTimestamp();
        await uploads.ReserveLocationsAsync(locations, time.GetUtcNow() + DiscardedAfter, CancellationToken.None);
        lock (_gate)
        {
            foreach (var location in locations) _locations.Enqueue((location, reservedAt));
        }
    }
}
