using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Throttling;

/// <summary>
/// Bounds the requests whose bytes of blobs are received at once by the memory they take, the registries in fair shares. Whoever has no place is told before a byte of the
/// body is read, and with <c>Expect: 100-continue</c> before one is sent (RFC 9110, 10.1.1).
/// </summary>
internal sealed class UploadPlaces(AdmissionOptions options, ThrottleMetrics metrics, TimeProvider time)
{
    // Where the host does not say what the memory has room for.
    private const int Most = 256;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly FairPlaces _places = metrics.Watch("upload", new FairPlaces(options.Uploads > 0 ? options.Uploads : Most, time));

    /// <summary>Waits for a place; disposing of it gives it back.</summary>
    /// <exception cref="OciException">429: too many uploads are under way.</exception>
    public async ValueTask<Place> TakeAsync(HttpContext context, RegistryRecord registry)
    {
        if (await _places.TakeAsync(registry.Id, options.Patience, context.RequestAborted)) return new Place(_places, registry.Id);
        throw Refuse(registry);
    }

    /// <summary>Refuses to begin what would find no place now.</summary>
    /// <exception cref="OciException">429: too many uploads are under way.</exception>
    public void Check(RegistryRecord registry)
    {
        if (!_places.HasPlaceFor(registry.Id)) throw Refuse(registry);
    }

    private OciException Refuse(RegistryRecord registry)
    {
        metrics.Kept("upload", registry.Name);
        return new OciException(
            OciErrorCode.TooManyRequests,
            $"As many uploads are under way as the server has memory for, and the registry '{registry.Name}' has its share of them; try again in {RetryAfter.TotalSeconds} seconds.")
        {
            RetryAfter = RetryAfter,
        };
    }

    /// <summary>A place that was taken.</summary>
    internal readonly struct Place(FairPlaces places, long registryId) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => places.GiveBack(registryId);
    }
}
