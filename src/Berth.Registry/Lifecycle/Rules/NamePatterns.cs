using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>
/// Patterns of names, in time that grows with the name alone: in one of repositories <c>*</c> stands for anything but a slash and <c>**</c> for anything, in one of
/// tags, which have no slashes, both are the same; regular expressions have no references back and no look-arounds.
/// </summary>
internal sealed partial class NamePatterns
{
    // Counted repetitions are written out by what runs the expression.
    private const long MostRepetitions = 1_000;

    private readonly IReadOnlyList<Regex> _patterns;
    private readonly bool _matchesAll;

    private NamePatterns(IReadOnlyList<Regex> patterns, bool matchesAll) => (_patterns, _matchesAll) = (patterns, matchesAll);

    /// <summary>Patterns and a regular expression, one of which must match; without any, all do.</summary>
    /// <param name="globs">The patterns.</param>
    /// <param name="regex">The expression, or null.</param>
    /// <param name="isWhole">Whether the expression must match the whole name, not a part of it.</param>
    /// <exception cref="FormatException">The expression is none, or none that takes time in proportion to the name.</exception>
    public static NamePatterns Of(IReadOnlyList<string> globs, string? regex, bool isWhole)
    {
        List<Regex> patterns = [.. globs.Select(OfGlob)];
        if (regex is not null) patterns.Add(OfRegex(regex, isWhole));
        return new NamePatterns(patterns, patterns.Count == 0);
    }

    /// <summary>Whether one of them matches.</summary>
    public bool Match(string name)
    {
        if (_matchesAll) return true;
        foreach (var pattern in _patterns)
        {
            if (pattern.IsMatch(name)) return true;
        }

        return false;
    }

    private static Regex OfGlob(string glob)
    {
        var text = new StringBuilder(@"\A");
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

        return Make(text.Append(@"\z").ToString());
    }

    private static Regex OfRegex(string regex, bool isWhole)
    {
        var repetitions = 1L;
        foreach (Match count in Counts().Matches(regex))
        {
            repetitions *= Math.Max(1, long.Parse(count.Groups[1].Value, CultureInfo.InvariantCulture));
            if (repetitions > MostRepetitions) throw new FormatException($"'{regex}' repeats too often; its counts may be {MostRepetitions} together.");
        }

        try
        {
            return Make(isWhole ? $@"\A(?:{regex})\z" : regex);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"'{regex}' is no regular expression: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new FormatException(
                $"'{regex}' has something that takes time out of proportion (a look-around, a reference back, or an atomic group); write it without.", e);
        }
    }

    private static Regex Make(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    [GeneratedRegex(@"\{(?:[0-9]{0,6},)?([0-9]{1,6})")]
    private static partial Regex Counts();
}
