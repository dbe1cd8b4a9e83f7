using System.Buffers;
using System.Text.Json;

namespace Berth.Server.Hosting;

/// <summary>Small JSON answers, written whole with their length.</summary>
internal static class Json
{
    /// <summary>Answers with what <paramref name="write"/> writes. HEAD gets the headers alone.</summary>
    public static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(512);
        await using (var json = new Utf8JsonWriter(body))
            write(json);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Answers with an error in the form that the data plane's clients know (OCI distribution spec, "Error Codes").</summary>
    public static Task ErrorAsync(HttpContext context, int status, string code, string message) => WriteAsync(context, status, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("errors"u8);
        json.WriteStartObject();
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
