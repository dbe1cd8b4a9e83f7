namespace Berth.Oci.Http;

/// <summary>
/// Conditional requests on content whose entity tag is its digest in quotes (RFC 9110, sections 8.8.3 and 13.1). A digest without quotes is
/// understood too, because some clients send the bare digest.
/// </summary>
public static class EntityTags
{
    /// <summary>The <c>ETag</c> of content; strong, because equal digests mean equal bytes.</summary>
    public static string Format(Digest digest) => $"\"{digest}\"";

    /// <summary>Whether an <c>If-None-Match</c> header names the content, so that the answer is 304; compared weakly. False for no header.</summary>
    public static bool IfNoneMatchHits(ReadOnlySpan<char> header, Digest digest) => Lists(header, digest, strong: false);

    /// <summary>
    /// Whether an <c>If-Match</c> header lets the request on; compared strongly, so weak tags never match. True for no header.
    /// A false is answered with 412.
    /// </summary>
    public static bool IfMatchPasses(ReadOnlySpan<char> header, Digest digest) =>
        header.Trim(HttpText.Blanks).IsEmpty || Lists(header, digest, strong: true);

    /// <summary>
    /// Whether an <c>If-Range</c> header lets the range be served; false means the whole content. True for no header; a date never matches,
    /// as content has no modification date (RFC 9110, section 13.1.5).
    /// </summary>
    public static bool IfRangePasses(ReadOnlySpan<char> header, Digest digest)
    {
        header = header.Trim(HttpText.Blanks);
        return header.IsEmpty || (header is not "*" && Lists(header, digest, strong: true));
    }

    private static bool Lists(ReadOnlySpan<char> header, Digest digest, bool strong)
    {
        if (header.Trim(HttpText.Blanks) is "*") return true;
        var wanted = digest.ToString();
        while (TryTake(ref header, out var tag, out var weak))
        {
            if (tag.SequenceEqual(wanted) && !(strong && weak)) return true;
        }

        return false;
    }

    /// <summary>Takes the next tag off a list, without quotes; false at the end.</summary>
    private static bool TryTake(ref ReadOnlySpan<char> list, out ReadOnlySpan<char> tag, out bool weak)
    {
        list = list.TrimStart(" \t,");
        weak = list.StartsWith("W/", StringComparison.Ordinal);
        if (weak) list = list[2..];
        if (list.IsEmpty)
        {
            tag = default;
            return weak;
        }

        if (list[0] == '"')
        {
            list = list[1..];
            var quote = list.IndexOf('"');
            tag = quote < 0 ? default : list[..quote]; // an unclosed tag matches nothing
            list = quote < 0 ? default : list[(quote + 1)..];
            return true;
        }

        var comma = list.IndexOf(',');
        tag = (comma < 0 ? list : list[..comma]).TrimEnd(HttpText.Blanks);
        list = comma < 0 ? default : list[comma..];
        return true;
    }
}
