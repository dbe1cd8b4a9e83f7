using System.Collections.Immutable;
using System.Globalization;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>What a registry holds and was told, in plain collections: what the model says it should be, or what was seen.</summary>
internal sealed record RegistryState
{
    /// <summary>The repositories by name, those that hold nothing included.</summary>
    public ImmutableSortedDictionary<string, RepositoryState> Repositories { get; init; } = ImmutableSortedDictionary.Create<string, RepositoryState>(StringComparer.Ordinal);

    /// <summary>What workloads report, by their names; what is over may be among it.</summary>
    public ImmutableSortedDictionary<string, Report> Reports { get; init; } = ImmutableSortedDictionary.Create<string, Report>(StringComparer.Ordinal);

    /// <summary>The manifests that are set apart, each until a time or for good; what is over may be among it.</summary>
    public ImmutableSortedDictionary<Digest, DateTimeOffset> Quarantined { get; init; } = ImmutableSortedDictionary<Digest, DateTimeOffset>.Empty;

    /// <summary>The manifests that somebody said of that they passed. Nobody sees that; what is pushed under the policy is not set apart then.</summary>
    public ImmutableHashSet<Digest> Passed { get; init; } = [];

    /// <summary>Whether what is pushed, and new to the registry, is set apart.</summary>
    public bool QuarantinesPushes { get; init; }

    /// <summary>The quotas of repositories by their names, and the registry's by none.</summary>
    public ImmutableSortedDictionary<string, QuotaLimits> Limits { get; init; } = ImmutableSortedDictionary.Create<string, QuotaLimits>(StringComparer.Ordinal);

    /// <summary>Whether deleted content can be restored.</summary>
    public bool KeepsDeleted { get; init; }

    /// <summary>Whether manifests are deleted that no tag has named for a while.</summary>
    public bool DeletesUntagged { get; init; }

    /// <summary>Whether release tags are write-once.</summary>
    public bool HasWriteOnce { get; init; }

    /// <summary>Whether a tag must be neither moved nor removed, by whomever.</summary>
    public bool IsWriteOnce(string tag) => HasWriteOnce && tag.StartsWith('v');

    /// <summary>Whether a manifest is set apart, by itself or with its repository.</summary>
    public bool IsQuarantined(RepositoryState repository, Digest digest, DateTimeOffset now) => repository.IsQuarantined || IsSetApart(digest, now);

    /// <summary>Whether a push of a manifest brings something that the registry does not have, and of which nobody has said anything.</summary>
    public bool IsNew(Digest digest, DateTimeOffset now) =>
        !Passed.Contains(digest) && !IsSetApart(digest, now) && !Repositories.Values.Any(repository => repository.IsLive(digest));

    /// <summary>Whether a workload reports a manifest, something that lists it, or something that it lists.</summary>
    public bool IsInUse(RepositoryState repository, Digest digest, DateTimeOffset now)
    {
        var used = Reports.Values.Where(report => report.Until > now && (report.Repository is null || report.Repository == repository.Name)).Select(report => report.Digest).ToHashSet();
        return used.Count > 0 && repository.Above(digest).Concat(repository.Below(digest)).Append(digest).Any(used.Contains);
    }

    /// <summary>The state in which what only a manifest sets apart is set apart by itself, as when that manifest goes: no other index lists it, and nobody said that it passed.</summary>
    public RegistryState WithSetApartBelow(string name, Digest digest, DateTimeOffset now)
    {
        if (!IsSetApart(digest, now)) return this;
        var (until, after) = (Quarantined[digest], this);
        foreach (var child in Repositories[name].Manifests[digest].Artifact.Children.Where(Repositories[name].IsLive))
        {
            if (Passed.Contains(child) || Repositories[name].ParentsOf(child).Any(parent => parent.DeletedAt is null && parent.Artifact.Digest != digest)) continue;
            if (Repositories.Values.Any(other => (other.Name == name || !other.IsQuarantined) && other.IsLive(child) && IsLedTo(other, child, now))) continue;
            var end = IsSetApart(child, now) && Quarantined[child] > until ? Quarantined[child] : until;
            after = after with { Quarantined = after.Quarantined.SetItem(child, end) };
        }

        return after;
    }

