using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>What a call needs before it is made.</summary>
internal enum GraphNeed
{
    /// <summary>A good token: it is about the caller.</summary>
    Token,

    /// <summary>Any role anywhere.</summary>
    Read,

    /// <summary>The right to change the directory.</summary>
    Write,
}

/// <summary>One call of the directory.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Pattern">The path below the version; <c>{}</c> stands for one part of any name.</param>
/// <param name="Need">What the caller needs.</param>
/// <param name="AnswerAsync">Makes the call and answers it.</param>
internal sealed record GraphRoute(string Method, string Pattern, GraphNeed Need, Func<GraphCall, Task> AnswerAsync)
{
    private readonly string[] _parts = Pattern.Split('/');

    /// <summary>
    /// The parts of a path below the version, the first one of the collection; null when it is not below it. A key in parentheses is a part of its own:
    /// <c>users('X')</c> is <c>users/X</c>, and <c>applications(appId='X')</c> is <c>applications/appId=X</c>.
    /// </summary>
    public static IReadOnlyList<string>? PartsOf(PathString path)
    {
        const string version = "/v1.0/";
        if (path.Value is not { } text || !text.StartsWith(version, StringComparison.OrdinalIgnoreCase)) return null;

        var parts = new List<string>();
        foreach (var part in text[version.Length..].TrimEnd('/').Split('/'))
        {
            var open = part.IndexOf('(', StringComparison.Ordinal);
            if (parts.Count > 0 || open < 0 || !part.EndsWith(')'))
            {
                parts.Add(part);
                continue;
            }

            parts.Add(part[..open]);
            parts.Add(part[(open + 1)..^1].Replace("'", "", StringComparison.Ordinal));
        }

        return parts;
    }

    /// <summary>The parts that the pattern leaves open, or null when the path is another one.</summary>
    public IReadOnlyList<string>? Match(IReadOnlyList<string> path)
    {
        if (path.Count != _parts.Length) return null;

        List<string> values = [];
        for (var i = 0; i < _parts.Length; i++)
        {
            if (_parts[i] == "{}" && path[i].Length > 0) values.Add(path[i]);
            else if (!_parts[i].Equals(path[i], StringComparison.OrdinalIgnoreCase)) return null;
        }

        return values;
    }
}
