using System.Globalization;
using Berth.Metadata;

namespace Berth.Registry.Identity;

/// <summary>A client's user agent as rows and lists may have it: short, and of characters that show as what they are.</summary>
internal static class UserAgent
{
    /// <summary>The user agent in that form; empty for none.</summary>
    public static string Clean(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var kept = Math.Min(text.Length, IConsumers.MostOfUserAgent);
        if (!text.AsSpan(0, kept).ContainsAnyExceptInRange(' ', '~')) return kept == text.Length ? text : text[..kept];
        return string.Create(kept, text, static (cleaned, text) =>
        {
            for (var i = 0; i < cleaned.Length; i++) cleaned[i] = IsShown(text[i]) ? text[i] : '?';
        });
    }

    // Characters that turn the direction of what follows are of the category Format.
    private static bool IsShown(char c) => char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
