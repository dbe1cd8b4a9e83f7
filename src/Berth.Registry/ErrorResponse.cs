using System.Text.Json;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>Writes an error as the spec wants it: <c>{"errors":[{"code","message","detail"}]}</c> (OCI distribution spec, "Error Codes").</summary>
internal static class ErrorResponse
{
    /// <summary>Answers with an error. HEAD gets the headers alone.</summary>
    public static async Task WriteAsync(HttpContext context, int status, OciErrorCode code, string message, string? detail = null)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("errors");
            writer.WriteStartObject();
            writer.WriteString("code", code.Describe().Code);
            writer.WriteString("message", message);
            if (detail is not null) writer.WriteString("detail", detail);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.ContentLength = body.Length;
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}
