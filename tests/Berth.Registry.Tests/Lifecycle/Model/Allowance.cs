using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>
/// What may go from a repository: its tags, and its manifests that stand. The model says it the other way round: it begins with what is protected by itself, adds what that
/// needs and what belongs to it until nothing is added any more, and the rest may go.
/// </summary>
/// <param name="Tags">The tags.</param>
/// <param name="Manifests">The manifests.</param>
internal sealed record Allowance(HashSet<string> Tags, HashSet<Digest> Manifests)
{
    /// <summary>What keeps something from being deleted; archive-lock sets both.</summary>
    public const Locks AgainstDeletion = Locks.Delete | Locks.Write;

    /// <summary>The tags that are locked.</summary>
    public HashSet<string> LockedTags { get; init; } = [];

    /// <summary>The manifests that are locked; with a tag what it names is.</summary>
    public HashSet<Digest> LockedManifests { get; init; } = [];

    /// <summary>Nothing.</summary>
    public static readonly Allowance Nothing = new([], []);

    /// <summary>What lifecycle rules may take.</summary>
    /// <param name="state">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="now">The time.</param>
    /// <param name="grace">What is younger stays.</param>
    /// <param name="isPlanned">Whether it was planned before, as what is there may have been other than it is; each thing is still looked at once more before it goes.</param>
    public static Allowance OfRules(RegistryState state, RepositoryState repository, IReadOnlyList<ModelRule> rules, DateTimeOffset now, TimeSpan grace, bool isPlanned)
    {
        var archived = rules.Where(rule => rule.Archives).SelectMany(rule => ArchivedBy(repository, rule, now)).ToHashSet();
        var kept = rules.Where(rule => rule is { Archives: true, Untagged: not null })
            .SelectMany(rule => repository.Live.Where(manifest => isPlanned || manifest.UntaggedSince <= now - rule.Untagged)).Select(manifest => manifest.Artifact.Digest);
        var allowed = OfDeletingRules(state, repository, [.. rules.Where(rule => !rule.Archives)], archived, now, grace, isPlanned);
        return allowed with { LockedTags = archived, LockedManifests = [.. archived.Select(tag => repository.Tags[tag].Digest), .. kept] };
    }

    private static Allowance OfDeletingRules(
        RegistryState state, RepositoryState repository, IReadOnlyList<ModelRule> rules, HashSet<string> archived, DateTimeOffset now, TimeSpan grace, bool isPlanned)
    {
        // What archive rules take, which come first, no other takes.
        var taken = rules.SelectMany(rule => TagsOf(state, repository, rule, now, grace, isPlanned).Where(tag => !archived.Contains(tag)).Select(tag => (rule.Deletes, Tag: tag))).ToList();
        var tags = taken.Select(one => one.Tag).ToHashSet();
        if (!rules.Any(rule => rule.Deletes)) return new Allowance(tags, []);

        // What was planned to go with its subject may go as well when that has gone in another way since.
        if (isPlanned) tags.UnionWith(repository.Tags.Where(tag => IsOrphan(repository, tag.Key) && (tag.Value.Locks & AgainstDeletion) == Locks.None).Select(tag => tag.Key));

        var candidates = taken.Where(one => one.Deletes).Select(one => repository.Tags[one.Tag].Digest).ToHashSet();
        var untagged = rules.Min(rule => rule.Untagged);
        candidates.UnionWith(repository.Live.Where(manifest => manifest.UntaggedSince <= now - untagged).Select(manifest => manifest.Artifact.Digest));
        var reached = Reach(candidates, digest => repository.Manifests[digest].Artifact.Children.Where(repository.IsLive).Concat(repository.ReferrersOf(repository.Manifests[digest].Artifact)));
        var kept = repository.Live.Where(manifest => (!isPlanned && !reached.Contains(manifest.Artifact.Digest)) || IsKeptByItself(state, repository, manifest, now, grace)
            || repository.TagsOf(manifest.Artifact.Digest).Any(tag => !tags.Contains(tag.Key) && repository.SubjectOf(tag.Key) is not { DeletedAt: null })
            || (!manifest.Artifact.Subject.IsDefault && repository.Manifests.TryGetValue(manifest.Artifact.Subject, out var subject) && subject.DeletedAt is not null));
        var protectedOnes = Reach(kept.Select(manifest => manifest.Artifact.Digest), digest => Needed(repository, digest).Concat(SubjectsOf(repository, digest)));
        var going = repository.Live.Select(manifest => manifest.Artifact.Digest).Where(digest => !protectedOnes.Contains(digest)).ToHashSet();
        tags.UnionWith(repository.Tags.Where(tag => going.Contains(tag.Value.Digest) && repository.SubjectOf(tag.Key) is { } of && going.Contains(of.Artifact.Digest)).Select(tag => tag.Key));
        return new Allowance(tags, going);
    }

