namespace Berth.Oci;

/// <summary>A request that is refused with an error of the spec; it becomes the answer's status and JSON body.</summary>
public sealed class OciException : Exception
{
    /// <summary>A refusal with a code, a sentence for a person, and the thing it is about.</summary>
    /// <param name="code">The spec's code.</param>
    /// <param name="message">What happened, which thing, and what to do next; never a secret.</param>
    /// <param name="status">The HTTP status, when it is not the code's usual one.</param>
    /// <param name="detail">The thing the error is about (a digest, a name); goes to the answer's <c>detail</c>.</param>
    public OciException(OciErrorCode code, string message, int? status = null, string? detail = null)
        : base(message)
    {
        Code = code;
        Status = status ?? code.Describe().Status;
        Detail = detail;
    }

    /// <summary>The spec's code.</summary>
    public OciErrorCode Code { get; }

    /// <summary>The HTTP status of the answer.</summary>
    public int Status { get; }

    /// <summary>The thing the error is about, or null.</summary>
    public string? Detail { get; }

    /// <summary>How long to wait before the request is worth another try, where that is known (RFC 9110, 10.2.3: <c>Retry-After</c>).</summary>
    public TimeSpan? RetryAfter { get; init; }
}
