using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>Writes an error as the spec wants it: <c>{"errors":[{"code","message","detail"}]}</c> (OCI distribution spec, "Error Codes").</summary>
internal static class ErrorResponse
{
    /// <summary>Answers with an error. HEAD gets the headers alone.</summary>
    public static Task WriteAsync(HttpContext context, int status, OciErrorCode code, string message, string? detail = null) =>
        JsonAnswer.WriteObjectAsync(context, status, json =>
        {
            json.WriteStartArray("errors"u8);
            json.WriteStartObject();
            json.WriteString("code"u8, code.Describe().Code);
            json.WriteString("message"u8, message);
            if (detail is not null) json.WriteString("detail"u8, detail);
            json.WriteEndObject();
            json.WriteEndArray();
        });
}