    /// <summary>The state with another repository in the place of the one of its name.</summary>
    public RegistryState With(RepositoryState repository) => this with { Repositories = Repositories.SetItem(repository.Name, repository) };

    /// <summary>All that can be seen of it, a line for each thing.</summary>
    public IEnumerable<string> Lines(DateTimeOffset now)
    {
        yield return $"keeps deleted: {KeepsDeleted}, deletes untagged: {DeletesUntagged}, write-once: {HasWriteOnce}, quarantines pushes: {QuarantinesPushes}";
        foreach (var (name, limits) in Limits) yield return $"the quota of '{name}' is {limits}";
        foreach (var (name, report) in Reports.Where(one => one.Value.Until > now)) yield return $"workload {name} uses {report.Repository}@{report.Digest} until {Text(report.Until)}";
        foreach (var (digest, until) in Quarantined.Where(one => one.Value > now)) yield return $"{digest} is set apart until {Text(until)}";
        foreach (var line in Repositories.Values.SelectMany(repository => repository.Lines())) yield return line;
    }

    internal static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("s", CultureInfo.InvariantCulture);

    private bool IsSetApart(Digest digest, DateTimeOffset now) => Quarantined.TryGetValue(digest, out var until) && until > now;

    /// <summary>Whether a tag leads to a manifest that stands, or an index that nothing lists, by nothing that is set apart; or nothing lists it itself.</summary>
    private bool IsLedTo(RepositoryState repository, Digest digest, DateTimeOffset now)
    {
        var parents = repository.ParentsOf(digest).Where(parent => parent.DeletedAt is null).Select(parent => parent.Artifact.Digest).ToList();
        return parents.Count == 0 || repository.TagsOf(digest).Any() || parents.Any(parent => !IsSetApart(parent, now) && IsLedTo(repository, parent, now));
    }
}

/// <summary>What a workload reports.</summary>
internal sealed record Report(Digest Digest, string? Repository, DateTimeOffset Until);

/// <summary>A repository.</summary>
internal sealed record RepositoryState(string Name)
{
    /// <summary>Its locks.</summary>
    public Locks Locks { get; init; }

    /// <summary>Whether it is set apart.</summary>
    public bool IsQuarantined { get; init; }

    /// <summary>The manifests that stand or can be restored.</summary>
    public ImmutableSortedDictionary<Digest, Stored> Manifests { get; init; } = ImmutableSortedDictionary<Digest, Stored>.Empty;

    /// <summary>The tags.</summary>
    public ImmutableSortedDictionary<string, Tagged> Tags { get; init; } = ImmutableSortedDictionary.Create<string, Tagged>(StringComparer.Ordinal);

    /// <summary>Tags that were deleted and can be restored.</summary>
    public ImmutableHashSet<DeletedName> DeletedTags { get; init; } = [];

    /// <summary>The manifests that stand.</summary>
    public IEnumerable<Stored> Live => Manifests.Values.Where(manifest => manifest.DeletedAt is null);

    /// <summary>Whether a manifest stands.</summary>
    public bool IsLive(Digest digest) => Manifests.TryGetValue(digest, out var manifest) && manifest.DeletedAt is null;

    /// <summary>The tags of a manifest.</summary>
    public IEnumerable<KeyValuePair<string, Tagged>> TagsOf(Digest digest) => Tags.Where(tag => tag.Value.Digest == digest);

    /// <summary>What lists a manifest, deleted or not.</summary>
    public IEnumerable<Stored> ParentsOf(Digest digest) => Manifests.Values.Where(manifest => manifest.Artifact.Children.Contains(digest));

