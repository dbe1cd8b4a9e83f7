using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>Writes the authority's JSON answers; none of them is to be kept by anybody, unless it says so.</summary>
internal static class AuthorityJson
{
    /// <summary>Answers with an object.</summary>
    public static Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write, string caching = "no-store")
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return JsonAnswer.WriteObjectAsync(context, status, write, caching);
    }

    /// <summary>Answers with an error (RFC 6749, 5.2) and the fields that Entra's have.</summary>
    public static Task WriteErrorAsync(HttpContext context, AuthorityException error, DateTimeOffset now) => WriteAsync(context, error.Status, json =>
    {
        json.WriteString("error"u8, error.Error);
        json.WriteString("error_description"u8, error.Description);
        if (error.Number != 0)
        {
            json.WriteStartArray("error_codes"u8);
            json.WriteNumberValue(error.Number);
            json.WriteEndArray();
        }

        json.WriteString("timestamp"u8, now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteString("trace_id"u8, context.TraceIdentifier);
        json.WriteString("correlation_id"u8, CorrelationOf(context, now));
    });

    /// <summary>Writes a list of texts.</summary>
    public static void WriteList(this Utf8JsonWriter json, string name, params ReadOnlySpan<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static string CorrelationOf(HttpContext context, DateTimeOffset now) =>
        (Guid.TryParse(context.Request.Headers["client-request-id"].ToString(), out var id) ? id : Guid.CreateVersion7(now)).ToString();
}
