using System.Text;
using System.Text.Json;

namespace Berth.Cli.Query;

/// <summary>Cuts an expression into its pieces.</summary>
internal static class Tokenizer
{
    private const int MaxTokens = 2000;

    // The longer ones first: '[?' is no '[' and '?'.
    private static readonly string[] Symbols =
        ["[?", "[]", "||", "&&", "<=", ">=", "==", "!=", ".", "*", "|", "&", "!", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", "@"];

    /// <summary>The pieces, the last of which is the end.</summary>
    /// <exception cref="QueryException">There is a character that begins no piece, or a quote that does not end.</exception>
    public static List<Token> Read(string text)
    {
        var tokens = new List<Token>();
        var at = 0;
        while (at < text.Length)
        {
            if (text[at] is ' ' or '\t' or '\r' or '\n')
            {
                at++;
                continue;
            }

            if (tokens.Count == MaxTokens) throw new QueryException(at, $"it has more than {MaxTokens} parts");
            tokens.Add(Next(text, ref at));
        }

        tokens.Add(new Token(TokenKind.End, "", text.Length));
        return tokens;
    }

    private static Token Next(string text, ref int at)
    {
        var start = at;
        var c = text[at];
        if (char.IsAsciiLetter(c) || c == '_') return new(TokenKind.Name, While(text, ref at, x => char.IsAsciiLetterOrDigit(x) || x == '_'), start);
        if (char.IsAsciiDigit(c) || (c == '-' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
        {
            at++;
            return new(TokenKind.Number, c + While(text, ref at, char.IsAsciiDigit), start);
        }

        if (c == '"') return new(TokenKind.QuotedName, NameOf(Quoted(text, ref at), start), start);
        if (c == '\'') return new(TokenKind.RawText, Unescape(Quoted(text, ref at)[1..^1]), start);
        if (c == '`') return new(TokenKind.Literal, Quoted(text, ref at)[1..^1].Replace("\\`", "`", StringComparison.Ordinal).TrimStart(), start);
        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(text, at, symbol, 0, symbol.Length) != 0) continue;
            at += symbol.Length;
            return new(TokenKind.Symbol, symbol, start);
        }

        throw new QueryException(start, $"'{c}' begins nothing that JMESPath knows");
    }

    private static string While(string text, ref int at, Predicate<char> belongs)
    {
        var start = at;
        while (at < text.Length && belongs(text[at])) at++;
        return text[start..at];
    }

    private static string Quoted(string text, ref int at)
    {
        var start = at;
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\\') at++;
            else if (text[at] == text[start]) return text[start..++at];
        }

        throw new QueryException(start, $"the quote {text[start]} does not end");
    }

    private static string NameOf(string quoted, int position)
    {
        try
        {
            using var document = JsonDocument.Parse(quoted);
            return document.RootElement.GetString()!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new QueryException(position, "the name in double quotes is no JSON text");
        }
    }

    // A backslash is itself, except before a quote and, as the specification has it since 2022, another backslash.
    private static string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '\'' or '\\') i++;
            result.Append(text[i]);
        }

        return result.ToString();
    }
}
