using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Distribution;

/// <summary>
/// Marks blobs whose bytes are missing as damaged, so that they are answered as absent and a push heals them. More than ten of them within a
/// minute point at the volume, not at the blobs: then no further one is marked. However often one of them is asked for, it is one.
/// </summary>
internal sealed partial class DamageReport(IBlobs blobs, TimeProvider time, ILogger<DamageReport> logger)
{
    private const int Limit = 10;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(Digest Digest, string Location), long> _misses = [];

    /// <summary>Reports a definite, repeated miss.</summary>
    /// <exception cref="StorageUnavailableException">There were too many other misses within a minute.</exception>
    public async Task ReportAsync(Digest digest, string location)
    {
        if (!Counts(digest, location))
        {
            LogTooManyMisses(Limit);
            throw new StorageUnavailableException("Too many blobs are missing at once.");
        }

        if (await blobs.MarkDamagedAsync(digest, location, CancellationToken.None)) LogDamaged(digest, location);
    }

    private bool Counts(Digest digest, string location)
    {
        lock (_lock)
        {
            foreach (var (miss, seen) in _misses)
                if (time.GetElapsedTime(seen) > Window) _misses.Remove(miss);

            if (_misses.ContainsKey((digest, location))) return true;
            if (_misses.Count == Limit) return false;
            _misses.Add((digest, location), time.GetTimestamp());
            return true;
        }
    }
}
