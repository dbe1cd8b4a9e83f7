using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>What a set of rules makes of what it is shown. It is data alone: it reads nothing, and remembers a few counts of each repository.</summary>
internal sealed class RuleEvaluation
{
    private readonly IReadOnlyList<CompiledRule> _rules;
    private readonly IReadOnlyList<CompiledRule> _keepers;

    /// <summary>Rules to be evaluated.</summary>
    /// <param name="rules">The rules; of several that take a thing the first one does.</param>
    /// <param name="others">Rules that are not evaluated and whose releases are kept.</param>
    /// <param name="grace">What is younger stays.</param>
    /// <param name="now">The time.</param>
    public RuleEvaluation(IEnumerable<LifecycleRule> rules, IEnumerable<LifecycleRule> others, TimeSpan grace, DateTimeOffset now)
    {
        _rules = [.. rules.Select(rule => new CompiledRule(rule))];
        var names = _rules.Select(rule => rule.Rule.Name).ToHashSet(StringComparer.Ordinal);
        _keepers = [.. _rules.Concat(others.Where(rule => !names.Contains(rule.Name)).Select(rule => new CompiledRule(rule))).Where(rule => rule.Rule.KeepReleases is not null)];
        (Grace, Now) = (grace, now);
    }

    /// <summary>What is younger stays.</summary>
    public TimeSpan Grace { get; }

    /// <summary>The time that ages are counted to.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>Whether a rule is about tags.</summary>
    public bool LooksAtTags => _rules.Any(rule => !rule.Rule.IsOfUntagged);

    /// <summary>The shortest time without a tag that a rule asks for; null when none is about untagged manifests.</summary>
    public TimeSpan? ShortestUntagged => _rules.Min(rule => rule.Rule.Conditions.UntaggedFor);

    /// <summary>The evaluation of a repository's tags, which are to be shown the newest first; null when no rule is about it.</summary>
    public RepositoryEvaluation? OfTags(string repository)
    {
        var rules = _rules.Where(rule => !rule.Rule.IsOfUntagged && rule.IsOf(repository)).ToList();
        return rules.Count == 0 ? null : new RepositoryEvaluation(rules, [.. _keepers.Where(rule => rule.IsOf(repository))], this);
    }

    /// <summary>The rule that takes a manifest that no tag names; null when none does.</summary>
    public LifecycleRule? JudgeUntagged(LifecycleCandidate manifest, DateTimeOffset? pulledAt)
    {
        foreach (var rule in _rules)
        {
            if (rule.Rule.Conditions.UntaggedFor is not { } time || manifest.UpdatedAt > Now - time) continue;
            if (!rule.IsOf(manifest.Repository) || !rule.Holds(manifest, manifest.PushedAt, pulledAt, Now)) continue;
            if (rule.Rule.Action != LifecycleAction.ArchiveLock || !CompiledRule.IsArchived(manifest)) return rule.Rule;
        }

        return null;
    }

    /// <summary>Whether a rule that may take the untagged manifest asks when it was last pulled.</summary>
    public bool AsksForPullOf(LifecycleCandidate manifest) => Asks(manifest, static rule => rule.Conditions.NotPulledFor is not null);

    /// <summary>Whether a rule that may take the untagged manifest asks for its architecture.</summary>
    public bool AsksForArchitectureOf(LifecycleCandidate manifest) => Asks(manifest, static rule => rule.Conditions.Architectures.Count > 0);

    private bool Asks(LifecycleCandidate manifest, Func<LifecycleRule, bool> asks) =>
        _rules.Any(rule => rule.Rule.IsOfUntagged && asks(rule.Rule) && rule.IsOf(manifest.Repository));
}

/// <summary>The evaluation of one repository's tags.</summary>
internal sealed class RepositoryEvaluation
{
    private readonly IReadOnlyList<CompiledRule> _rules;
    private readonly IReadOnlyList<CompiledRule> _keepers;
    private readonly RuleEvaluation _evaluation;
    private readonly List<CompiledRule> _askForPulls;
    private readonly List<CompiledRule> _askForArchitectures;
    private readonly int[] _matched;
    private readonly int[] _spared;
    private readonly int[] _released;

    internal RepositoryEvaluation(IReadOnlyList<CompiledRule> rules, IReadOnlyList<CompiledRule> keepers, RuleEvaluation evaluation)
    {
        (_rules, _keepers, _evaluation) = (rules, keepers, evaluation);
        _askForPulls = [.. rules.Where(rule => rule.Rule.Conditions.NotPulledFor is not null)];
        _askForArchitectures = [.. rules.Where(rule => rule.Rule.Conditions.Architectures.Count > 0)];
        (_matched, _spared, _released) = (new int[rules.Count], new int[rules.Count], new int[keepers.Count]);
    }

    /// <summary>Whether a rule that may take the tag asks when it was last pulled.</summary>
    public bool AsksForPullOf(LifecycleCandidate tag) => _askForPulls.Exists(rule => rule.IsAbout(tag.Tag!));

    /// <summary>Whether a rule that may take the tag asks for its architecture.</summary>
    public bool AsksForArchitectureOf(LifecycleCandidate tag) => _askForArchitectures.Exists(rule => rule.IsAbout(tag.Tag!));

