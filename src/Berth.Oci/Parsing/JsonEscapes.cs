using System.Globalization;

namespace Berth.Oci.Parsing;

/// <summary>The escapes of a JSON string (RFC 8259, section 7).</summary>
internal static class JsonEscapes
{
    private const int UnitLength = 6;

    /// <summary>
    /// Whether each escaped surrogate has its other half, so that the string can be decoded; the text is the inside of a string that is
    /// otherwise well formed.
    /// </summary>
    public static bool ArePaired(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var backslash = text.IndexOf((byte)'\\');
            if (backslash < 0) return true;
            text = text[backslash..];
            if (!StartsWithUnit(text))
            {
                text = text[2..];
                continue;
            }

            var unit = Unit(text);
            text = text[UnitLength..];
            if (char.IsLowSurrogate(unit)) return false;
            if (!char.IsHighSurrogate(unit)) continue;
            if (!StartsWithUnit(text) || !char.IsLowSurrogate(Unit(text))) return false;
            text = text[UnitLength..];
        }
    }

    private static bool StartsWithUnit(ReadOnlySpan<byte> text) => text.StartsWith("\\u"u8);

    private static char Unit(ReadOnlySpan<byte> text) =>
        (char)ushort.Parse(text[2..UnitLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
