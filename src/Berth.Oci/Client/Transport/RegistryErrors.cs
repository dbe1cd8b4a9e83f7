using System.Globalization;
using System.Net;
using System.Text.Json;
using Berth.Oci.Client.Wire;

namespace Berth.Oci.Client.Transport;

/// <summary>Turns an answer that is an error into an <see cref="OciException"/> with the registry's code, message, detail and status.</summary>
internal static class RegistryErrors
{
    private const int MaxText = 2_000;

    public static async Task<OciException> ReadAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var wait = RetryWaits.WaitOf(response, time);
        var status = (int)response.StatusCode;
        var entry = await ReadEntryAsync(response, cancellationToken);
        if (entry is null) return new OciException(Guess(response.StatusCode), Describe(response), status) { RetryAfter = wait };

        var known = OciErrorCodes.TryParse(entry.Code, out var code);
        var message = string.IsNullOrWhiteSpace(entry.Message) ? Describe(response) : Cut(entry.Message);
        if (!known) message = $"{Cut(entry.Code ?? "")}: {message}";
        var detail = entry.Detail switch
        {
            null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => null,
            { ValueKind: JsonValueKind.String } text when JsonReading.IsReadable(text) => Cut(text.GetString()!),
            { } json => Cut(json.GetRawText()),
        };
        return new OciException(known ? code : Guess(response.StatusCode), message, status, detail) { RetryAfter = wait };
    }

    private static async Task<ErrorEntry?> ReadEntryAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await BoundedBody.TryReadAsync(response.Content, BoundedBody.Small, cancellationToken);
        if (body is null or { Length: 0 }) return null;
        try
        {
            return JsonSerializer.Deserialize(body, WireContext.Default.ErrorBody)?.Errors?.FirstOrDefault(e => !string.IsNullOrEmpty(e?.Code));
        }
        catch (JsonException)
        {
            return null; // a proxy's HTML page, say: the status must do
        }
    }

    private static OciErrorCode Guess(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => OciErrorCode.Unauthorized,
        HttpStatusCode.Forbidden => OciErrorCode.Denied,
        HttpStatusCode.MethodNotAllowed => OciErrorCode.Unsupported,
        HttpStatusCode.RequestEntityTooLarge => OciErrorCode.SizeInvalid,
        HttpStatusCode.TooManyRequests => OciErrorCode.TooManyRequests,
        HttpStatusCode.BadRequest => OciErrorCode.BadRequest,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => OciErrorCode.Unavailable,
        HttpStatusCode.InsufficientStorage => OciErrorCode.StorageFull,
        _ => OciErrorCode.Unknown,
    };

    private static string Describe(HttpResponseMessage response)
    {
        var request = response.RequestMessage;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{request?.RequestUri?.Authority} answered {(int)response.StatusCode} to {request?.Method} {request?.RequestUri?.AbsolutePath}.");
    }

    private static string Cut(string text) => text.Length <= MaxText ? text : $"{text.AsSpan(0, MaxText)}…";
}
