using System.Diagnostics.CodeAnalysis;

namespace Berth.Registry.Identity.Authorization;

/// <summary>A named list of rights on repositories, which tokens of a registry are given.</summary>
/// <param name="Name">The name within the registry.</param>
/// <param name="Description">What it is for, in a sentence.</param>
/// <param name="Actions">The rights.</param>
public sealed record ScopeMap(string Name, string Description, IReadOnlyList<ScopeMapAction> Actions)
{
    /// <summary>How many actions a map may have, as in Azure Container Registry; no map can name more repositories than that either.</summary>
    public const int MaxActions = 500;

    /// <summary>The maps that every registry has and nobody can change.</summary>
    public static readonly IReadOnlyList<ScopeMap> SystemDefined =
    [
        OfEverything("_repositories_pull", "Pulls from every repository.", "content/read"),
        OfEverything("_repositories_pull_metadata_read", "Pulls from every repository and reads its metadata.", "content/read", "metadata/read"),
        OfEverything("_repositories_push", "Pushes to and pulls from every repository.", "content/read", "content/write"),
        OfEverything(
            "_repositories_push_metadata_write", "Pushes to and pulls from every repository, reads and changes its metadata.",
            "metadata/read", "metadata/write", "content/read", "content/write"),
        OfEverything(
            "_repositories_admin", "Does everything in every repository.",
            "metadata/read", "metadata/write", "content/read", "content/write", "content/delete"),
    ];

    /// <summary>Reads the lines of a map; the error is a sentence about the first that cannot be.</summary>
    public static bool TryParse(
        string name, string description, IReadOnlyList<string> lines, [NotNullWhen(true)] out ScopeMap? map, [NotNullWhen(false)] out string? error)
    {
        map = null;
        error = null;
        if (lines.Count > MaxActions)
        {
            error = $"The scope map has {lines.Count} actions; it may have at most {MaxActions}: use wildcards, or several maps.";
            return false;
        }

        var actions = new List<ScopeMapAction>(lines.Count);
        foreach (var line in lines)
        {
            if (!ScopeMapAction.TryParse(line, out var action, out error)) return false;
            actions.Add(action);
        }

        map = new(name, description, actions);
        return true;
    }

    private static ScopeMap OfEverything(string name, string description, params string[] rights) =>
        TryParse(name, description, [.. rights.Select(right => $"repositories/*/{right}")], out var map, out var error)
            ? map
            : throw new InvalidOperationException(error);
}
