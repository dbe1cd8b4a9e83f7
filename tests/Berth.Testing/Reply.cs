using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Berth.Testing;

/// <summary>One answer of a registry, read whole, with the request it belongs to.</summary>
public sealed partial class Reply(string request, int status, IReadOnlyList<KeyValuePair<string, string>> headers, byte[] body)
{
    private static readonly HashSet<string> KnownCodes =
    [
        "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNKNOWN",
        "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS",
        "TAG_INVALID", "PAGINATION_NUMBER_INVALID", "UNAVAILABLE", "BAD_REQUEST", "STORAGE_FULL",
    ];

    /// <summary>The request, in one line.</summary>
    public string Request => request;

    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>The headers in the order in which they came.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers => headers;

    /// <summary>The body.</summary>
    public byte[] Body => body;

    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(body);

    /// <summary>The body as JSON.</summary>
    public JsonElement Json
    {
        get
        {
            try
            {
                return JsonSerializer.Deserialize<JsonElement>(body);
            }
            catch (JsonException e)
            {
                throw new ExpectationException($"The body is no JSON ({e.Message}).\n{this}");
            }
        }
    }

    /// <summary>The Location header.</summary>
    public string Location => Header("Location") ?? throw new ExpectationException($"There is no Location.\n{this}");

    /// <summary>The Docker-Content-Digest header.</summary>
    public string Digest => Header("Docker-Content-Digest") ?? throw new ExpectationException($"There is no Docker-Content-Digest.\n{this}");

    /// <summary>The value of a header, or null; several are joined with a comma.</summary>
    public string? Header(string name)
    {
        var values = headers.Where(h => string.Equals(h.Key, name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).ToArray();
        return values.Length == 0 ? null : string.Join(", ", values);
    }

    /// <summary>The target of a <c>Link</c> with <c>rel="next"</c> (RFC 8288), or null when there is none.</summary>
    public string? NextLink()
    {
        var link = Header("Link");
        if (link is null) return null;

        var match = Link().Match(link);
        if (!match.Success) throw new ExpectationException($"The Link is not <target>; rel=\"next\".\n{this}");
        return match.Groups[1].Value;
    }

    /// <summary>The answer itself when its status is one of these; else an <see cref="ExpectationException"/>, for 503 an <see cref="UnavailableException"/>.</summary>
    public Reply Expect(params int[] statuses)
    {
        if (statuses.Contains(status)) return this;
        var message = $"Wanted {string.Join(" or ", statuses)}.\n{this}";
        throw status == 503 ? new UnavailableException(message, Header("Retry-After") is not null) : new ExpectationException(message);
    }

    /// <summary>The answer itself when a header has exactly this value (null: is absent).</summary>
    public Reply ExpectHeader(string name, string? value)
    {
        var actual = Header(name);
        if (actual != value) throw new ExpectationException($"Wanted {name}: {value ?? "(none)"}, got {actual ?? "(none)"}.\n{this}");
        return this;
    }

    /// <summary>The answer itself when its body is exactly these bytes.</summary>
    public Reply ExpectBody(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.SequenceEqual(body)) throw new ExpectationException($"The body of {body.Length} bytes is not the one of {bytes.Length} bytes that was wanted.\n{this}");
        return this;
    }

    /// <summary>
    /// The answer itself when it is an error in the spec's JSON with one of these codes (any code of the spec when none is given).
    /// An answer to HEAD has no body, so only its status is looked at.
    /// </summary>
    public Reply ExpectError(int wanted, params string[] codes)
    {
        Expect(wanted);
        if (request.StartsWith("HEAD ", StringComparison.Ordinal))
        {
            if (body.Length != 0) throw new ExpectationException($"A HEAD has a body.\n{this}");
            return this;
        }

        var found = ErrorCodes();
        if (codes.Length > 0 && !found.Any(codes.Contains)) throw new ExpectationException($"Wanted the code {string.Join(" or ", codes)}.\n{this}");
        return this;
    }

    /// <summary>The codes of an error body, whose shape is checked (OCI distribution spec, "Error Codes").</summary>
    public IReadOnlyList<string> ErrorCodes()
    {
        if (Header("Content-Type")?.Split(';')[0].Trim() != "application/json") throw new ExpectationException($"The error is not application/json.\n{this}");
        if (Json.ValueKind != JsonValueKind.Object || !Json.TryGetProperty("errors", out var errors) || errors.ValueKind != JsonValueKind.Array
            || errors.GetArrayLength() == 0)
        {
            throw new ExpectationException($"The error has no list of errors.\n{this}");
        }

        var codes = new List<string>();
        foreach (var error in errors.EnumerateArray())
        {
            var code = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out var c) && c.ValueKind == JsonValueKind.String ? c.GetString()! : "";
            if (!KnownCodes.Contains(code)) throw new ExpectationException($"'{code}' is no code of the spec, nor one that registries add to it.\n{this}");
            if (error.TryGetProperty("message", out var m) && m.ValueKind != JsonValueKind.String) throw new ExpectationException($"An error's message is no text.\n{this}");
            codes.Add(code);
        }

        return codes;
    }

    /// <summary>The exchange, for a person.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{request}\n  -> {status}\n");
        foreach (var (name, value) in headers) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"  {name}: {value}\n");
        return text.Append("  ").Append(Shown(body)).ToString();
    }

    internal static string Shown(byte[] bytes)
    {
        const int Limit = 600;
        var text = Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, Limit)));
        if (text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) || text.Contains('\uFFFD')) return $"({bytes.Length} bytes)";
        return bytes.Length > Limit ? $"{text}… ({bytes.Length} bytes)" : text;
    }

    [GeneratedRegex("""^<([^<>]+)>\s*;\s*rel="?next"?$""")]
    private static partial Regex Link();
}
