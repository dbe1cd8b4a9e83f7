using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>What an operator says about what goes: in which repositories, which tags or untagged manifests, under which conditions, and what is done with it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Action">What is done with what it takes.</param>
internal sealed record LifecycleRule(string Name, LifecycleAction Action)
{
    /// <summary>What it is for, or null.</summary>
    public string? Description { get; init; }

    /// <summary>Whether its schedule is in force, and its releases are kept from other rules, too.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>When it runs by itself, as a cron expression in UTC; null for never.</summary>
    public string? Schedule { get; init; }

    /// <summary>Patterns of repositories; one that matches is enough.</summary>
    public IReadOnlyList<string> Repositories { get; init; } = [];

    /// <summary>A regular expression for whole names of repositories; null for none.</summary>
    public string? RepositoryRegex { get; init; }

    /// <summary>Patterns of tags; one that matches is enough, and none is for all.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>A regular expression that is looked for in tags; null for none.</summary>
    public string? TagRegex { get; init; }

    /// <summary>What must be so.</summary>
    public RuleConditions Conditions { get; init; } = new();

    /// <summary>Releases that it keeps, from other rules, too; null for none.</summary>
    public ReleaseLine? KeepReleases { get; init; }

    /// <summary>Whether it is about manifests that no tag names; else about tags.</summary>
    public bool IsOfUntagged => Conditions.UntaggedFor is not null;
}

/// <summary>What must be so of everything that a rule takes: all of it.</summary>
internal sealed record RuleConditions
{
    /// <summary>For how long the tag has named what it names, or since when an untagged manifest was pushed; null for any time.</summary>
    public TimeSpan? OlderThan { get; init; }

    /// <summary>For how long no tag has named the manifest; null for a rule about tags.</summary>
    public TimeSpan? UntaggedFor { get; init; }

    /// <summary>For how long it was not pulled, itself or what it lists; null for any time.</summary>
    public TimeSpan? NotPulledFor { get; init; }

    /// <summary>Of the tags of a repository that the patterns match, so many of the newest stay.</summary>
    public int KeepLast { get; init; }

    /// <summary>Of the tags of a repository that the rule would take, so many of the newest stay.</summary>
    public int SpareNewest { get; init; }

    /// <summary>Patterns of artifact types, or of configs' media types; none for all.</summary>
    public IReadOnlyList<string> ArtifactTypes { get; init; } = [];

    /// <summary>Architectures as configs name them; none for all.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>The size that the image must exceed, in bytes; null for any.</summary>
    public long? LargerThan { get; init; }
}

/// <summary>Releases to be kept: of a repository's tags that a pattern matches, so many of the newest.</summary>
/// <param name="Tags">Patterns of tags; one that matches is enough.</param>
/// <param name="Count">How many.</param>
internal sealed record ReleaseLine(IReadOnlyList<string> Tags, int Count);
