namespace Berth.Registry.Identity.Federation;

/// <summary>A stranger's text as a log line may have it: short, and without controls.</summary>
internal static class Printable
{
    private const int MaxLength = 200;

    /// <summary>The text in that form.</summary>
    public static string Of(string? text, int maxLength = MaxLength)
    {
        if (text is null) return "";
        var shown = text.Length > maxLength ? text.AsSpan(0, maxLength) : text;
        return string.Concat(shown.ToString().Select(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c));
    }
}
