namespace Berth.Oci.Http;

/// <summary>The grammar that header fields share (RFC 9110, section 5.6).</summary>
internal static class HttpText
{
    /// <summary>Optional white space (OWS).</summary>
    public const string Blanks = " \t";

    /// <summary>Reads <c>1*DIGIT</c>; a number beyond the largest that fits becomes that one. False for anything else.</summary>
    public static bool TryReadNumber(ReadOnlySpan<char> digits, out long number)
    {
        number = 0;
        if (digits.IsEmpty) return false;
        foreach (var c in digits)
        {
            if (!char.IsAsciiDigit(c)) return false;
            var digit = c - '0';
            number = number > (long.MaxValue - digit) / 10 ? long.MaxValue : (number * 10) + digit;
        }

        return true;
    }

    /// <summary>Whether a character may stand in a token.</summary>
    public static bool IsToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);
}
