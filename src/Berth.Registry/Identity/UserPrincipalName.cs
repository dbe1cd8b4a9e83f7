using System.Globalization;
using System.Text;

namespace Berth.Registry.Identity;

/// <summary>The form of people's user names: <c>name@domain</c>, which no other kind of principal has.</summary>
internal static class UserPrincipalName
{
    // Letters, marks and symbols by their category, but drawn as nothing.
    private static readonly (int First, int Last)[] Blank =
    [
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
    ];

    // The letters and digits that NFKC replaces by others, and a few between them: without ICU, which this program does not have, there is no NFKC.
    private static readonly (int First, int Last)[] Substitutes =
    [
        (0x00AA, 0x00BA), (0x0132, 0x0133), (0x013F, 0x0140), (0x0149, 0x0149), (0x017F, 0x017F), (0x01C4, 0x01CC), (0x01F1, 0x01F3), (0x03D0, 0x03D6), (0x03F0, 0x03F9),
        (0x0587, 0x0587), (0x0675, 0x0678), (0x0958, 0x095F), (0x09DC, 0x09DF), (0x0A33, 0x0A36), (0x0A59, 0x0A5E), (0x0B5C, 0x0B5D), (0x0E33, 0x0E33), (0x0EB3, 0x0EB3),
        (0x0EDC, 0x0EDD), (0x0F43, 0x0F69), (0x1E9A, 0x1E9B), (0x1F71, 0x1FFF), (0x2100, 0x214F), (0x309F, 0x309F), (0x30FF, 0x30FF), (0x3131, 0x318E), (0xF900, 0xFFDC),
        (0x1D400, 0x1D7FF), (0x1EE00, 0x1FBF9), (0x2F800, 0x2FA1F),
    ];

    /// <summary>Whether a text in lower case is one, all of which can be seen.</summary>
    public static bool IsGood(string name)
    {
        var at = name.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at < name.Length - 1 && name.LastIndexOf('@') == at && !name.Any(c => c is ':' or '/' or '\'' || char.IsWhiteSpace(c))
            && name.EnumerateRunes().All(IsVisible);
    }

    /// <summary>
    /// Whether it is one of which a stranger cannot make another that looks the same by writing its letters in another way: composed letters and digits,
    /// and what ASCII has.
    /// </summary>
    public static bool IsPlain(string name) => IsGood(name) && name.EnumerateRunes().All(rune => rune.IsAscii || (IsLetterOrDigit(rune) && !IsIn(Substitutes, rune)));

    private static bool IsVisible(Rune rune) => !IsIn(Blank, rune) && Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Format or UnicodeCategory.Control or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static bool IsLetterOrDigit(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber;

    private static bool IsIn((int First, int Last)[] ranges, Rune rune) => Array.Exists(ranges, range => rune.Value >= range.First && rune.Value <= range.Last);
}
