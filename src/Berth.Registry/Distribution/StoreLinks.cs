using Berth.Metadata;
using Berth.Registry.Lifecycle;
using Berth.Registry.Network;
using Berth.Storage;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>
/// Sends readers of blobs to the object store. A link is good for one object and a short time, and for whoever has it: what is decided about the reader is decided before it is
/// given.
/// </summary>
internal sealed class StoreLinks(IBlobStore store, DistributionOptions options, LifecycleOptions lifecycle, KnownSettings settings)
{
    private readonly AddressBlock[] _streamed = [.. options.StreamedNetworks.Select(AddressBlock.Of)];
    private readonly TimeSpan? _lifetime = options.StoreLinkLifetimeUnder(lifecycle.Grace);

    /// <summary>Answers with a link to a blob's bytes, unseen where nobody looked; false where they are to be sent from here.</summary>
    /// <exception cref="StorageUnavailableException">The store has no credentials now.</exception>
    public async ValueTask<bool> TryRedirectAsync(DistributionRequest request, BlobRecord blob, string location)
    {
        if (_lifetime is not { } lifetime || !IsFor(request) || await store.LinkAsync(location, lifetime, request.Aborted) is not { } link) return false;

        var response = request.Http.Response;
        response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        foreach (var header in (string[])["ETag", "Accept-Ranges", "Content-Type"]) response.Headers.Remove(header);
        response.Headers.Location = link.AbsoluteUri;
        response.Headers["Docker-Content-Digest"] = blob.Digest.ToString();
        response.Headers.CacheControl = "no-store";
        response.ContentLength = 0;
        return true;
    }

    // A registry with a data endpoint promises that its clients need to reach no other host, a private listener that they leave no private network.
    private bool IsFor(DistributionRequest request)
    {
        if (request.IsHead) return false;
        if (settings.Of(request.Registry).HasDataEndpoint || request.Http.Features.Get<PrivateArrival>() is not null) return false;
        if (_streamed.Length == 0 || request.Http.Connection.RemoteIpAddress is not { } address) return true;
        var caller = AddressBlock.Of(address);
        return !Array.Exists(_streamed, block => block.IsIPv6 == caller.IsIPv6 && block.First <= caller.First && caller.Last <= block.Last);
    }
}
