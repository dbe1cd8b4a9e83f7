namespace Berth.Cli.Query;

/// <summary>What a piece of an expression is.</summary>
internal enum TokenKind
{
    /// <summary>The end of the expression.</summary>
    End,

    /// <summary>A name without quotes.</summary>
    Name,

    /// <summary>A name in double quotes; it is never a function's.</summary>
    QuotedName,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>JSON between backquotes.</summary>
    Literal,

    /// <summary>A text in single quotes.</summary>
    RawText,

    /// <summary>An operator or a bracket.</summary>
    Symbol,
}

/// <summary>A piece of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text, without quotes; JSON for a literal.</param>
/// <param name="Position">Where it begins, from 0.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Position)
{
    /// <summary>Whether it is this operator or bracket.</summary>
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Text == symbol;

    /// <summary>The piece in words.</summary>
    public string Described => Kind == TokenKind.End ? "the end" : $"'{Text}'";
}
