using System.Globalization;

namespace Berth.Oci.Http;

/// <summary>What a <c>Range</c> request header asks for (RFC 9110, section 14.2).</summary>
public enum RangeOutcome
{
    /// <summary>The whole content, with 200: there is no range, or one that a server may ignore.</summary>
    Whole,

    /// <summary>One part of the content, with 206.</summary>
    Partial,

    /// <summary>Nothing that exists; answered with 416 and <see cref="ByteRange.Unsatisfied"/>.</summary>
    Unsatisfiable,
}

/// <summary>A part of some content, not empty: the positions of its first and last byte (RFC 9110, section 14.1.2).</summary>
/// <param name="Start">The first byte, from 0.</param>
/// <param name="End">The last byte, inclusive.</param>
public readonly record struct ByteRange(long Start, long End)
{
    /// <summary>The number of bytes.</summary>
    public long Length => End - Start + 1;

    /// <summary>
    /// Reads a <c>Range</c> header for content of a known length. One range is served, open-ended (<c>500-</c>) and suffix (<c>-500</c>) ones
    /// included. Ignored, that is answered with the whole content, are foreign units, what is not a range, and several ranges: RFC 9110,
    /// section 14.2 lets a server do so, no registry client asks for several, and a header with thousands of them then costs nothing.
    /// An inverted range such as <c>500-0</c> is unsatisfiable, as the conformance tests of the OCI distribution spec want it.
    /// </summary>
    /// <param name="header">The header's value; empty when there is none.</param>
    /// <param name="length">The length of the content in bytes.</param>
    /// <param name="range">The part to serve, inside the content; only meaningful for <see cref="RangeOutcome.Partial"/>.</param>
    public static RangeOutcome Parse(ReadOnlySpan<char> header, long length, out ByteRange range)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        range = default;
        const string Unit = "bytes=";
        header = header.Trim(HttpText.Blanks);
        if (!header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase)) return RangeOutcome.Whole;
        var set = header[Unit.Length..].Trim(HttpText.Blanks);

        // A comma anywhere makes it a list; the dash of a single range comes before anything else could.
        var dash = set.IndexOf('-');
        if (dash < 0 || set.Contains(',')) return RangeOutcome.Whole;
        var first = set[..dash];
        var last = set[(dash + 1)..];
        if (first.IsEmpty) return Suffix(last, length, out range);
        if (!HttpText.TryReadNumber(first, out var start)) return RangeOutcome.Whole;
        var end = length - 1;
        if (!last.IsEmpty)
        {
            if (!HttpText.TryReadNumber(last, out var asked)) return RangeOutcome.Whole;
            if (asked < start) return RangeOutcome.Unsatisfiable;
            end = Math.Min(end, asked);
        }

        if (start >= length) return RangeOutcome.Unsatisfiable;
        range = new ByteRange(start, end);
        return RangeOutcome.Partial;
    }

    /// <summary>The <c>Content-Range</c> header of a 206 (RFC 9110, section 14.4).</summary>
    public string ToContentRange(long length) => string.Create(CultureInfo.InvariantCulture, $"bytes {Start}-{End}/{length}");

    /// <summary>The <c>Content-Range</c> header of a 416 (RFC 9110, section 14.4).</summary>
    public static string Unsatisfied(long length) => string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");

    /// <summary>The <c>Range</c> header that asks for this part.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"bytes={Start}-{End}");

    private static RangeOutcome Suffix(ReadOnlySpan<char> text, long length, out ByteRange range)
    {
        range = default;
        if (!HttpText.TryReadNumber(text, out var wanted)) return RangeOutcome.Whole;
        if (wanted == 0) return RangeOutcome.Unsatisfiable;
        if (length == 0) return RangeOutcome.Whole; // satisfiable by the RFC, but a Content-Range cannot say "no bytes"
        range = new ByteRange(Math.Max(0, length - wanted), length - 1);
        return RangeOutcome.Partial;
    }
}
