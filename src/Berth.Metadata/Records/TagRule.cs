using Berth.Oci;

namespace Berth.Metadata;

/// <summary>A rule that makes tags write-once: one that it covers names the manifest that it was first given, and no other.</summary>
/// <param name="Name">Its name, unique in the registry.</param>
/// <param name="Repositories">A glob: the repositories that it is for.</param>
/// <param name="Tags">The tags that it is for.</param>
/// <param name="Exceptions">Globs: tags that it is not for after all.</param>
/// <param name="IsDeletable">Whether a tag that it covers may be removed; it may not be moved either way.</param>
public sealed record TagRule(string Name, RulePattern Repositories, RulePattern Tags, IReadOnlyList<RulePattern> Exceptions, bool IsDeletable)
{
    /// <summary>The most exceptions of one rule.</summary>
    public const int MostExceptions = 50;

    /// <summary>Whether the rule is for the tag.</summary>
    public bool Covers(RepositoryName repository, string tag)
    {
        if (!Repositories.Matches(repository.Value) || !Tags.Matches(tag)) return false;
        foreach (var exception in Exceptions)
        {
            if (exception.Matches(tag)) return false;
        }

        return true;
    }
}

/// <summary>A rule as the store has it.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Authorship">Who made and changed it, and when.</param>
public sealed record TagRuleRecord(TagRule Rule, Authorship Authorship);

/// <summary>What makes one tag write-once.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="IsDeletable">Whether the tag may be removed.</param>
public sealed record WriteOnce(string Rule, bool IsDeletable);
