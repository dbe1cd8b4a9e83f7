using System.Collections.Concurrent;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Distribution;

/// <summary>
/// The policy that bounds open upload sessions of one principal in one registry. The count is read from the rows at most every
/// few seconds and counted on in between, so a start costs no count of its own.
/// </summary>
internal sealed class UploadAdmission(IUploads uploads, DistributionOptions options, TimeProvider time)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(long Registry, long Principal), Count> _counts = new();

    /// <summary>Lets one more session in, or refuses it.</summary>
    /// <exception cref="OciException">429: too many sessions are open.</exception>
    public async ValueTask CheckAsync(DistributionRequest request)
    {
        var count = _counts.GetOrAdd((request.Registry.Id, request.Principal.Id), static _ => new Count());
        if (count.ReadAt is null || time.GetElapsedTime(count.ReadAt.Value) > Freshness)
        {
            count.ReadAt = time.GetTimestamp();
            Interlocked.Exchange(ref count.Open, await uploads.CountUploadsAsync(request.Registry.Id, request.Principal.Id, request.Aborted));
        }

        if (Interlocked.Increment(ref count.Open) <= options.MaxOpenUploads) return;
        Interlocked.Decrement(ref count.Open);
        throw new OciException(
            OciErrorCode.TooManyRequests,
            $"'{request.Principal.Name}' has {options.MaxOpenUploads} open upload sessions; finish or cancel some, or wait until they expire.");
    }

    /// <summary>A session ended within this process.</summary>
    public void Ended(DistributionRequest request)
    {
        if (_counts.TryGetValue((request.Registry.Id, request.Principal.Id), out var count)) Interlocked.Decrement(ref count.Open);
    }

    private sealed class Count
    {
        public long Open;

        public long? ReadAt { get; set; }
    }
}
