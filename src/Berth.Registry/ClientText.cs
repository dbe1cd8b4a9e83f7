namespace Berth.Registry;

/// <summary>Texts that clients choose, as rows, lines and answers repeat them.</summary>
internal static class ClientText
{
    /// <summary>The beginning of a text. It ends between two characters: half of a surrogate pair has no UTF-8, and PostgreSQL's driver sends nothing that holds one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How long the beginning may be, in UTF-16 units; at least 1.</param>
    public static string Shorten(string text, int most) => text.Length <= most ? text : text[..EndOf(text, most)];

    /// <summary>The beginning of a text, and a sign that it goes on where it does.</summary>
    public static string ShortenVisibly(ReadOnlySpan<char> text, int most) => text.Length <= most ? text.ToString() : $"{text[..EndOf(text, most)]}…";

    private static int EndOf(ReadOnlySpan<char> text, int most) => char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;
}
