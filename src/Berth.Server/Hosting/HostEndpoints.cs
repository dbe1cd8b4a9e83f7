using Berth.Server.Discovery;
using Berth.Server.Health;
using Berth.Server.Telemetry;

namespace Berth.Server.Hosting;

/// <summary>The host's own few paths, looked up as they are; everything else is 404.</summary>
internal sealed class HostEndpoints(Dictionary<string, RequestDelegate> endpoints)
{
    /// <summary>The endpoints with their paths.</summary>
    public static HostEndpoints Create(IServiceProvider services)
    {
        var health = services.GetRequiredService<HealthEndpoints>();
        var discovery = services.GetRequiredService<DiscoveryEndpoints>();
        var endpoints = new Dictionary<string, RequestDelegate>(StringComparer.Ordinal)
        {
            ["/healthz/live"] = HealthEndpoints.LiveAsync,
            ["/healthz/ready"] = health.ReadyAsync,
            ["/.well-known/berth"] = discovery.WellKnownAsync,
            ["/metrics"] = services.GetRequiredService<MetricsEndpoint>().AnswerAsync,
            ["/cloud.json"] = discovery.CloudAsync,
        };
        return new HostEndpoints(endpoints);
    }

    /// <summary>Answers the request.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        if (!endpoints.TryGetValue(context.Request.Path.Value ?? "", out var endpoint))
            return Json.ErrorAsync(context, StatusCodes.Status404NotFound, "NOT_FOUND", "There is nothing at this path.");
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            return endpoint(context);
        context.Response.Headers.Allow = "GET, HEAD";
        return Json.ErrorAsync(context, StatusCodes.Status405MethodNotAllowed, "UNSUPPORTED", "Only GET and HEAD are supported here.");
    }
}
