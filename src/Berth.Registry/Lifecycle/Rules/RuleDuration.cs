using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>Times as rules have them, and <c>acr purge</c>: whole numbers of days, hours, minutes and seconds, such as <c>30d</c> or <c>2d3h6m</c>.</summary>
internal static class RuleDuration
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    private static readonly (char Unit, TimeSpan Time)[] Units =
        [('d', TimeSpan.FromDays(1)), ('h', TimeSpan.FromHours(1)), ('m', TimeSpan.FromMinutes(1)), ('s', TimeSpan.FromSeconds(1))];

    /// <summary>Reads a time; false for anything else, and for more than a hundred years.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        if (string.IsNullOrEmpty(text)) return false;
        var unit = 0;
        for (var at = 0; at < text.Length;)
        {
            var end = at;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
            if (end == at || end == text.Length || end - at > 9) return false;
            while (unit < Units.Length && Units[unit].Unit != text[end]) unit++;
            if (unit == Units.Length) return false;
            var count = long.Parse(text.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture);
            var one = Units[unit++].Time;
            if (count > Longest / one) return false;
            time += one * count;
            if (time > Longest) return false;
            at = end + 1;
        }

        return true;
    }

    /// <summary>The time as text.</summary>
    public static string Format(TimeSpan time)
    {
        var text = new StringBuilder();
        foreach (var (unit, one) in Units)
        {
            var count = (long)(time / one);
            if (count == 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            time -= one * count;
        }

        return text.Length == 0 ? "0d" : text.ToString();
    }
}
