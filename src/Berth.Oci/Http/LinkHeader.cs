using System.Text;

namespace Berth.Oci.Http;

/// <summary>The <c>Link</c> header that leads to the next page of a list (RFC 8288; OCI distribution spec, "Listing Tags").</summary>
public static class LinkHeader
{
    /// <summary>Formats <c>&lt;path?name=value&amp;…&gt;; rel="next"</c>, with whatever needs it percent-encoded.</summary>
    /// <param name="path">The list's path, not encoded, from its first slash.</param>
    /// <param name="query">The parameters of the next page in order, not encoded.</param>
    public static string FormatNext(string path, params ReadOnlySpan<(string Name, string Value)> query)
    {
        var link = new StringBuilder("<");
        AppendPath(link, path);
        var separator = '?';
        foreach (var (name, value) in query)
        {
            link.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }

        return link.Append(">; rel=\"next\"").ToString();
    }

    /// <summary>Finds the target of the link whose relation is <c>next</c>: a URI reference, to be resolved against the request's address.</summary>
    /// <param name="header">The header's value; several values of the field joined by commas.</param>
    /// <param name="target">The text between the angle brackets.</param>
    public static bool TryGetNext(ReadOnlySpan<char> header, out string target)
    {
        target = "";
        while (true)
        {
            header = header.TrimStart(" \t,");
            if (header.IsEmpty || header[0] != '<') return false;
            var close = header.IndexOf('>');
            if (close < 0) return false;
            var reference = header[1..close];
            header = header[(close + 1)..];
            if (!TryTakeParameters(ref header, out var next)) return false;
            if (!next) continue;
            target = reference.ToString();
            return true;
        }
    }

    /// <summary>Takes the parameters of one link; false when they do not follow the grammar.</summary>
    private static bool TryTakeParameters(ref ReadOnlySpan<char> header, out bool isNext)
    {
        isNext = false;
        var relationSeen = false;
        while (true)
        {
            header = header.TrimStart(HttpText.Blanks);
            if (header.IsEmpty || header[0] == ',') return true;
            if (header[0] != ';') return false;
            header = header[1..].TrimStart(HttpText.Blanks);
            if (header.IsEmpty || header[0] is ';' or ',') continue;

            var name = HttpText.TakeToken(ref header);
            if (name.IsEmpty) return false;
            header = header.TrimStart(HttpText.Blanks);
            if (header.IsEmpty || header[0] != '=') continue;
            header = header[1..].TrimStart(HttpText.Blanks);
            if (!HttpText.TryTakeTokenOrQuoted(ref header, out var value)) return false;

            // Only the first rel of a link counts (RFC 8288, section 3.3).
            if (relationSeen || !name.Equals("rel", StringComparison.OrdinalIgnoreCase)) continue;
            relationSeen = true;
            isNext = HasRelation(value, "next");
        }
    }

    private static bool HasRelation(string value, string relation) =>
        value.Split(' ').Contains(relation, StringComparer.OrdinalIgnoreCase);

    private static void AppendPath(StringBuilder link, string path)
    {
        const string AsItIs = "/-._~!$&'()*+,;=:@"; // pchar and the slash (RFC 3986, section 3.3)
        foreach (var rune in path.EnumerateRunes())
        {
            var plain = rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || AsItIs.Contains((char)rune.Value));
            if (plain) link.Append((char)rune.Value);
            else link.Append(Uri.EscapeDataString(rune.ToString()));
        }
    }
}