    /// <summary>What lists a manifest at any depth, deleted or not.</summary>
    public IEnumerable<Digest> Above(Digest digest) => ParentsOf(digest).SelectMany(parent => Above(parent.Artifact.Digest).Prepend(parent.Artifact.Digest));

    /// <summary>What a manifest lists at any depth.</summary>
    public IEnumerable<Digest> Below(Digest digest) =>
        Manifests.TryGetValue(digest, out var manifest) ? manifest.Artifact.Children.SelectMany(child => Below(child).Prepend(child)) : [];

    /// <summary>What stands and refers to a manifest: by its subject, or by a signature's tag.</summary>
    public IEnumerable<Digest> ReferrersOf(Artifact artifact) =>
        Live.Where(manifest => manifest.Artifact.Subject == artifact.Digest).Select(manifest => manifest.Artifact.Digest)
            .Concat(Tags.TryGetValue(artifact.SignatureTag, out var signature) ? [signature.Digest] : []);

    /// <summary>The manifest that a tag belongs to by its name; null for an ordinary tag, or where there is none.</summary>
    public Stored? SubjectOf(string tag) => Manifests.Values.FirstOrDefault(manifest => manifest.Artifact.SignatureTag == tag);

    /// <summary>The repository with a manifest changed.</summary>
    public RepositoryState With(Stored manifest) => this with { Manifests = Manifests.SetItem(manifest.Artifact.Digest, manifest) };

    /// <summary>The repository without a tag. What it named may have none left, and waits from now on.</summary>
    public RepositoryState WithoutTag(string tag, bool isKept, DateTimeOffset now)
    {
        var digest = Tags[tag].Digest;
        var left = this with { Tags = Tags.Remove(tag), DeletedTags = isKept ? DeletedTags.Add(new DeletedName(tag, digest, now)) : DeletedTags };
        return left.TagsOf(digest).Any() ? left : left.With(left.Manifests[digest] with { UntaggedSince = now, PushedAt = null });
    }

    /// <summary>All that can be seen of it, a line for each thing.</summary>
    public IEnumerable<string> Lines()
    {
        if (Live.Any()) yield return $"{Name} is locked: {Locks}";
        if (IsQuarantined) yield return $"{Name} is set apart";
        foreach (var (digest, manifest) in Manifests)
        {
            yield return manifest.DeletedAt is { } at
                ? $"{Name}@{digest} was deleted {RegistryState.Text(at)}"
                : $"{Name}@{digest} came {RegistryState.Text(manifest.CreatedAt)}, locked: {manifest.Locks}";
        }

        foreach (var (name, tag) in Tags) yield return $"{Name}:{name} names {tag.Digest} since {RegistryState.Text(tag.UpdatedAt)}, locked: {tag.Locks}";
        foreach (var tag in DeletedTags.OrderBy(tag => (tag.Name, tag.Digest, tag.At))) yield return $"{Name}:{tag.Name} named {tag.Digest} until {RegistryState.Text(tag.At)}";
    }
}

/// <summary>A manifest of a repository.</summary>
internal sealed record Stored(Artifact Artifact, DateTimeOffset CreatedAt)
{
    /// <summary>What came earlier to its repository has a smaller one; of several indexes that list a manifest, the first goes first with the repository.</summary>
    public int Number { get; init; }

    /// <summary>Its own locks.</summary>
    public Locks Locks { get; init; }

    /// <summary>When it was deleted, so that it can be restored; null while it stands.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Since when it waits without a tag; null while one names it.</summary>
    public DateTimeOffset? UntaggedSince { get; init; }

    /// <summary>When it was pushed without a tag, or restored; null where a tag named it since.</summary>
    public DateTimeOffset? PushedAt { get; init; }
}

/// <summary>A tag.</summary>
internal sealed record Tagged(Digest Digest, DateTimeOffset UpdatedAt, Locks Locks);

/// <summary>A tag that was deleted.</summary>
internal readonly record struct DeletedName(string Name, Digest Digest, DateTimeOffset At);
