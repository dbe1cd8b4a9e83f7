using System.Globalization;

namespace Berth.Oci.Http;

/// <summary>
/// The place of a chunk inside an upload: the <c>Content-Range</c> of a PATCH or PUT, and the <c>Range</c> of an upload's status
/// (OCI distribution spec, "Pushing a blob in chunks"). Never empty.
/// </summary>
/// <param name="Start">The first byte, from 0.</param>
/// <param name="End">The last byte, inclusive; less than the largest Int64, so that <see cref="Length"/> fits.</param>
/// <param name="Total">The length of the whole that a client announced after a slash; null when unknown.</param>
public readonly record struct ContentRange(long Start, long End, long? Total = null)
{
    /// <summary>The number of bytes.</summary>
    public long Length => End - Start + 1;

    /// <summary>
    /// Reads <c>&lt;start&gt;-&lt;end&gt;</c>, the spec's form, and <c>bytes &lt;start&gt;-&lt;end&gt;/&lt;total or *&gt;</c>, RFC 9110's, which
    /// some clients send; false for anything else, an inverted range or an end beyond the total included.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> header, out ContentRange range)
    {
        range = default;
        const string Unit = "bytes";
        var text = header.Trim(HttpText.Blanks);
        if (text.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            text = text[Unit.Length..];
            if (text.IsEmpty || text[0] is not (' ' or '\t' or '=')) return false;
            text = text[1..].TrimStart(HttpText.Blanks);
        }

        long? total = null;
        var slash = text.IndexOf('/');
        if (slash >= 0)
        {
            if (text[(slash + 1)..] is not "*")
            {
                if (!HttpText.TryReadNumber(text[(slash + 1)..], out var number)) return false;
                total = number;
            }

            text = text[..slash];
        }

        var dash = text.IndexOf('-');
        if (dash < 0 || !HttpText.TryReadNumber(text[..dash], out var start) || !HttpText.TryReadNumber(text[(dash + 1)..], out var end)) return false;
        if (end < start || end == long.MaxValue || end >= total) return false;
        range = new ContentRange(start, end, total);
        return true;
    }

    /// <summary>The spec's form, <c>&lt;start&gt;-&lt;end&gt;</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Start}-{End}");
}
