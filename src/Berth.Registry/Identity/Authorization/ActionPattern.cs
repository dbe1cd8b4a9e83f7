namespace Berth.Registry.Identity.Authorization;

/// <summary>
/// Azure's patterns of actions: compared without regard to case, and each <c>*</c> stands for any run of characters, slashes and the empty one
/// included.
/// </summary>
internal static class ActionPattern
{
    /// <summary>Whether the pattern covers the action.</summary>
    public static bool Matches(string pattern, string action)
    {
        // On a mismatch the last star takes one character more: never more than the two lengths' product of steps.
        int p = 0, a = 0, star = -1, resume = 0;
        while (a < action.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = a;
            }
            else if (p < pattern.Length && char.ToUpperInvariant(pattern[p]) == char.ToUpperInvariant(action[a]))
            {
                p++;
                a++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                a = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    /// <summary>Whether one of the patterns covers the action.</summary>
    public static bool MatchesAny(IReadOnlyList<string> patterns, string action)
    {
        foreach (var pattern in patterns)
        {
            if (Matches(pattern, action)) return true;
        }

        return false;
    }
}
