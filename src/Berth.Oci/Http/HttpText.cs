using System.Text;

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

    /// <summary>Takes the token a header starts with, empty when there is none.</summary>
    public static ReadOnlySpan<char> TakeToken(ref ReadOnlySpan<char> header)
    {
        var length = 0;
        while (length < header.Length && IsToken(header[length])) length++;
        var token = header[..length];
        header = header[length..];
        return token;
    }

    /// <summary>Takes a token or a quoted string, of which the value is what the quotes and escapes stand for; false for neither.</summary>
    public static bool TryTakeTokenOrQuoted(ref ReadOnlySpan<char> header, out string value)
    {
        if (header.IsEmpty || header[0] != '"')
        {
            value = TakeToken(ref header).ToString();
            return value.Length > 0;
        }

        var text = new StringBuilder();
        for (var i = 1; i < header.Length; i++)
        {
            switch (header[i])
            {
                case '\\' when i + 1 < header.Length:
                    text.Append(header[++i]);
                    break;
                case '"':
                    value = text.ToString();
                    header = header[(i + 1)..];
                    return true;
                default:
                    text.Append(header[i]);
                    break;
            }
        }

        value = "";
        return false;
    }
}
