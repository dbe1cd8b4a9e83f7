using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>Answers with JSON, which nobody keeps unless it says so; HEAD gets the headers alone.</summary>
internal static class JsonAnswer
{
    private const int FirstBytes = 1024;

    /// <summary>Answers with what the delegate writes.</summary>
    public static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write, string caching = "no-store")
    {
        var body = new ArrayBufferWriter<byte>(FirstBytes);
        using (var json = new Utf8JsonWriter(body)) write(json);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = caching;
        response.ContentLength = body.WrittenCount;
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Answers with an object whose members the delegate writes.</summary>
    public static Task WriteObjectAsync(HttpContext context, int status, Action<Utf8JsonWriter> write, string caching = "no-store") => WriteAsync(
        context, status,
        json =>
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        },
        caching);
}
