using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Registry;

/// <summary>
/// The route of a request as its span and the web server's metrics name it (<c>http.route</c>): a template, never a path, of which there is no end. The
/// framework cannot know it, because the features find their routes themselves.
/// </summary>
internal static class RequestRoute
{
    private const string RouteTag = "http.route";

    /// <summary>Names the route; what a feature named before stays.</summary>
    /// <param name="context">The request.</param>
    /// <param name="template">One of a fixed set of texts.</param>
    public static void Set(HttpContext context, string template)
    {
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { MetricsDisabled: false } metrics && !HasRoute(metrics.Tags))
            metrics.Tags.Add(new KeyValuePair<string, object?>(RouteTag, template));
        if (SpanOf(context) is not { } span || span.GetTagItem(RouteTag) is not null) return;
        span.DisplayName = $"{MethodOf(context.Request.Method)} {template}";
        span.SetTag(RouteTag, template);
        span.SetTag("berth.request_id", context.TraceIdentifier);
    }

    /// <summary>The request's span, where there is one that is recorded.</summary>
    public static Activity? SpanOf(HttpContext context) =>
        context.Features.Get<IHttpActivityFeature>() is { Activity: { IsAllDataRequested: true } span } ? span : null;

    /// <summary>The method if it is a known one: a client may send any word, which must become no name and no time series of its own.</summary>
    public static string MethodOf(string method) =>
        method is "GET" or "HEAD" or "PUT" or "POST" or "PATCH" or "DELETE" or "OPTIONS" ? method : "_OTHER";

    private static bool HasRoute(ICollection<KeyValuePair<string, object?>> tags)
    {
        // To enumerate an empty one would allocate on each request.
        return tags.Count > 0 && tags.Any(tag => tag.Key == RouteTag);
    }
}
