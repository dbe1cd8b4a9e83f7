using System.Globalization;
using Berth.Oci;

namespace Berth.Registry.Distribution;

/// <summary>What a list is asked for (OCI distribution spec, "Listing Tags").</summary>
/// <param name="Count">The most entries; 0 asks for an empty list.</param>
/// <param name="Last">The entry to go on after, or null.</param>
internal readonly record struct PageQuery(int Count, string? Last)
{
    /// <summary>Reads <c>n</c> and <c>last</c>.</summary>
    /// <exception cref="OciException">400: <c>n</c> is not a number from 0 up.</exception>
    public static PageQuery Read(DistributionRequest request, int defaultCount, int maxCount)
    {
        var last = request.Query("last");
        if (last is { Length: 0 }) last = null;
        var n = request.Query("n");
        if (n is null) return new PageQuery(defaultCount, last);

        if (!int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a whole number from 0 to 2147483647.", detail: ClientText.Shorten(n, 40));
        return new PageQuery(Math.Min(count, maxCount), last);
    }
}
