using System.Net;
using System.Text;
using Berth.Server.Hosting;

namespace Berth.Server.Telemetry;

/// <summary><c>GET /metrics</c> in Prometheus' text format, for callers on this machine.</summary>
internal sealed class MetricsEndpoint(StorageMetrics storage, MetricsCollector? collector = null)
{
    private static readonly string[] ForwardingHeaders = ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"];

    /// <summary>Answers with all metrics; others than local callers get 403.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (collector is null)
        {
            await Json.ErrorAsync(context, StatusCodes.Status404NotFound, "NOT_FOUND", "Metrics are turned off (Telemetry:Metrics).");
            return;
        }

        if (!IsLocal(context))
        {
            await Json.ErrorAsync(context, StatusCodes.Status403Forbidden, "DENIED", "Metrics are for callers on the registry's own machine.");
            return;
        }

        await storage.RefreshAsync(context.RequestAborted);
        var body = Encoding.UTF8.GetBytes(await collector.ScrapeAsync(context.RequestAborted));
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    // A proxy on this machine that nobody declared trusted makes every client look local: what it passes on is refused.
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
        && IPAddress.IsLoopback(address)
        && !ForwardingHeaders.Any(context.Request.Headers.ContainsKey);
}
