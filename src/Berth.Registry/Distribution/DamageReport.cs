using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Distribution;

/// <summary>
/// Marks blobs whose bytes are missing as damaged, so that they are answered as absent and a push heals them. More than ten within a
/// minute point at the volume, not at the blobs: then none is marked.
/// </summary>
internal sealed partial class DamageReport(IBlobs blobs, TimeProvider time, ILogger<DamageReport> logger)
{
    private const int Limit = 10;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private long _windowStarted;
    private int _misses;

    /// <summary>Reports a definite, repeated miss.</summary>
    /// <exception cref="StorageUnavailableException">There were too many misses within a minute.</exception>
    public async Task ReportAsync(Digest digest, string location)
    {
        if (!Count())
        {
            LogTooManyMisses(Limit);
            throw new StorageUnavailableException("Too many blobs are missing at once.");
        }

        if (await blobs.MarkDamagedAsync(digest, location, CancellationToken.None)) LogDamaged(digest, location);
    }

    private bool Count()
    {
        lock (_lock)
        {
            if (_misses == 0 || time.GetElapsedTime(_windowStarted) > Window)
            {
                _windowStarted = time.GetTimestamp();
                _misses = 0;
            }

            return ++_misses <= Limit;
        }
    }
}
