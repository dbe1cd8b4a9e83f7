using Berth.Oci.Http;

namespace Berth.Oci.Client.Authentication;

/// <summary>One challenge of a <c>WWW-Authenticate</c> header: a scheme and its parameters (RFC 9110, section 11.6.1).</summary>
internal sealed class Challenge
{
    private const int MaxChallenges = 16;
    private const int MaxParameters = 16;

    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    private Challenge(string scheme) => Scheme = scheme;

    public string Scheme { get; }

    public bool IsBearer => Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);

    public bool IsBasic => Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase);

    /// <summary>The parameter's value without quotes; null when absent. Names ignore case; the first of several counts.</summary>
    public string? this[string name] => _parameters.GetValueOrDefault(name);

    /// <summary>Reads the challenges of a header; what follows a mistake in the grammar is left out.</summary>
    public static IReadOnlyList<Challenge> Parse(ReadOnlySpan<char> header)
    {
        var challenges = new List<Challenge>();
        while (challenges.Count < MaxChallenges)
        {
            header = header.TrimStart(" \t,");
            var scheme = HttpText.TakeToken(ref header);
            if (scheme.IsEmpty) return challenges;
            var challenge = new Challenge(scheme.ToString());
            challenges.Add(challenge);
            if (!header.IsEmpty && header[0] is not (' ' or '\t' or ',')) return challenges;
            if (!challenge.TakeParameters(ref header)) return challenges;
        }

        return challenges;
    }

    /// <summary>Takes the parameters up to the next challenge, a token that no equals sign follows; false where the grammar ends.</summary>
    private bool TakeParameters(ref ReadOnlySpan<char> header)
    {
        while (_parameters.Count < MaxParameters)
        {
            header = header.TrimStart(" \t,");
            var rest = header;
            var name = HttpText.TakeToken(ref rest);
            if (name.IsEmpty) return false;
            rest = rest.TrimStart(HttpText.Blanks);
            if (rest.IsEmpty || rest[0] != '=') return true;
            rest = rest[1..].TrimStart(HttpText.Blanks);

            // token68 of a scheme such as Negotiate ends in equals signs; it is no parameter and nothing here reads it.
            if (!HttpText.TryTakeTokenOrQuoted(ref rest, out var value)) return false;
            header = rest;
            _parameters.TryAdd(name.ToString(), value);
        }

        return false;
    }
}
