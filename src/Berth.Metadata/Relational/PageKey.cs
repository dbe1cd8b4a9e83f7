using System.Globalization;
using System.Text.Json;

namespace Berth.Metadata.Relational;

/// <summary>The key of a page whose order has several parts, as the one text that a client hands back.</summary>
internal static class PageKey
{
    public static string Of(params ReadOnlySpan<string> parts) => JsonText.Array(parts.ToArray());

    /// <summary>The parts of a key.</summary>
    /// <exception cref="FormatException">It is not one that <see cref="Of"/> made of so many parts.</exception>
    public static IReadOnlyList<string> Parts(string key, int count)
    {
        try
        {
            var parts = JsonText.Words(key);
            if (parts.Count == count && !parts.Contains(null!)) return parts;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FormatException("The key of the page is not one that a page gave.", error);
        }

        throw new FormatException("The key of the page is not one that a page gave.");
    }

    /// <summary>The row that a key names; 0 for the start.</summary>
    /// <exception cref="FormatException">It names none.</exception>
    public static long Row(string? key) => key is null
        ? 0
        : long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var row)
            ? row
            : throw new FormatException("The key of the page is not one that a page gave.");
}