    /// <summary>What the deletion of untagged manifests may take.</summary>
    public static Allowance OfUntagged(RegistryState state, RepositoryState repository, TimeSpan after, DateTimeOffset now, TimeSpan grace)
    {
        if (!state.DeletesUntagged) return Nothing;
        var candidates = repository.Live.Where(manifest => manifest.UntaggedSince <= now - after).Select(manifest => manifest.Artifact.Digest);
        var reached = Reach(candidates, digest => Needed(repository, digest));
        var kept = repository.Live.Where(manifest => !reached.Contains(manifest.Artifact.Digest) || IsKeptByItself(state, repository, manifest, now, grace)
            || repository.TagsOf(manifest.Artifact.Digest).Any()
            || (!manifest.Artifact.Subject.IsDefault && repository.Manifests.TryGetValue(manifest.Artifact.Subject, out var subject) && subject.DeletedAt is not null));
        var protectedOnes = Reach(kept.Select(manifest => manifest.Artifact.Digest), digest => Needed(repository, digest));
        return new Allowance([], [.. repository.Live.Select(manifest => manifest.Artifact.Digest).Where(digest => !protectedOnes.Contains(digest))]);
    }

    /// <summary>Whether a deleted manifest may go for good.</summary>
    public static bool OfDeleted(RegistryState state, RepositoryState repository, Stored manifest, TimeSpan after, DateTimeOffset now)
    {
        bool IsOver(Stored one) => one.DeletedAt <= now - after;
        return IsOver(manifest) && !state.IsInUse(repository, manifest.Artifact.Digest, now) && repository.Above(manifest.Artifact.Digest).All(above => IsOver(repository.Manifests[above]));
    }

    // Nothing that protects from deletion is asked for.
    private static IEnumerable<string> ArchivedBy(RepositoryState repository, ModelRule rule, DateTimeOffset now) =>
        repository.Tags.Where(tag => rule.Prefixes.Any(prefix => tag.Key.StartsWith(prefix, StringComparison.Ordinal)) && tag.Value.UpdatedAt <= now - rule.Age).Select(tag => tag.Key);

    private static IEnumerable<string> TagsOf(RegistryState state, RepositoryState repository, ModelRule rule, DateTimeOffset now, TimeSpan grace, bool isPlanned)
    {
        var releases = repository.Tags.Where(tag => tag.Key.StartsWith('v')).OrderByDescending(tag => tag.Value.UpdatedAt).ThenByDescending(tag => tag.Key, StringComparer.Ordinal)
            .Take(isPlanned ? 0 : rule.Releases).Select(tag => tag.Key).ToHashSet();
        foreach (var (name, tag) in repository.Tags)
        {
            var (manifest, since) = (repository.Manifests[tag.Digest], tag.UpdatedAt);
            if (!rule.Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) || since > now - rule.Age || since > now - grace) continue;
            if (((repository.Locks | manifest.Locks | tag.Locks) & AgainstDeletion) != Locks.None || releases.Contains(name) || state.IsWriteOnce(name)) continue;
            if (state.IsQuarantined(repository, tag.Digest, now) || state.IsInUse(repository, tag.Digest, now) || repository.SubjectOf(name) is not null) continue;
            yield return name;
        }
    }

    private static bool IsOrphan(RepositoryState repository, string tag) => tag.EndsWith(".sig", StringComparison.Ordinal) && repository.SubjectOf(tag) is null;

    private static bool IsKeptByItself(RegistryState state, RepositoryState repository, Stored manifest, DateTimeOffset now, TimeSpan grace)
    {
        var digest = manifest.Artifact.Digest;
        return ((repository.Locks | manifest.Locks | repository.TagsOf(digest).Aggregate(Locks.None, (all, tag) => all | tag.Value.Locks)) & AgainstDeletion) != Locks.None
            || (manifest.PushedAt ?? manifest.CreatedAt) > now - grace
            || state.IsQuarantined(repository, digest, now)
            || state.IsInUse(repository, digest, now);
    }

    /// <summary>What a manifest that stays keeps: what it lists, and what refers to it.</summary>
    private static IEnumerable<Digest> Needed(RepositoryState repository, Digest digest)
    {
        var artifact = repository.Manifests[digest].Artifact;
        return artifact.Children.Where(repository.IsLive).Concat(repository.ReferrersOf(artifact));
    }

    /// <summary>What a manifest refers to, by its subject or by the names of its tags.</summary>
    private static IEnumerable<Digest> SubjectsOf(RepositoryState repository, Digest digest) =>
        repository.TagsOf(digest).Select(tag => repository.SubjectOf(tag.Key)?.Artifact.Digest ?? default).Append(repository.Manifests[digest].Artifact.Subject)
            .Where(subject => !subject.IsDefault && repository.IsLive(subject));

    private static HashSet<Digest> Reach(IEnumerable<Digest> from, Func<Digest, IEnumerable<Digest>> next)
    {
        var reached = new HashSet<Digest>();
        var waiting = new Queue<Digest>(from);
        while (waiting.TryDequeue(out var digest))
        {
            if (!reached.Add(digest)) continue;
            foreach (var further in next(digest)) waiting.Enqueue(further);
        }

        return reached;
    }
}
