using Berth.Oci;

namespace Berth.Metadata;

/// <summary>A repository in which something was deleted that can be restored.</summary>
/// <param name="Name">Its name.</param>
/// <param name="CreatedAt">When something was first pushed to it.</param>
/// <param name="DeletedAt">When something of it was deleted last.</param>
public sealed record DeletedRepository(string Name, DateTimeOffset CreatedAt, DateTimeOffset DeletedAt);

/// <summary>A deleted manifest that can be restored.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="CreatedAt">When it was first pushed.</param>
/// <param name="DeletedAt">When it was deleted.</param>
public sealed record DeletedManifest(Digest Digest, DateTimeOffset CreatedAt, DateTimeOffset DeletedAt);

/// <summary>A deleted tag that can be restored. One that was deleted several times has as many entries.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sequence">Orders the entries of one tag, the newest last.</param>
/// <param name="Digest">The manifest that it named.</param>
/// <param name="DeletedAt">When it was deleted.</param>
public sealed record DeletedTag(string Name, long Sequence, Digest Digest, DateTimeOffset DeletedAt);

/// <summary>A place in the list of deleted tags; the default is its start.</summary>
/// <param name="Name">The tag of the last entry.</param>
/// <param name="Sequence">Its place among the entries of the tag.</param>
public readonly record struct DeletedTagCursor(string? Name, long Sequence);

/// <summary>How a restoration ended.</summary>
/// <param name="Outcome">Whether it happened.</param>
/// <param name="Manifests">The manifests that stand again: the one that was asked for, what it lists and what refers to it.</param>
/// <param name="Tags">The tags that stand now and did not before: its own, and those by which signatures belong to what came back.</param>
/// <param name="Holder">What the tag names, when <see cref="RestoreOutcome.TagTaken"/>.</param>
public sealed record RestoreResult(RestoreOutcome Outcome, IReadOnlyList<Digest> Manifests, IReadOnlyList<string> Tags, Digest Holder = default)
{
    /// <summary>One that restored nothing.</summary>
    public static RestoreResult Refused(RestoreOutcome outcome, Digest holder = default) => new(outcome, [], [], holder);
}

/// <summary>The ways a restoration ends.</summary>
public enum RestoreOutcome
{
    /// <summary>It stands again.</summary>
    Restored,

    /// <summary>There is nothing deleted of this digest.</summary>
    Unknown,

    /// <summary>The tag names another manifest.</summary>
    TagTaken,

    /// <summary>More manifests than <see cref="IDeletedContent.MostRestored"/> would come back at once.</summary>
    TooMany,
}
