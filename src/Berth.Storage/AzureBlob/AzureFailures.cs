using Azure;
using Berth.Storage.ObjectStore;

namespace Berth.Storage.AzureBlob;

/// <summary>What Azure Blob's answers mean.</summary>
internal static class AzureFailures
{
    /// <summary>The failure of a call.</summary>
    /// <param name="exception">What the client threw.</param>
    /// <param name="ofBlocks">Whether the call names blocks, so that "not found" is said of them.</param>
    public static ObjectFailureException Translate(RequestFailedException exception, bool ofBlocks)
    {
        var cause = exception.InnerException is HttpRequestException or IOException ? exception.InnerException : null;
        if (exception.Status == 0) return new ObjectFailureException(ObjectFailure.Unreachable, cause?.Message ?? "no answer", cause);

        // Without the SDK's message, which repeats the whole answer.
        var message = $"status {exception.Status}{(string.IsNullOrEmpty(exception.ErrorCode) ? "" : $" {exception.ErrorCode}")}";
        if (exception.GetRawResponse()?.Headers.RequestId is { Length: > 0 } id) message += $", request {id}";
        return new ObjectFailureException(Classify(exception, ofBlocks), message, cause);
    }

    private static ObjectFailure Classify(RequestFailedException exception, bool ofBlocks) => (exception.ErrorCode, exception.Status) switch
    {
        ("ContainerNotFound" or "ContainerBeingDeleted" or "AccountBeingCreated" or "ResourceNotFound", _) => ObjectFailure.StoreAbsent,
        ("InvalidBlockList", _) => ObjectFailure.UploadGone,
        ("BlobAlreadyExists", _) or (_, 412) => ObjectFailure.Present,
        ("ServerBusy", _) or (_, 429) => ObjectFailure.Throttled,
        (_, 404) => ofBlocks ? ObjectFailure.UploadGone : ObjectFailure.Absent,
        (_, 401 or 403) => ObjectFailure.Denied,
        ("OperationTimedOut" or "RequestBodyInvalid", _) or (_, 408 or >= 500) => ObjectFailure.Unreachable,
        _ => ObjectFailure.Refused,
    };
}
