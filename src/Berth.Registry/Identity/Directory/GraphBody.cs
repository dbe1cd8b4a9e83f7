using System.Globalization;
using System.Text.Json;
using Berth.Oci;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Berth.Registry.Identity.Directory;

/// <summary>One JSON object that was sent: small, not slow, and read property by property.</summary>
/// <param name="element">The object.</param>
/// <param name="path">Where it stands in the body, with a dot at its end; empty for the body itself.</param>
internal sealed class GraphBody(JsonElement element, string path = "")
{
    private const int MaxBytes = 256 * 1024;

    /// <summary>The object in a request's body; an empty one for a body that is empty.</summary>
    /// <exception cref="GraphException">It is none, or too large.</exception>
    public static async Task<GraphBody> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBytes;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
        using var bytes = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
            if (bytes.Length == 0) bytes.Write("{}"u8);
            using var document = JsonReading.ParseReadable(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), default);
            return document?.RootElement.ValueKind == JsonValueKind.Object
                ? new GraphBody(document.RootElement.Clone())
                : throw GraphException.BadRequest("The body must be a JSON object whose names and texts can be read.");
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new GraphException(e.StatusCode, "Request_BadRequest", $"The body may have {MaxBytes} bytes at most.");
        }
        catch (JsonException e)
        {
            throw GraphException.BadRequest($"The body is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
    }

    /// <summary>Refuses properties other than these: a change that is not made must not look made.</summary>
    /// <exception cref="GraphException">There is another one.</exception>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Contains(property.Name) && !property.Name.Contains('@', StringComparison.Ordinal))
                throw GraphException.BadRequest($"The property '{path}{GraphException.Shorten(property.Name)}' cannot be changed; these can: {string.Join(", ", names)}.");
        }
    }

    /// <summary>Whether the property is there and is not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A text without control characters, or null when it is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value, or empty or too long.</exception>
    public string? Text(string name, int maxLength = 256)
    {
        if (RawText(name) is not { } text) return null;
        if (text.Trim().Length == 0 || text.Length > maxLength || text.Any(char.IsControl))
            throw GraphException.BadRequest($"The property '{path}{name}' must have 1 to {maxLength} characters and no control characters.");
        return text;
    }

    /// <summary>A text that must be there.</summary>
    /// <exception cref="GraphException">It is absent, or none that can be.</exception>
    public string RequiredText(string name, int maxLength = 256) => Text(name, maxLength) ?? throw Missing(name);

    /// <summary>A text as it was sent, or null when it is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value.</exception>
    public string? RawText(string name)
    {
        if (Find(name) is not { } value) return null;
        return TextOf(value) ?? throw GraphException.BadRequest($"The property '{path}{name}' must be a text.");
    }

    /// <summary>A truth value, or null when it is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value.</exception>
    public bool? Flag(string name) => Find(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw GraphException.BadRequest($"The property '{path}{name}' must be true or false."),
    };

    /// <summary>A moment, or null when it is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value.</exception>
    public DateTimeOffset? Time(string name)
    {
        if (RawText(name) is not { } text) return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw GraphException.BadRequest($"The property '{path}{name}' must be a date and time (ISO 8601).");
    }

    /// <summary>An object within, or null when it is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value.</exception>
    public GraphBody? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new GraphBody(value, $"{path}{name}."),
        _ => throw GraphException.BadRequest($"The property '{path}{name}' must be an object."),
    };

    /// <summary>Texts, or null when the list is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value, or too long.</exception>
    public IReadOnlyList<string>? Texts(string name, int most) =>
        List(name, most)?.Select(item => TextOf(item) ?? throw GraphException.BadRequest($"The property '{path}{name}' must be a list of texts.")).ToList();

    /// <summary>Objects, or null when the list is absent.</summary>
    /// <exception cref="GraphException">It is another kind of value, or too long.</exception>
    public IReadOnlyList<GraphBody>? Objects(string name, int most) => List(name, most)?.Select(item => item.ValueKind == JsonValueKind.Object
        ? new GraphBody(item, $"{path}{name}.")
        : throw GraphException.BadRequest($"The property '{path}{name}' must be a list of objects.")).ToList();

    /// <summary>The refusal of a body without the property.</summary>
    public GraphException Missing(string name) => GraphException.BadRequest($"The property '{path}{name}' is missing.");

    private List<JsonElement>? List(string name, int most)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array) throw GraphException.BadRequest($"The property '{path}{name}' must be a list.");
        if (value.GetArrayLength() > most) throw GraphException.BadRequest($"The property '{path}{name}' may have {most} entries at most.");
        return [.. value.EnumerateArray()];
    }

    private JsonElement? Find(string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
