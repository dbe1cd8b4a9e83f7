using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Network;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>
/// A registry's dedicated data endpoint: a host of its own from which its blobs are read, by the links that the login server gives, and nothing else is. Clients
/// whose firewall knows each host that they reach need no other.
/// </summary>
internal sealed class DataEndpoint(
    DataEndpointHosts hosts, RegistryGate gate, DataLinks links, KnownSettings settings, BlobEndpoints blobs, PublicNames names)
{
    /// <summary>The one route.</summary>
    public static DistributionRoute Route { get; } = DistributionRoute.Find(ResourceKind.Blob, "GET")!;

    /// <summary>Whether a request is for a data endpoint, whatever there is.</summary>
    public bool IsAt(HttpContext context) => hosts.AreAbove(context.Request);

    /// <summary>Answers a request for a data endpoint.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">Its path under <c>/v2</c>; null for one elsewhere.</param>
    /// <exception cref="OciException">There is nothing to be read, or not by this request.</exception>
    public async Task AnswerAsync(HttpContext context, string? path)
    {
        var host = RegistryResolver.HostOf(context.Request);
        var registry = await hosts.FindAsync(host, context.RequestAborted)
            ?? throw new OciException(OciErrorCode.NameUnknown, $"There is no registry's data endpoint at '{Shorten(host)}'.", detail: Shorten(host));
        gate.CheckNetwork(context, registry);

        var target = path is null ? default : RequestTarget.Parse(path);
        if (target.Kind != ResourceKind.Blob) throw NothingElse(registry, StatusCodes.Status404NotFound);
        if (DistributionRoute.Find(target.Kind, context.Request.Method) != Route)
        {
            context.Response.Headers.Allow = "GET, HEAD";
            throw NothingElse(registry, StatusCodes.Status405MethodNotAllowed);
        }

        var text = context.Request.Query[DataLinks.Parameter];
        var principal = text.Count == 1 ? await links.ReadAsync(text.ToString(), registry, target.Repository, target.Digest, context.RequestAborted) : null;
        if (principal is null || await gate.AdmitAgainAsync(context, registry, principal, target.Repository) is not { } admission)
        {
            throw new OciException(
                OciErrorCode.Denied,
                $"The link is none for this blob, has ended, or was given to somebody who may not read it any more; pull again from {names.LoginServer(registry.Name)}.");
        }

        await blobs.ServeAsync(new DistributionRequest(context, registry, admission.Principal, admission.Rights, target));
    }

    /// <summary>Sends a reader of a blob to the registry's data endpoint; false where the blob is to be sent at once.</summary>
    public async ValueTask<bool> TryRedirectAsync(DistributionRequest request, BlobRecord blob)
    {
        var context = request.Http;

        // Who came in by a private listener stays there: the data endpoint's name may lead elsewhere.
        if (request.IsHead || !settings.Of(request.Registry).HasDataEndpoint || context.Features.Get<PrivateArrival>() is not null) return false;
        if (await links.MakeAsync(request, blob.Digest) is not { } link) return false;

        var host = names.DataEndpointHost(request.Registry.Name, request.Registry.Location) + PortOf(context.Request.Headers.Host.ToString());
        var response = context.Response;
        response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        response.Headers.Location = $"{context.Request.Scheme}://{host}/v2/{request.Repository}/blobs/{blob.Digest}?{DataLinks.Parameter}={link}";
        response.Headers["Docker-Content-Digest"] = blob.Digest.ToString();
        response.Headers.CacheControl = "no-store";
        response.ContentLength = 0;
        return true;
    }

    // The one that the client reached this server by, as in the challenge's realm.
    private static string PortOf(string host)
    {
        var port = host.LastIndexOf(':');
        return port >= 0 && port < host.Length - 1 && !host.AsSpan(port + 1).ContainsAnyExceptInRange('0', '9') ? host[port..] : "";
    }

    private OciException NothingElse(RegistryRecord registry, int status) => new(
        status == StatusCodes.Status405MethodNotAllowed ? OciErrorCode.Unsupported : OciErrorCode.NameUnknown,
        $"This is the data endpoint of '{registry.Name}': nothing but blobs is read here, by the links that {names.LoginServer(registry.Name)} gives.", status);

    private static string Shorten(string host) => ClientText.Shorten(host, 300);
}
