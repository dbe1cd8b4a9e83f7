using System.Collections.Concurrent;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// Links that were signed lately, each given again in the first tenth of its life: many nodes of a cluster pull an image at the same time, and a signature is a fifth of what the answer costs.
/// </summary>
internal sealed class SignedLinks(TimeProvider time)
{
    /// <summary>How many are kept; less than 1,000 bytes each.</summary>
    public const int Most = 4096;

    private volatile Batch _batch = new(default);

    /// <summary>The link to a location, if it still has nine tenths of its life.</summary>
    public Uri? Find(string location, TimeSpan lifetime) =>
        _batch is var batch && batch.IsYoung(time.GetUtcNow(), lifetime) ? batch.Links.GetValueOrDefault((location, lifetime)) : null;

    /// <summary>Keeps a link.</summary>
    /// <param name="location">What it leads to.</param>
    /// <param name="lifetime">How long it is good.</param>
    /// <param name="link">The link.</param>
    /// <param name="began">When it was asked for, by the clock that it was signed by.</param>
    public void Keep(string location, TimeSpan lifetime, Uri link, DateTimeOffset began)
    {
        // All of them go at once, by the age of the first: none needs a time of its own. One that took so long to be signed that others began later is not kept.
        var batch = _batch;
        if (!batch.IsYoung(time.GetUtcNow(), lifetime) || batch.Count >= Most) _batch = batch = new Batch(began);
        if (began < batch.Began) return;
        if (batch.Links.TryAdd((location, lifetime), link)) Interlocked.Increment(ref batch.Count);
    }

    private sealed class Batch(DateTimeOffset began)
    {
        public int Count;

        public DateTimeOffset Began => began;

        public ConcurrentDictionary<(string Location, TimeSpan Lifetime), Uri> Links { get; } = new();

        // A clock that was put back makes it of another time, too.
        public bool IsYoung(DateTimeOffset now, TimeSpan lifetime) => now >= began && now - began < lifetime / 10;
    }
}
