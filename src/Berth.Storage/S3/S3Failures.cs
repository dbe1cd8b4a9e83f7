using System.Net;
using Amazon.Runtime;
using Berth.Storage.ObjectStore;

namespace Berth.Storage.S3;

/// <summary>What an S3-compatible service's answers mean.</summary>
internal static class S3Failures
{
    /// <summary>The failure of a call.</summary>
    /// <param name="exception">What the client threw.</param>
    /// <param name="named">What the call names that must be there: only of that can "not found" be an answer.</param>
    public static ObjectFailureException Translate(Exception exception, S3Named named)
    {
        if (exception is not AmazonServiceException service || service.StatusCode == 0)
            return new ObjectFailureException(ObjectFailure.Unreachable, exception.Message, Network(exception));

        // Without the answer itself, which may repeat what was signed.
        var message = $"status {(int)service.StatusCode}{(string.IsNullOrEmpty(service.ErrorCode) ? "" : $" {service.ErrorCode}")}";
        if (!string.IsNullOrEmpty(service.RequestId)) message += $", request {service.RequestId}";
        return new ObjectFailureException(Classify(service, named), message, Network(exception));
    }

    private static ObjectFailure Classify(AmazonServiceException service, S3Named named) => service.ErrorCode switch
    {
        "NoSuchBucket" => ObjectFailure.StoreAbsent,
        // A part that is not what it was; or, on Ceph, one that a writer left that was fenced off: the upload cannot become the object.
        "NoSuchUpload" or "InvalidPart" => ObjectFailure.UploadGone,
        "PreconditionFailed" or "ConditionalRequestConflict" => ObjectFailure.Present,
        "SlowDown" or "Throttling" or "ThrottlingException" or "RequestLimitExceeded" or "TooManyRequests" => ObjectFailure.Throttled,
        "RequestTimeout" or "IncompleteBody" or "InternalError" or "ServiceUnavailable" or "OperationAborted" => ObjectFailure.Unreachable,
        _ => service.StatusCode switch
        {
            HttpStatusCode.NotFound => Missing(service, named),
            HttpStatusCode.PreconditionFailed => ObjectFailure.Present,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ObjectFailure.Denied,
            HttpStatusCode.TooManyRequests => ObjectFailure.Throttled,
            HttpStatusCode.RequestTimeout => ObjectFailure.Unreachable,
            HttpStatusCode.NotImplemented => ObjectFailure.Refused,
            >= HttpStatusCode.InternalServerError => ObjectFailure.Unreachable,
            _ => ObjectFailure.Refused,
        },
    };

    // Services that were disturbed say "no such key" of what was to be written: nothing is known then, and least of all that what stands is gone.
    private static ObjectFailure Missing(AmazonServiceException service, S3Named named) => named switch
    {
        S3Named.Object => ObjectFailure.Absent,
        S3Named.Parts when service.ErrorCode != "NoSuchKey" => ObjectFailure.UploadGone,
        S3Named.WholeParts => ObjectFailure.UploadGone,
        _ => ObjectFailure.Unreachable,
    };

    // A service's answer stays out of the chain of causes: it is logged with it.
    private static Exception? Network(Exception exception)
    {
        for (var cause = exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or IOException or System.Net.Sockets.SocketException or OperationCanceledException) return cause;
        }

        return null;
    }
}

/// <summary>What a call names that must be there.</summary>
internal enum S3Named
{
    /// <summary>Nothing but the bucket: it writes, removes or lists.</summary>
    Nothing,

    /// <summary>An object.</summary>
    Object,

    /// <summary>An upload of parts.</summary>
    Parts,

    /// <summary>An upload of parts that is to become the object: whether it did is looked at whatever the service says.</summary>
    WholeParts,
}
