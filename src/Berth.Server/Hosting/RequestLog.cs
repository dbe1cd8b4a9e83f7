using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace Berth.Server.Hosting;

/// <summary>
/// First in the pipeline: gives each request its id (<c>X-Request-Id</c>), logs how it was answered (writes and failures as information, reads as
/// debug), and answers what nothing else caught. Never logs a query, a header or a body: they may hold secrets.
/// </summary>
internal sealed partial class RequestLog(RequestDelegate next, ILogger<RequestLog> logger)
{
    private const string RequestIdHeader = "X-Request-Id";
    private const int MaxLoggedPath = 512;

    /// <summary>Handles one request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        context.Response.Headers[RequestIdHeader] = context.TraceIdentifier;

        // A socket of both families shows IPv4 clients as ::ffff:192.0.2.7; rules and records know them by their own form.
        if (context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped)
            context.Connection.RemoteIpAddress = mapped.MapToIPv4();
        using var scope = logger.BeginScope(new Logging.RequestScope(context.TraceIdentifier));
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            await AnswerFailureAsync(context, e);
        }

        LogAnswered(context, started);
    }

    private async Task AnswerFailureAsync(HttpContext context, Exception failure)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return;
        if (failure is not BadHttpRequestException)
            LogFailed(failure, context.Request.Method, PathOf(context));
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.Headers[RequestIdHeader] = context.TraceIdentifier;
        var (status, message) = failure is BadHttpRequestException bad
            ? (bad.StatusCode, bad.Message)
            : (StatusCodes.Status500InternalServerError, $"An unexpected error; the server's log has it under request id {context.TraceIdentifier}.");
        await Json.ErrorAsync(context, status, "UNKNOWN", message);
    }

    private void LogAnswered(HttpContext context, long started)
    {
        var method = context.Request.Method;
        var status = context.Response.StatusCode;
        var level = LevelOf(method, status);
        if (!logger.IsEnabled(level))
            return;
        var milliseconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 2);
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        if (level == LogLevel.Debug)
            LogRead(method, PathOf(context), status, milliseconds, address);
        else
            LogWrite(method, PathOf(context), status, milliseconds, address);
    }

    // 401 and 404 are how clients find out: the challenge before they sign in, and what they must still push.
    private static LogLevel LevelOf(string method, int status)
    {
        var read = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
        return status >= 500 || !read || status is >= 400 and not 401 and not 404 ? LogLevel.Information : LogLevel.Debug;
    }

    private static string PathOf(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? target : target[..query];
        return path.Length <= MaxLoggedPath ? path : path[..MaxLoggedPath];
    }
}