    /// <summary>What becomes of a tag; null where no rule would take it. Each tag is to be shown once, and the newest first.</summary>
    public Verdict? Judge(LifecycleCandidate tag, DateTimeOffset? pulledAt)
    {
        var isRelease = IsRelease(tag);
        Verdict? kept = null, taken = null;

        // Each rule counts on, whichever takes it.
        for (var i = 0; i < _rules.Count; i++)
        {
            var (compiled, rule) = (_rules[i], _rules[i].Rule);
            if (!compiled.IsAbout(tag.Tag!)) continue;
            var isNewest = ++_matched[i] <= rule.Conditions.KeepLast;
            if (!compiled.Holds(tag, tag.UpdatedAt, pulledAt, _evaluation.Now)) continue;
            if (rule.Action == LifecycleAction.ArchiveLock && CompiledRule.IsArchived(tag)) continue;
            if (isNewest || ++_spared[i] <= rule.Conditions.SpareNewest) kept ??= new Verdict(rule, LifecycleReason.KeepLast);
            else taken ??= new Verdict(rule, rule.Action == LifecycleAction.ArchiveLock ? LifecycleReason.None : FindProtection(tag, isRelease));
        }

        return taken ?? kept;
    }

    private bool IsRelease(LifecycleCandidate tag)
    {
        var isRelease = false;
        for (var i = 0; i < _keepers.Count; i++)
        {
            if (_keepers[i].IsRelease(tag.Tag!) && ++_released[i] <= _keepers[i].Rule.KeepReleases!.Count) isRelease = true;
        }

        return isRelease;
    }

    private LifecycleReason FindProtection(LifecycleCandidate tag, bool isRelease) =>
        (tag.Locks & CompiledRule.AgainstDeletion) != Locks.None ? LifecycleReason.Locked
        : isRelease ? LifecycleReason.Release
        : tag.IsQuarantined ? LifecycleReason.Quarantined
        : tag.UpdatedAt > _evaluation.Now - _evaluation.Grace ? LifecycleReason.YoungerThanGrace
        : LifecycleReason.None;
}

/// <summary>What becomes of a tag.</summary>
/// <param name="Rule">The rule that takes it, or would.</param>
/// <param name="Reason">Why it stays all the same.</param>
internal readonly record struct Verdict(LifecycleRule Rule, LifecycleReason Reason);

/// <summary>A rule with its patterns ready to match.</summary>
/// <param name="rule">The rule.</param>
internal sealed class CompiledRule(LifecycleRule rule)
{
    /// <summary>The locks that keep something from being deleted.</summary>
    public const Locks AgainstDeletion = Locks.Delete | Locks.Write;

    private readonly List<RulePattern> _repositories = PatternsOf(rule.Repositories, RulePattern.OfPath, rule.RepositoryRegex, expression => new RulePattern(expression, IsRegex: true));
    private readonly List<RulePattern> _tags = PatternsOf(rule.Tags, Glob, rule.TagRegex, RulePattern.OfPart);
    private readonly List<RulePattern> _types = [.. rule.Conditions.ArtifactTypes.Select(Glob)];
    private readonly List<RulePattern> _releases = [.. (rule.KeepReleases?.Tags ?? []).Select(Glob)];

    /// <summary>The rule.</summary>
    public LifecycleRule Rule => rule;

    /// <summary>Whether it is about the repository.</summary>
    public bool IsOf(string repository) => MatchesOne(_repositories, repository);

    /// <summary>Whether its patterns match the tag; all do where it has none.</summary>
    public bool IsAbout(string tag) => _tags.Count == 0 || MatchesOne(_tags, tag);

    /// <summary>Whether the tag is of the line whose last releases it keeps.</summary>
    public bool IsRelease(string tag) => MatchesOne(_releases, tag, inDoubt: true);

    /// <summary>Whether all conditions hold but those of patterns and counts.</summary>
    public bool Holds(LifecycleCandidate candidate, DateTimeOffset since, DateTimeOffset? pulledAt, DateTimeOffset now)
    {
        var conditions = rule.Conditions;
        if (conditions.OlderThan is { } age && since > now - age) return false;
        if (conditions.LargerThan is { } size && candidate.Size <= size) return false;
        if (conditions.ArtifactTypes.Count > 0 && (candidate.ArtifactType is not { } type || !MatchesOne(_types, type))) return false;
        if (conditions.Architectures.Count > 0 && (candidate.Architecture is not { } architecture || !conditions.Architectures.Contains(architecture))) return false;
        if (conditions.NotPulledFor is not { } unused) return true;

        // What was never pulled is unused since it came.
        var used = pulledAt > candidate.PushedAt ? pulledAt.Value : candidate.PushedAt;
        return (used > since ? used : since) <= now - unused;
    }

    /// <summary>Whether it is locked as the rule would lock it.</summary>
    public static bool IsArchived(LifecycleCandidate candidate) => (candidate.OwnLocks & AgainstDeletion) == AgainstDeletion;

    // Neither a tag nor a media type has a path: there a star may stand for anything.
    private static RulePattern Glob(string text) => new(text);

    private static List<RulePattern> PatternsOf(IEnumerable<string> globs, Func<string, RulePattern> glob, string? expression, Func<string, RulePattern> regex)
    {
        List<RulePattern> patterns = [.. globs.Select(glob)];
        if (expression is not null) patterns.Add(regex(expression));
        return patterns;
    }

    private static bool MatchesOne(List<RulePattern> patterns, string name, bool inDoubt = false)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(name, inDoubt)) return true;
        }

        return false;
    }
}
