using System.Text;
using Berth.Server.Hosting;

namespace Berth.Server.Telemetry;

/// <summary><c>GET /metrics</c> in Prometheus' text format.</summary>
internal sealed class MetricsEndpoint(StorageMetrics storage, MetricsAccess access, MetricsCollector? collector = null)
{
    /// <summary>Answers with all metrics those who may read them.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (collector is null)
        {
            await Json.ErrorAsync(context, StatusCodes.Status404NotFound, "NOT_FOUND", "Metrics are turned off (Telemetry:Metrics).");
            return;
        }

        if (!await access.AdmitAsync(context)) return;

        await storage.RefreshAsync(context.RequestAborted);
        var body = Encoding.UTF8.GetBytes(await collector.ScrapeAsync(context.RequestAborted));
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
