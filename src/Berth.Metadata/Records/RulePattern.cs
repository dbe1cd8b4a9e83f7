using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Berth.Metadata;

/// <summary>
/// A pattern of names, which a whole name matches or not: a glob, in which <c>*</c> stands for any run of characters, slashes included, and <c>?</c> for one; or a regular
/// expression, matched in time linear in the name's length.
/// </summary>
/// <param name="Text">The pattern as it was written.</param>
/// <param name="IsRegex">Whether it is a regular expression.</param>
public readonly record struct RulePattern(string Text, bool IsRegex = false)
{
    /// <summary>The longest glob, in characters.</summary>
    public const int MaxLength = 256;

    /// <summary>The longest regular expression, in characters: several of them are often one with <c>|</c> between.</summary>
    public const int MaxExpression = 1_000;

    // No name that a pattern is for is longer: a higher number only makes the expression large. Counts inside counts multiply.
    private const int MaxRepetitions = 256;
    private const int MaxRepetitionsTogether = 1_000;
    private const int MaxKnown = 500;

    private static readonly TimeSpan MatchLimit = TimeSpan.FromMilliseconds(100);

    private static readonly SearchValues<char> GlobCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/*?");

    // Expressions are made once: the writer meets the same few over and over.
    private static readonly ConcurrentDictionary<string, Regex> Known = new(StringComparer.Ordinal);

    /// <summary>Reads a pattern; the error says in a sentence what is wrong with it.</summary>
    public static bool TryParse(string text, bool isRegex, out RulePattern pattern, [NotNullWhen(false)] out string? error)
    {
        pattern = new RulePattern(text, isRegex);
        var longest = isRegex ? MaxExpression : MaxLength;
        error = text.Length == 0 || text.Length > longest ? $"a pattern has 1 to {longest} characters" : isRegex ? ErrorOfRegex(text) : ErrorOfGlob(text);
        return error is null;
    }

    /// <summary>A glob of names with slashes, in which <c>*</c> and <c>?</c> stop at a slash and <c>**</c> stands for any run of characters.</summary>
    public static RulePattern OfPath(string glob)
    {
        var text = new StringBuilder();
        for (var i = 0; i < glob.Length; i++)
        {
            var isDouble = glob[i] == '*' && i + 1 < glob.Length && glob[i + 1] == '*';
            text.Append(glob[i] switch
            {
                '*' => isDouble ? ".*" : "[^/]*",
                '?' => "[^/]",
                var c => Regex.Escape(c.ToString()),
            });
            if (isDouble) i++;
        }

        return new RulePattern(text.ToString(), IsRegex: true);
    }

    /// <summary>An expression that is looked for in names, not one that a whole name matches; the text is one that <see cref="TryParse"/> takes.</summary>
    public static RulePattern OfPart(string expression) => new($".*(?:{expression}).*", IsRegex: true);

    /// <summary>Whether the whole name matches.</summary>
    /// <param name="name">The name.</param>
    /// <param name="inDoubt">The answer where an expression takes too long over the name: what a pattern protects is protected then, and what it takes is not taken.</param>
    public bool Matches(string name, bool inDoubt = true)
    {
        if (!IsRegex) return MatchesGlob(Text, name);
        try
        {
            return ExpressionOf(Text).IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            return inDoubt;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static bool MatchesGlob(string pattern, string name)
    {
        // On a mismatch the last star takes one character more: never more than the two lengths' product of steps.
        int p = 0, n = 0, star = -1, resume = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = n;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n]))
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    private static string? ErrorOfGlob(string text) => text.AsSpan().ContainsAnyExcept(GlobCharacters)
        ? "a glob has letters, digits, '.', '_', '-' and '/', '*' for any run of characters and '?' for one"
        : null;

    private static string? ErrorOfRegex(string text)
    {
        if (RepeatsTooOften(text)) return $"an expression repeats nothing more than {MaxRepetitions} times, and its counts multiply to {MaxRepetitionsTogether} at most";
        try
        {
            // By itself, too: what is only whole between the parentheses around it is no expression.
            _ = new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MatchLimit);
            _ = Compile(text);
            return null;
        }
        catch (NotSupportedException)
        {
            return "an expression has no look-around, back-reference, atomic group or condition, so that it is matched in linear time";
        }
        catch (RegexParseException e)
        {
            return $"it is no regular expression ({e.Error} at character {(e.Offset + 1).ToString(CultureInfo.InvariantCulture)})";
        }
        catch (ArgumentException)
        {
            return "it is no regular expression";
        }
    }

    private static bool RepeatsTooOften(string text)
    {
        var together = 1L;
        for (var at = text.IndexOf('{', StringComparison.Ordinal); at >= 0; at = text.IndexOf('{', at + 1))
        {
            var close = text.IndexOf('}', at);
            if (close < 0) return false;
            var most = 1;
            foreach (var number in text[(at + 1)..close].Split(','))
            {
                if (number.Length == 0 || !number.All(char.IsAsciiDigit)) continue;
                if (number.Length > 4) return true;
                most = Math.Max(most, int.Parse(number, CultureInfo.InvariantCulture));
            }

            together *= most;
            if (most > MaxRepetitions || together > MaxRepetitionsTogether) return true;
        }

        return false;
    }

    private static Regex ExpressionOf(string text)
    {
        if (Known.TryGetValue(text, out var known)) return known;
        if (Known.Count >= MaxKnown) Known.Clear();
        return Known.GetOrAdd(text, Compile);
    }

    private static Regex Compile(string text) => new($@"\A(?:{text})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MatchLimit);
}
