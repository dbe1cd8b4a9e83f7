using System.Globalization;

namespace Berth.Metadata;

/// <summary>A place in a list by time: entries of the same time come by name.</summary>
/// <param name="Time">The time, in milliseconds since 1970.</param>
/// <param name="Name">The tag, or the digest's text.</param>
public readonly record struct TimeKey(long Time, string Name)
{
    private const char Separator = ' ';

    /// <summary>Reads the key of a page.</summary>
    /// <exception cref="FormatException">It is not one that <see cref="ToString"/> made.</exception>
    public static TimeKey Parse(string text)
    {
        var end = text.IndexOf(Separator, StringComparison.Ordinal);
        return end > 0 && long.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? new TimeKey(time, text[(end + 1)..])
            : throw new FormatException("The key of the page is not one that a page gave.");
    }

    /// <summary>The key as the one text that a page ends with.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time}{Separator}{Name}");
}
