using System.Text.Json;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>Writes an error as the spec wants it: <c>{"errors":[{"code","message","detail"}]}</c> (OCI distribution spec, "Error Codes").</summary>
internal static class ErrorResponse
{
    /// <summary>Answers with an error. HEAD gets the headers alone.</summary>
    public static Task WriteAsync(HttpContext context, int status, OciErrorCode code, string message, string? detail = null) =>
        WriteAsync(context, status, code, message, json =>
        {
            if (detail is not null) json.WriteString("detail"u8, detail);
        });

    /// <summary>Answers with an error whose detail is written by the caller, name and value.</summary>
    public static Task WriteAsync(HttpContext context, int status, OciErrorCode code, string message, Action<Utf8JsonWriter> writeDetail) =>
        JsonAnswer.WriteObjectAsync(context, status, json =>
        {
            json.WriteStartArray("errors"u8);
            json.WriteStartObject();
            json.WriteString("code"u8, code.Describe().Code);
            json.WriteString("message"u8, message);
            writeDetail(json);
            json.WriteEndObject();
            json.WriteEndArray();
        });
}
