using System.Text;

namespace Berth.Registry.Identity.Authorization;

/// <summary>
/// Reads one condition by recursive descent: <c>!</c> binds before <c>AND</c>, <c>AND</c> before <c>OR</c>. A method that cannot go on sets
/// <see cref="Error"/> and returns null.
/// </summary>
internal sealed class ConditionParser(string text)
{
    /// <summary>How deep parentheses and negations may nest.</summary>
    public const int MaxDepth = 64;

    private const string NameAttribute = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]";
    private const string Start = "'(', '!', ActionMatches or " + NameAttribute;

    private int _at;
    private int _depth;

    /// <summary>Why the text could not be read.</summary>
    public ConditionError? Error { get; private set; }

    /// <summary>Reads the whole text.</summary>
    public ConditionNode? ReadAll()
    {
        if (ReadOr() is not { } root) return null;
        SkipSpace();
        return _at == text.Length ? root : Fail<ConditionNode>("AND, OR or the end");
    }

    private ConditionNode? ReadOr()
    {
        var parts = new List<ConditionNode>();
        do
        {
            if (ReadAnd() is not { } part) return null;
            parts.Add(part);
        }
        while (Take("||") || TakeWord("OR"));
        return parts.Count == 1 ? parts[0] : new ConditionNode.Or(parts);
    }

    private ConditionNode? ReadAnd()
    {
        var parts = new List<ConditionNode>();
        do
        {
            if (ReadUnary() is not { } part) return null;
            parts.Add(part);
        }
        while (Take("&&") || TakeWord("AND"));
        return parts.Count == 1 ? parts[0] : new ConditionNode.And(parts);
    }

    private ConditionNode? ReadUnary()
    {
        if (_depth == MaxDepth) return Fail<ConditionNode>($"an end of the nesting, which is limited to {MaxDepth}");

        _depth++;
        var node = Take("!") || TakeWord("NOT") ? ReadUnary() is { } part ? new ConditionNode.Not(part) : null : ReadPrimary();
        _depth--;
        return node;
    }

    private ConditionNode? ReadPrimary()
    {
        if (Take("("))
        {
            if (ReadOr() is not { } inner) return null;
            return Take(")") ? inner : Fail<ConditionNode>("AND, OR or ')'");
        }

        if (TakeWord("ActionMatches"))
        {
            if (!Take("{")) return Fail<ConditionNode>("'{'");
            if (ReadString() is not { } pattern) return null;
            return Take("}") ? new ConditionNode.ActionMatches(pattern) : Fail<ConditionNode>("'}'");
        }

        SkipSpace();
        if (!At("@")) return Fail<ConditionNode>(Start);
        if (!At(NameAttribute)) return Fail<ConditionNode>($"the only attribute that is known, {NameAttribute}");
        _at += NameAttribute.Length;
        return ReadComparison();
    }

    private ConditionNode.NameCompares? ReadComparison()
    {
        // With one value on the left, any and all of the left are the same; what counts is any or all of the right.
        bool? withEach = TakeWord("ForAnyOfAnyValues") || TakeWord("ForAllOfAnyValues") ? false
            : TakeWord("ForAnyOfAllValues") || TakeWord("ForAllOfAllValues") ? true
            : null;
        if (withEach is not null && !Take(":")) return Fail<ConditionNode.NameCompares>("':'");

        SkipSpace();
        var word = Word();
        if (NameComparison.Find(word) is not { } comparison)
            return Fail<ConditionNode.NameCompares>($"one of the operators {string.Join(", ", NameComparison.Names)}");
        _at += word.Length;

        if (withEach is null) return ReadString() is { } value ? new(comparison, [value], false) : null;
        return ReadList() is { } values ? new(comparison, values, withEach.Value) : null;
    }

    private List<string>? ReadList()
    {
        if (!Take("{")) return Fail<List<string>>("'{'");
        var values = new List<string>();
        do
        {
            if (ReadString() is not { } value) return null;
            values.Add(value);
        }
        while (Take(","));
        return Take("}") ? values : Fail<List<string>>("',' or '}'");
    }

    private string? ReadString()
    {
        if (!Take("'")) return Fail<string>("a text in single quotes");
        var value = new StringBuilder();
        for (; _at < text.Length; _at++)
        {
            if (text[_at] != '\'')
            {
                value.Append(text[_at]);
            }
            else if (_at + 1 < text.Length && text[_at + 1] == '\'')
            {
                value.Append(text[_at++]);
            }
            else
            {
                _at++;
                return value.ToString();
            }
        }

        return Fail<string>("the closing single quote");
    }

    private bool Take(string symbol)
    {
        SkipSpace();
        if (!At(symbol)) return false;
        _at += symbol.Length;
        return true;
    }

    private bool TakeWord(string word)
    {
        SkipSpace();
        if (!Word().Equals(word, StringComparison.OrdinalIgnoreCase)) return false;
        _at += word.Length;
        return true;
    }

    private bool At(string expected) => text.AsSpan(_at).StartsWith(expected, StringComparison.OrdinalIgnoreCase);

    private string Word()
    {
        var end = _at;
        while (end < text.Length && char.IsAsciiLetterOrDigit(text[end])) end++;
        return text[_at..end];
    }

    private void SkipSpace()
    {
        while (_at < text.Length && text[_at] is ' ' or '\t' or '\r' or '\n') _at++;
    }

    private T? Fail<T>(string expected)
        where T : class
    {
        const int Shown = 40;
        SkipSpace();
        var rest = text.AsSpan(_at, Math.Min(Shown, text.Length - _at));
        var found = rest.Length == 0 ? "it ends there" : $"found \"{rest}\"";
        Error ??= new(_at + 1, $"{found}; expected {expected}.");
        return null;
    }
}
