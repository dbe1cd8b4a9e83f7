using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Events;
using Berth.Registry.Identity;
using Berth.Registry.Lifecycle;
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
    RegistryGate gate, BlobService blobService, BlobEndpoints blobs, DataEndpoint data, UploadEndpoints uploads, ManifestEndpoints manifests, ListEndpoints lists,
    DistributionMetrics metrics, PullMetrics pulls, DiagnosticEvents diagnostics, QuotaRefusals refusals, ILogger<DistributionEndpoints> logger) : IFeatureRoutes
{
    private static readonly string[] ContentHeaders =
        ["Accept-Ranges", "Cache-Control", "Content-Length", "Content-Range", "Content-Type", "Docker-Content-Digest", "ETag", "Link", "OCI-Filters-Applied"];

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => DistributionDescription.Calls;

    /// <summary>Answers the request if it is for the data plane; false if its target lies elsewhere.</summary>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var path = PathOf(raw);
        var isOurs = path.StartsWith("/v2") && (path.Length == 3 || path[3] == '/');

        // A target such as /x/../v2/ is folded by the framework into ours: what it was is what counts. At a data endpoint nothing is anybody else's.
        if (!isOurs && !context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal) && !data.IsAt(context))
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
        var registry = default(RegistryRecord);
        var target = default(RequestTarget);
        var wentAway = false;
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        try
        {
            if (data.IsAt(context))
            {
                route = DataEndpoint.Route;
                await data.AnswerAsync(context, path);
                return;
            }

            // Before anything of the request is looked at: whom the rules do not let in learns nothing, not even what would be well formed.
            registry = await gate.EnterAsync(context);
            if (path is null) throw new OciException(OciErrorCode.NameInvalid, "The path holds a dot segment; write each name in full.");

            target = RequestTarget.Parse(path);
            route = DistributionRoute.Find(target.Kind, context.Request.Method);
            Describe(context, registry, target, route);
            await AnswerAsync(context, registry, target, route);
        }
        catch (Exception e)
        {
            wentAway = IsClientGone(context, e);
            if (!wentAway)
            {
                await AnswerFailureAsync(context, route, e);
                return;
            }

            LogClientWentAway(context.Request.Method, context.TraceIdentifier);
            // A client that only closed its sending side must not take the answer that was never set for success.
            context.Abort();
        }
        finally
        {
            var status = wentAway && !context.Response.HasStarted ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode;
            var took = Stopwatch.GetElapsedTime(started);
            metrics.RequestAnswered(route?.Name ?? "none", context.Request.Method, status, took);
            if (registry is not null && route is not null && status != StatusCodes.Status401Unauthorized)
            {
                CountPull(context, registry, target.Repository, route, status < 400);
                diagnostics.Answered(context, registry, target.Repository, target.Reference, route, status, took);
            }
        }
    }

    private static void Describe(HttpContext context, RegistryRecord registry, RequestTarget target, DistributionRoute? route)
    {
        if (route is null) return;
        RequestRoute.Set(context, DistributionDescription.PathOf(route.Kind));
        if (RequestRoute.SpanOf(context) is not { } span) return;
        span.SetTag("berth.registry", registry.Name);
        if (route.Action is not null) span.SetTag("berth.repository", target.Repository.Value);
    }

    private async Task AnswerAsync(HttpContext context, RegistryRecord registry, RequestTarget target, DistributionRoute? route)
    {
        try
        {
            await AnswerAsync(context, registry, target, route, isAgain: false);
        }
        catch (EpochsMovedException)
        {
            // Nothing was done, nor read of the body: what the caller may do is looked at anew.
            await AnswerAsync(context, registry, target, route, isAgain: true);
        }
    }

    private async Task AnswerAsync(HttpContext context, RegistryRecord registry, RequestTarget target, DistributionRoute? route, bool isAgain)
    {
        // Whoever asks for what there is not learns it only once it is known who asks.
        var demand = route is null
            ? new AccessDemand("none", target.Repository, null, RegistryAction.SignIn, null)
            : new AccessDemand(route.Name, target.Repository, route.Action, route.RegistryAction, route.ScopeFor(target.Repository))
            {
                Reading = ReadingFor(context, registry, target, route, mayCompare: !isAgain),
                IsAgain = isAgain,
                ReadsBody = ReadsBody(context, route),
            };
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (route is null) throw RequestFailure.Unsupported(context, DistributionRoute.Allow(target.Kind));

        var request = new DistributionRequest(context, registry, admission.Principal, admission.Rights, target)
        {
            CredentialEnd = admission.Until,
            AsOf = admission.AsOf,
            Reading = demand.Reading,
        };
        await ActAsync(request, route);
    }

    // What a pull asks for is one row, as is the session that a push ends: they are read with the epochs of a caller who is expected to get them. Opening and taking a session compare the epochs.
    private IEpochReading? ReadingFor(HttpContext context, RegistryRecord registry, RequestTarget target, DistributionRoute route, bool mayCompare) => route.Name switch
    {
        "manifest.get" => manifests.ReadingFor(registry, target, HttpMethods.IsHead(context.Request.Method)),
        "blob.get" => blobService.ReadingFor(registry, target),
        "upload.start" when mayCompare && !context.Request.Query.ContainsKey("mount") => uploads.OpeningFor(context, registry, target),
        "upload.append" => uploads.TakingFor(registry, target, mayCompare),
        "upload.finish" => uploads.ReadingFor(context, registry, target, mayCompare),
        _ => null,
    };

    private static bool ReadsBody(HttpContext context, DistributionRoute route) => route.Name switch
    {
        "manifest.put" or "upload.append" or "upload.finish" => true,
        "upload.start" => UploadEndpoints.IsWhole(context),
        _ => false,
    };

    private void CountPull(HttpContext context, RegistryRecord registry, RepositoryName repository, DistributionRoute route, bool succeeded)
    {
        if (route.Kind != ResourceKind.Manifest) return;
        if (HttpMethods.IsGet(context.Request.Method)) pulls.PullAnswered(registry, repository, succeeded);
        else if (HttpMethods.IsPut(context.Request.Method)) pulls.PushAnswered(registry, repository, succeeded);
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
        "blob.get" => ReadBlobAsync(request),
        "blob.delete" => blobs.DeleteAsync(request),
        "upload.start" => uploads.StartAsync(request),
        "upload.status" => uploads.StatusAsync(request),
        "upload.append" => uploads.AppendAsync(request),
        "upload.finish" => uploads.FinishAsync(request),
        "upload.cancel" => uploads.CancelAsync(request),
        _ => throw new UnreachableException(route.Name),
    };

    private async Task ReadBlobAsync(DistributionRequest request)
    {
        var blob = await blobService.FindAsync(request);
        if (!await data.TryRedirectAsync(request, blob)) await blobs.ServeAsync(request, blob);
    }

    private static Task RootAsync(DistributionRequest request)
    {
        request.Http.Response.ContentType = "application/json; charset=utf-8";
        request.Http.Response.ContentLength = 2;
        return request.IsHead ? Task.CompletedTask : request.Http.Response.WriteAsync("{}", request.Aborted);
    }

    // A lost connection may be met by a read of the body before the request counts as aborted: as a reset, or as a body that ends early,
    // which the server tells from a malformed one by its words alone.
    private static bool IsClientGone(HttpContext context, Exception failure) => failure is ConnectionResetException
        || failure is BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest, Message: "Unexpected end of request content." }
        || (context.RequestAborted.IsCancellationRequested && failure is OperationCanceledException or IOException);

    private async Task AnswerFailureAsync(HttpContext context, DistributionRoute? route, Exception failure)
    {
        var status = RequestFailure.StatusOf(failure, context);
        pulls.Failed(route?.Name ?? "none", RequestFailure.CodeOf(failure, context).Describe().Code);
        if (failure is QuotaException { Standing: var standing }) refusals.Count(standing);
        if (status >= 500) LogFailed(failure, status, context.Request.Method, context.TraceIdentifier);
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        // What was set for the answer that did not come about must not describe the error.
        foreach (var header in ContentHeaders) context.Response.Headers.Remove(header);
        await RequestFailure.AnswerAsync(context, failure);
    }
}
