using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Quarantines;

/// <summary>Reads why and until when something is quarantined from the body of a PUT, and writes it.</summary>
internal static class QuarantineBody
{
    /// <summary>What the body says.</summary>
    /// <exception cref="OciException">400: it says nothing that can be, and the message names the property. 413: it is too large.</exception>
    public static async Task<Quarantine> ReadAsync(HttpContext context, DateTimeOffset now)
    {
        using var body = await JsonBody.ReadAsync(context);
        string? reason = null;
        DateTimeOffset? until = null;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            switch (property.Name)
            {
                case "reason":
                    reason = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : throw JsonBody.Bad("'reason' must be a text.");
                    break;
                case "until" when property.Value.ValueKind == JsonValueKind.Null:
                    until = null;
                    break;
                case "until":
                    until = ReadTime(property.Value) ?? throw JsonBody.Bad("'until' must be a time with its offset, such as 2027-01-31T12:00:00Z, or null for no end.");
                    break;
                default:
                    throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is not known here; there are reason and until.");
            }
        }

        if (string.IsNullOrWhiteSpace(reason)) throw JsonBody.Bad("Say why: 'reason' is what those are told who are refused.");
        if (reason.Length > Quarantine.MaxReason) throw JsonBody.Bad($"'reason' may have at most {Quarantine.MaxReason} characters; this one has {reason.Length}.");
        if (reason.Any(char.IsControl)) throw JsonBody.Bad("'reason' is one line without control characters.");
        if (until <= now) throw JsonBody.Bad("'until' is over already.");
        return new Quarantine(QuarantineState.Quarantined, reason, until);
    }

    /// <summary>Writes the members of what stands.</summary>
    public static void Write(Utf8JsonWriter json, Quarantine quarantine)
    {
        json.WriteString("state"u8, quarantine.State.ToString());
        json.WriteString("reason"u8, quarantine.Reason);
        if (quarantine.Until is { } until) json.WriteString("until"u8, until);
        else json.WriteNull("until"u8);
        if (quarantine.Details is { } details) json.WriteString("details"u8, details);
        json.WriteString("quarantinedAt"u8, quarantine.At);
        json.WriteString("quarantinedBy"u8, quarantine.By);
    }

    // Whole milliseconds, as they are stored.
    private static DateTimeOffset? ReadTime(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 10 and < 40 } text
        && text.AsSpan(10).IndexOfAny("Zz+-") >= 0
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds())
            : null;
}
