using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Distribution;

/// <summary>
/// The one door to <c>/v2/</c>. Each request takes the same steps: resolve the registry and the route, authenticate, authorize, check
/// policy, act, record.
/// </summary>
internal sealed partial class DistributionEndpoints(
    RegistryResolver registries, Authenticator authenticator, Authorizer authorizer, TokenChallenge challenge, AccessLog accessLog,
    BlobEndpoints blobs, UploadEndpoints uploads, ManifestEndpoints manifests, ListEndpoints lists,
    DistributionMetrics metrics, ILogger<DistributionEndpoints> logger) : IFeatureEndpoints
{
    private const string RetryAfterSeconds = "5";
    private static readonly string[] ContentHeaders =
        ["Accept-Ranges", "Cache-Control", "Content-Length", "Content-Range", "Content-Type", "Docker-Content-Digest", "ETag", "Link", "OCI-Filters-Applied"];

    /// <summary>Answers the request if it is for the data plane; false if its target lies elsewhere.</summary>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var path = PathOf(raw);
        var isOurs = path.StartsWith("/v2") && (path.Length == 3 || path[3] == '/');

        // A target such as /x/../v2/ is folded by the framework into ours: what it was is what counts.
        if (!isOurs && !context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal))
        {
            handled = Task.CompletedTask;
            return false;
        }

        handled = HandleAsync(context, isOurs ? path.ToString() : null);
        return true;
    }

    private static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> rawTarget)
    {
        // The absolute form (RFC 9112, 3.2.2): http://host/path
        if (!rawTarget.StartsWith("/") && rawTarget.IndexOf("://") is >= 0 and var scheme)
        {
            var afterHost = rawTarget[(scheme + 3)..];
            var slash = afterHost.IndexOf('/');
            rawTarget = slash < 0 ? "/" : afterHost[slash..];
        }

        var query = rawTarget.IndexOf('?');
        return query < 0 ? rawTarget : rawTarget[..query];
    }

    private async Task HandleAsync(HttpContext context, string? path)
    {
        var started = Stopwatch.GetTimestamp();
        var route = default(DistributionRoute);
        var wentAway = false;
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        try
        {
            if (path is null) throw new OciException(OciErrorCode.NameInvalid, "The path holds a dot segment; write each name in full.");

            var target = RequestTarget.Parse(path);
            route = DistributionRoute.Find(target.Kind, context.Request.Method);
            Describe(context, target, route);
            await AnswerAsync(context, target, route);
        }
        catch (Exception e)
        {
            wentAway = IsClientGone(context, e);
            if (wentAway) LogClientWentAway(context.Request.Method, context.TraceIdentifier);
            else await AnswerFailureAsync(context, e);
        }
        finally
        {
            var status = wentAway && !context.Response.HasStarted ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode;
            metrics.RequestAnswered(route?.Name ?? "none", context.Request.Method, status, Stopwatch.GetElapsedTime(started));
        }
    }

    // The framework's span of this request knows its one catch-all path only. There is none unless traces are sent to a collector.
    private static void Describe(HttpContext context, RequestTarget target, DistributionRoute? route)
    {
        if (route is null || context.Features.Get<IHttpActivityFeature>() is not { Activity: { IsAllDataRequested: true } span }) return;
        span.DisplayName = $"{context.Request.Method} {route.Name}";
        span.SetTag("http.route", route.Name);
        if (route.Action is not null) span.SetTag("berth.repository", target.Repository.Value);
    }

    private async Task AnswerAsync(HttpContext context, RequestTarget target, DistributionRoute? route)
    {
        var registry = await registries.ResolveAsync(context) ?? throw NoRegistryAt(RegistryResolver.HostOf(context.Request));

        if (await SignInAsync(context, registry, target, route) is not { } signedIn)
        {
            await AnswerUnauthorizedAsync(context, registry, target, route, insufficient: false);
            return;
        }

        if (route is null)
        {
            context.Response.Headers.Allow = DistributionRoute.Allow(target.Kind);
            throw new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
        }

        var principal = signedIn.Principal;
        var rights = await authorizer.FindRightsAsync(signedIn, registry, target.Repository, route.Action, context.RequestAborted);
        var allowed = route.Action is { } action ? rights.IsAllowed(target.Repository, action) : rights.MayUse(route.RegistryAction);
        if (allowed)
        {
            await ActAsync(new DistributionRequest(context, registry, principal, rights, target), route);
            return;
        }

        // A token that was asked for too little is no denial: its client asks again.
        var permitted = route.Action is { } right ? rights.Permissions.IsAllowed(target.Repository, right) : rights.Permissions.MayUse(route.RegistryAction);
        if (!permitted && principal.Id != 0) RecordDenial(context, registry, principal, target, route);
        if (signedIn.Scopes is not null || principal.Id == 0)
        {
            // The client may ask for a token that reaches further; what its principal may not do, none will.
            await AnswerUnauthorizedAsync(context, registry, target, route, insufficient: true);
            return;
        }

        throw new OciException(OciErrorCode.Denied, $"'{principal.Name}' may not do this in '{target.Repository}'; ask its owner for the right '{route.Action?.ToString() ?? route.RegistryAction.ToString()}'.");
    }

    // Without a credential one may do what anybody may, where the registry lets anybody do something there; elsewhere the challenge is the answer.
    private async ValueTask<SignedIn?> SignInAsync(HttpContext context, RegistryRecord registry, RequestTarget target, DistributionRoute? route)
    {
        if (context.Request.Headers.Authorization.Count > 0) return await authenticator.AuthenticateAsync(context, registry);
        return route is not null && Authorizer.IsOfAnybody(route.Action) && await authorizer.MayAnybodyPullAsync(registry, target.Repository, context.RequestAborted)
            ? new SignedIn(Principal.Anonymous, null, registry.Epoch)
            : null;
    }

    private void RecordDenial(HttpContext context, RegistryRecord registry, Principal principal, RequestTarget target, DistributionRoute route)
    {
        metrics.Denied("denied");
        var isFirst = accessLog.Record(
            AccessEventKinds.Denied, registry.Id, principal.Name, context.Connection.RemoteIpAddress?.ToString(),
            $"{route.Name} {target.Repository}".TrimEnd(), context.TraceIdentifier);
        if (isFirst) LogDenied(principal.Name, route.Name, target.Repository.ToString());
    }

    private Task AnswerUnauthorizedAsync(HttpContext context, RegistryRecord registry, RequestTarget target, DistributionRoute? route, bool insufficient)
    {
        if (!insufficient) metrics.Denied("unauthorized");
        challenge.Set(context, registry, route?.ScopeFor(target.Repository), insufficient);
        var what = insufficient ? "The token does not reach this" : context.Request.Headers.Authorization.Count == 0
            ? "Authentication required"
            : "The credential is wrong or has expired";
        return ErrorResponse.WriteAsync(
            context, 401, OciErrorCode.Unauthorized, $"{what}: sign in with a user name and password (docker login, podman login, helm registry login).");
    }

    private static OciException NoRegistryAt(string host)
    {
        var shown = host.Length <= 300 ? host : host[..300];
        return new OciException(OciErrorCode.NameUnknown, $"There is no registry at '{shown}'.", detail: shown);
    }

    private Task ActAsync(DistributionRequest request, DistributionRoute route) => route.Name switch
    {
        "root" => RootAsync(request),
        "catalog" => lists.CatalogAsync(request),
        "uploads.list" => uploads.ListAsync(request),
        "tags.list" => lists.TagsAsync(request),
        "manifest.get" => manifests.GetAsync(request),
        "manifest.put" => manifests.PutAsync(request),
        "manifest.delete" => manifests.DeleteAsync(request),
        "referrers.list" => lists.ReferrersAsync(request),
        "blob.get" => blobs.GetAsync(request),
        "blob.delete" => blobs.DeleteAsync(request),
        "upload.start" => uploads.StartAsync(request),
        "upload.status" => uploads.StatusAsync(request),
        "upload.append" => uploads.AppendAsync(request),
        "upload.finish" => uploads.FinishAsync(request),
        "upload.cancel" => uploads.CancelAsync(request),
        _ => throw new UnreachableException(route.Name),
    };

    private static Task RootAsync(DistributionRequest request)
    {
        request.Http.Response.ContentType = "application/json; charset=utf-8";
        request.Http.Response.ContentLength = 2;
        return request.IsHead ? Task.CompletedTask : request.Http.Response.WriteAsync("{}", request.Aborted);
    }

    // A reset may be met by a read of the body before the request counts as aborted.
    private static bool IsClientGone(HttpContext context, Exception failure) => failure is ConnectionResetException
        || (context.RequestAborted.IsCancellationRequested && failure is OperationCanceledException or IOException);

    private async Task AnswerFailureAsync(HttpContext context, Exception failure)
    {
        var (status, code, message, detail) = Describe(failure, context);
        if (status >= 500) LogFailed(failure, status, context.Request.Method, context.TraceIdentifier);
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        // What was set for the answer that did not come about must not describe the error.
        foreach (var header in ContentHeaders) context.Response.Headers.Remove(header);
        if (status == 503 || status == 429) context.Response.Headers.RetryAfter = RetryAfterSeconds;
        await ErrorResponse.WriteAsync(context, status, code, message, detail);
    }

    private static (int Status, OciErrorCode Code, string Message, string? Detail) Describe(Exception failure, HttpContext context) => failure switch
    {
        OciException e => (e.Status, e.Code, e.Message, e.Detail),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => (413, OciErrorCode.SizeInvalid, "The body is too large.", null),
        BadHttpRequestException e => (e.StatusCode, OciErrorCode.BadRequest, e.Message, null),
        // What the server makes of a chunk whose size does not fit into a number.
        IOException { InnerException: OverflowException } => (400, OciErrorCode.BadRequest, "A chunk of the body announces an impossible size.", null),
        StorageFullException or MetadataFullException => (507, OciErrorCode.StorageFull,
            "The registry's volume is full: nothing of this request was stored. Free space or delete images, then try again.", null),
        StorageUnavailableException or MetadataUnavailableException => (503, OciErrorCode.Unavailable,
            "The registry's storage does not answer at this moment; try again shortly.", null),
        OperationCanceledException => (503, OciErrorCode.Unavailable, "The registry is stopping; try again shortly.", null),
        _ => (500, OciErrorCode.Unknown, $"An unexpected error; the server's log has it under request id {context.TraceIdentifier}.", null),
    };
}
