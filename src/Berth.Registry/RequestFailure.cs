using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry;

/// <summary>What a request to a registry is answered that could not be carried out.</summary>
internal static partial class RequestFailure
{
    private const string RetryAfterSeconds = "5";

    /// <summary>Answers a request of one of the APIs beside <c>/v2</c>; whatever goes wrong is answered as its error, unless nobody waits for an answer any more.</summary>
    /// <param name="context">The request and its answer.</param>
    /// <param name="logger">Hears of what is the registry's own fault.</param>
    /// <param name="area">What the paths of the API begin with, for the log.</param>
    /// <param name="answer">Answers the request, or throws before the answer has begun.</param>
    public static async Task GuardAsync(HttpContext context, ILogger logger, string area, Func<Task> answer)
    {
        try
        {
            await answer();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var status = StatusOf(e, context);
            if (status >= StatusCodes.Status500InternalServerError) LogFailed(logger, e, status, context.Request.Method, area, context.TraceIdentifier);
            await AnswerAsync(context, e);
        }
        finally
        {
            RequestRoute.Set(context, area);
        }
    }

    /// <summary>The error for a method that a path does not have; the answer's <c>Allow</c> header names those that it has.</summary>
    public static OciException Unsupported(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
    }

    /// <summary>The status that the failure is answered with.</summary>
    public static int StatusOf(Exception failure, HttpContext context) => Describe(failure, context).Status;

    /// <summary>The error code that the failure is answered with.</summary>
    public static OciErrorCode CodeOf(Exception failure, HttpContext context) => Describe(failure, context).Code;

    /// <summary>Answers with the failure's error.</summary>
    public static Task AnswerAsync(HttpContext context, Exception failure)
    {
        var (status, code, message, detail) = Describe(failure, context);
        var usual = status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests ? RetryAfterSeconds : null;
        if ((WaitOf(failure) ?? usual) is { } wait) context.Response.Headers.RetryAfter = wait;
        return ErrorResponse.WriteAsync(context, status, code, message, detail);
    }

    /// <summary>What <c>Retry-After</c> says in seconds; null where the failure does not know it.</summary>
    public static string? WaitOf(Exception failure) =>
        failure is OciException { RetryAfter: { } wait } ? ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture) : null;

    private static (int Status, OciErrorCode Code, string Message, string? Detail) Describe(Exception failure, HttpContext context) => failure switch
    {
        OciException e => (e.Status, e.Code, e.Message, e.Detail),
        LockedException locked => Describe(LockRefusal.Of(locked.Standing), context),
        InUseException used => Describe(UseRefusal.Of(used.Standing), context),
        QuotaException quota => Describe(QuotaRefusals.Of(quota.Standing), context),
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
    [LoggerMessage(4091, LogLevel.Error, "Answered {Status} to {Method} under {Area} (request {RequestId})")]
    private static partial void LogFailed(ILogger logger, Exception failure, int status, string method, string area, string requestId);
}
