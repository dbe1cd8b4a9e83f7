using System.Text;
using Berth.Server.Hosting;

namespace Berth.Server.Telemetry;

/// <summary><c>GET /metrics</c> in Prometheus' text format, or in OpenMetrics' where that is asked for.</summary>
internal sealed class MetricsEndpoint(StorageMetrics storage, MetricsAccess access, MetricsCollector? collector = null)
{
    private const string OpenMetrics = "application/openmetrics-text";
    private const string Text = "text/plain";

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
        var format = WantsOpenMetrics(context.Request) ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus;
        var body = Encoding.UTF8.GetBytes(await collector.ScrapeAsync(format, context.RequestAborted));
        context.Response.ContentType = format == MetricsFormat.OpenMetrics ? $"{OpenMetrics}; version=1.0.0; charset=utf-8" : $"{Text}; version=0.0.4; charset=utf-8";
        context.Response.Headers.Vary = "Accept";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static bool WantsOpenMetrics(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        var quality = QualityOf(OpenMetrics);
        return quality > 0 && quality >= QualityOf(Text);

        double QualityOf(string type) => accepted
            .Where(one => one.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Select(one => one.Quality ?? 1).DefaultIfEmpty(0).Max();
    }
}
