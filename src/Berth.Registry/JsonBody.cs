using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Berth.Registry;

/// <summary>Reads the small JSON objects that are sent to a registry's APIs beside <c>/v2</c>.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The object of a body; its caller disposes of it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">How long the body may be, in bytes.</param>
    /// <exception cref="OciException">400: it is none. 413: it is too large. 503: the request's turn did not come.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context, int maxBytes = 32 * 1024) => await TryReadAsync(context, maxBytes) ?? throw Bad("A body is needed: a JSON object.");

    /// <summary>The object of a body, which its caller disposes of; null where there is no body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">How long the body may be, in bytes.</param>
    /// <exception cref="OciException">400: it is none. 413: it is too large. 503: the request's turn did not come.</exception>
    public static async Task<JsonDocument?> TryReadAsync(HttpContext context, int maxBytes = 32 * 1024)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = maxBytes;
        // Only the bodies of uploads have a clock of their own.
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
        var bytes = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
            await RequestTurns.TakePostponedAsync(context);
            if (bytes.Length == 0) return null;
            var body = JsonReading.ParseReadable(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), Strict) ?? throw Bad("The body holds a text that is none.");
            if (body.RootElement.ValueKind == JsonValueKind.Object) return body;
            body.Dispose();
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new OciException(OciErrorCode.SizeInvalid, $"The body is larger than {maxBytes} bytes.", status: StatusCodes.Status413PayloadTooLarge);
        }
        catch (JsonException)
        {
            throw Bad("The body is no JSON, or one of its objects has a name twice.");
        }

        throw Bad("The body must be a JSON object.");
    }

    /// <summary>The refusal of a body.</summary>
    public static OciException Bad(string message) => new(OciErrorCode.BadRequest, message);

    /// <summary>What is shown of a text that a client sent.</summary>
    public static string Shorten(string text) => ClientText.Shorten(text, 100);
}
