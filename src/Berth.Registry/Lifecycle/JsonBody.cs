using System.Text.Json;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle;

/// <summary>Reads the small JSON objects that are sent to change what protects a registry's content.</summary>
internal static class JsonBody
{
    private const int MaxBytes = 32 * 1024;

    /// <summary>The object of a body; its caller disposes of it.</summary>
    /// <exception cref="OciException">400: it is none. 413: it is too large.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        var buffer = new byte[MaxBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (length > MaxBytes) throw new OciException(OciErrorCode.SizeInvalid, $"The body is larger than {MaxBytes} bytes.", status: StatusCodes.Status413PayloadTooLarge);
        try
        {
            var body = JsonReading.ParseReadable(buffer.AsMemory(0, length), default) ?? throw Bad("The body holds a text that is none.");
            if (body.RootElement.ValueKind == JsonValueKind.Object) return body;
            body.Dispose();
        }
        catch (JsonException)
        {
            throw Bad("The body is no JSON.");
        }

        throw Bad("The body must be a JSON object.");
    }

    /// <summary>The refusal of a body.</summary>
    public static OciException Bad(string message) => new(OciErrorCode.BadRequest, message);

    /// <summary>What is shown of a text that a client sent.</summary>
    public static string Shorten(string text) => text.Length <= 100 ? text : text[..100];
}
