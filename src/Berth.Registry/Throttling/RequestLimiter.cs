using System.Globalization;
using System.Net;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Network;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Throttling;

/// <summary>
/// Holds callers to the limits of requests a minute. A caller's own limit comes before that of all: what one is refused takes nothing from the others. A request that is
/// refused costs a look into a table, before anything is verified where the limit of all is spent.
/// </summary>
internal sealed partial class RequestLimiter(
    RateLimitOptions options, INodeShare share, ThrottleMetrics metrics, TimeProvider time, ILogger<RequestLimiter> logger)
{
    /// <summary>The header in which Azure Container Registry says what is left of the limit, by the second.</summary>
    public const string RemainingHeader = "x-ms-ratelimit-remaining-calls-per-second";

    private const double SecondsOfMinute = 60;

    private readonly LimitTable _limits = new(options);
    private readonly TokenBuckets _buckets = metrics.Watch(new TokenBuckets(share, time, TokenBuckets.Most));
    private readonly RefusalCounts _refusals = new(time);

    /// <summary>Refuses a request to a registry, before it is known who asks, when all callers together have spent what there is.</summary>
    /// <exception cref="OciException">429.</exception>
    public void CheckArrival(HttpContext context, RegistryRecord registry)
    {
        if (_limits.IsEmpty) return;
        var limited = LimitClasses.OfData(context.Request.Method);
        var limit = _limits.Of(registry, limited).Total;
        if (limit == 0) return;
        var wait = _buckets.Look(new LimitKey(limited, registry.Id), limit);
        if (wait > TimeSpan.Zero) throw Refuse(registry, limited, limit, wait, caller: null);
    }

    /// <summary>Counts a request to a registry.</summary>
    /// <param name="context">The request.</param>
    /// <param name="registry">The registry.</param>
    /// <param name="principal">Who asks; null, or nobody in particular, for whom the address is known alone.</param>
    /// <param name="listsReferrers">Whether it lists referrers.</param>
    /// <exception cref="OciException">429: too many came.</exception>
    public void Count(HttpContext context, RegistryRecord registry, Principal? principal, bool listsReferrers)
    {
        if (_limits.IsEmpty) return;
        var caller = CallerOf(context, principal);
        if (listsReferrers) Take(context, registry, LimitClass.Referrers, caller);
        Take(context, registry, LimitClasses.OfData(context.Request.Method), caller);
    }

    /// <summary>Counts a request for a token, before its credential is looked at.</summary>
    /// <param name="context">The request.</param>
    /// <param name="registry">The registry whose token service it is; null for the authority.</param>
    /// <exception cref="OciException">429: too many came.</exception>
    public void CountSignIn(HttpContext context, RegistryRecord? registry)
    {
        if (!_limits.IsEmpty) Take(context, registry, LimitClass.Token, CallerOf(context, null));
    }

    /// <summary>Counts a request to the control plane or the directory.</summary>
    /// <exception cref="OciException">429: too many came.</exception>
    public void CountControl(HttpContext context, Principal? principal)
    {
        if (!_limits.IsEmpty) Take(context, null, LimitClasses.OfControl(context.Request.Method), CallerOf(context, principal));
    }

    private void Take(HttpContext context, RegistryRecord? registry, LimitClass limited, in LimitedCaller caller)
    {
        var limit = _limits.Of(registry, limited);
        if (limit == RateLimit.None) return;
        var all = new LimitKey(limited, registry?.Id ?? 0);
        var left = 0.0;
        if (limit.PerCaller > 0)
        {
            (var wait, left) = _buckets.Take(all with { PrincipalId = caller.PrincipalId, Source = caller.Source }, limit.PerCaller);
            if (wait > TimeSpan.Zero) throw Refuse(registry, limited, limit.PerCaller, wait, caller.Name);
        }

        if (limit.Total > 0)
        {
            (var wait, left) = _buckets.Take(all, limit.Total);
            if (wait > TimeSpan.Zero) throw Refuse(registry, limited, limit.Total, wait, caller: null);
        }

        context.Response.Headers[RemainingHeader] = (left / SecondsOfMinute).ToString("0.######", CultureInfo.InvariantCulture);
    }

    private OciException Refuse(RegistryRecord? registry, LimitClass limited, int limit, TimeSpan wait, string? caller)
    {
        var name = registry?.Name ?? "";
        metrics.Refused(limited, name, caller is null ? "total" : "caller");
        if (_refusals.Add(limited, registry?.Id ?? 0) is { } count) LogRefused(limited.Name(), name, count);

        var seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
        var whose = caller ?? (registry is null ? "all callers together" : $"all callers of '{name}' together");
        return new OciException(
            OciErrorCode.TooManyRequests,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Too many requests: the limit is {limit:N0} {limited.Plural()} a minute for {whose}; try again in {seconds:N0} second{(seconds == 1 ? "" : "s")}."))
        {
            RetryAfter = TimeSpan.FromSeconds(seconds),
        };
    }

    private static LimitedCaller CallerOf(HttpContext context, Principal? principal)
    {
        if (principal is { Id: not 0 }) return new LimitedCaller(principal.Id, null, principal.Name);
        return new LimitedCaller(0, SourceAddress.Of(context.Connection.RemoteIpAddress), null);
    }

    /// <summary>Whose own limit counts.</summary>
    private readonly record struct LimitedCaller(long PrincipalId, IPAddress? Source, string? Identity)
    {
        public string Name => Identity is null ? $"callers from {Source} without an identity" : $"'{Identity}'";
    }
}
