using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Storage;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>What a request to a registry is answered that could not be carried out.</summary>
internal static class RequestFailure
{
    private const string RetryAfterSeconds = "5";

    /// <summary>The status that the failure is answered with.</summary>
    public static int StatusOf(Exception failure, HttpContext context) => Describe(failure, context).Status;

    /// <summary>Answers with the failure's error.</summary>
    public static Task AnswerAsync(HttpContext context, Exception failure)
    {
        var (status, code, message, detail) = Describe(failure, context);
        if (status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests) context.Response.Headers.RetryAfter = RetryAfterSeconds;
        return ErrorResponse.WriteAsync(context, status, code, message, detail);
    }

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
}
