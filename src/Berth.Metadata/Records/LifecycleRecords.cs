using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What a rule does with what it takes. The values are stored.</summary>
public enum LifecycleAction
{
    /// <summary>Tags are removed; what they named stays.</summary>
    Untag = 1,

    /// <summary>Tags are removed, and a manifest that no tag names then is deleted with what belongs to it alone.</summary>
    Delete = 2,

    /// <summary>Tags and manifests are locked against deletion and change.</summary>
    ArchiveLock = 3,
}

/// <summary>What an item of a plan is. The values are stored, and the items of a repository come in their order.</summary>
public enum LifecycleItemKind
{
    /// <summary>A manifest.</summary>
    Manifest = 1,

    /// <summary>A manifest that goes because what it belongs to goes.</summary>
    Dependent = 2,

    /// <summary>A tag.</summary>
    Tag = 3,
}

/// <summary>Why something stays that a rule would take. The values are stored.</summary>
public enum LifecycleReason
{
    /// <summary>Nothing keeps it.</summary>
    None = 0,

    /// <summary>It, what it names or its repository is locked against deletion or change.</summary>
    Locked = 1,

    /// <summary>It was pushed within the grace.</summary>
    YoungerThanGrace = 2,

    /// <summary>An index that stays lists it.</summary>
    ListedByKeptIndex = 3,

    /// <summary>It is a signature or another referrer of something that stays.</summary>
    ReferrerOfKept = 4,

    /// <summary>A referrer of it stays.</summary>
    SubjectOfKept = 5,

    /// <summary>A running workload reports it.</summary>
    InUse = 6,

    /// <summary>It is quarantined.</summary>
    Quarantined = 7,

    /// <summary>It is one of the last releases of a line that a rule keeps.</summary>
    Release = 8,

    /// <summary>It is one of the newest that the rule keeps.</summary>
    KeepLast = 9,

    /// <summary>It is not any more what it was when the plan was made.</summary>
    Changed = 10,

    /// <summary>Another tag names it.</summary>
    Tagged = 11,

    /// <summary>A rule makes the tag write-once and lets nobody remove it.</summary>
    WriteOnce = 12,

    /// <summary>A lock of the control plane, at the registry or above it, forbids deletion.</summary>
    ResourceLocked = 13,
}

/// <summary>The states of a plan. The values are stored; those from <see cref="Done"/> on are its end.</summary>
public enum LifecyclePlanState
{
    /// <summary>It waits for its turn; a run waits, too, for the end of what holds deletion, and is evaluated after that.</summary>
    Waiting = 0,

    /// <summary>Rules are evaluated.</summary>
    Evaluating = 1,

    /// <summary>What was found is done.</summary>
    Acting = 2,

    /// <summary>It is whole.</summary>
    Done = 3,

    /// <summary>It differed too much from its preview, and nothing was done, or nothing more.</summary>
    Stopped = 4,

    /// <summary>It could not be made.</summary>
    Failed = 5,
}

/// <summary>A rule of a registry.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Name">Its name.</param>
/// <param name="Body">The rule as JSON.</param>
/// <param name="IsEnabled">Whether its schedule is in force, and whether what it keeps is kept from other rules.</param>
/// <param name="NextAt">When it runs next by itself; null for never.</param>
public sealed record LifecycleRuleRecord(long RegistryId, string Name, string Body, bool IsEnabled, DateTimeOffset? NextAt)
{
    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who made it.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Who changed it last.</summary>
    public string UpdatedBy { get; init; } = "";
}

/// <summary>A plan to be made.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="IsRun">Whether what is found is done; else it is a preview.</param>
/// <param name="Rules">The rules as a JSON array.</param>
/// <param name="PreviewId">The preview that a run is measured by; null for none.</param>
/// <param name="MaxDifference">How far it may differ from that, in thousandths.</param>
/// <param name="Cause">Why it is made: <c>manual</c>, or <c>schedule</c>.</param>
public sealed record NewLifecyclePlan(long RegistryId, bool IsRun, string Rules, long? PreviewId, int MaxDifference, string Cause);

/// <summary>What rules would take at a moment, and, where it is a run, what came of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Plan">What was asked for.</param>
/// <param name="State">Its state.</param>
public sealed record LifecyclePlanRecord(long Id, NewLifecyclePlan Plan, LifecyclePlanState State)
{
    /// <summary>What there is to say about its end, or why it waits; null for nothing.</summary>
    public string? Message { get; init; }

    /// <summary>Tags that go, or are locked.</summary>
    public long Tags { get; init; }

    /// <summary>Manifests that go, or are locked.</summary>
    public long Manifests { get; init; }

    /// <summary>What a rule would take and something keeps.</summary>
    public long Kept { get; init; }

    /// <summary>The bytes that the registry's usage is less by once everything that goes is gone for good.</summary>
    public long Bytes { get; init; }

    /// <summary>Of a run: what goes and is not in its preview.</summary>
    public long Added { get; init; }

    /// <summary>Of a run: items done.</summary>
    public long Done { get; init; }

    /// <summary>Of a run: items that something kept at the last moment.</summary>
    public long Skipped { get; init; }

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who asked for it.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>When it was begun; null before.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What goes, or is locked, altogether.</summary>
    public long Taken => Tags + Manifests;
}

/// <summary>One thing that a rule takes, or would take.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The tag, or the digest's text.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Rule">The rule's name.</param>
/// <param name="Action">What is done with it.</param>
public sealed record LifecycleItem(string Repository, LifecycleItemKind Kind, string Name, Digest Digest, string Rule, LifecycleAction Action)
{
    /// <summary>Why it stays, or why it was skipped.</summary>
    public LifecycleReason Reason { get; init; }

    /// <summary>What keeps it, or what it goes with: a digest, a tag or a workload; null for nothing.</summary>
    public string? Holder { get; init; }

    /// <summary>The bytes that return with it.</summary>
    public long Bytes { get; init; }

    /// <summary>When the tag was last moved, or the manifest changed, in milliseconds since 1970.</summary>
    public long SeenAt { get; init; }

    /// <summary>Whether it was done; null while it was not tried.</summary>
    public bool? IsDone { get; init; }

    /// <summary>Whether it goes, or is locked; else something keeps it.</summary>
    public bool IsTaken { get; init; }

    /// <summary>Where a list goes on behind it.</summary>
    public LifecycleItemKey Key => new(Repository, Kind, Name);
}

/// <summary>The place of an item in a list of its plan.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The tag, or the digest's text.</param>
public sealed record LifecycleItemKey(string Repository, LifecycleItemKind Kind, string Name)
{
    /// <summary>Before every item.</summary>
    public static readonly LifecycleItemKey Start = new("", LifecycleItemKind.Manifest, "");
}

/// <summary>A tag, or a manifest that no tag names, with what rules look at.</summary>
/// <param name="Tag">The tag; null for a manifest without one.</param>
/// <param name="ManifestId">The manifest's row.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="UpdatedAt">When the tag was made or last moved; since when no tag names the manifest.</param>
public sealed record LifecycleCandidate(string? Tag, long ManifestId, Digest Digest, DateTimeOffset UpdatedAt)
{
    /// <summary>Its repository.</summary>
    public required string Repository { get; init; }

    /// <summary>The repository's row.</summary>
    public long RepositoryId { get; init; }

    /// <summary>The locks of it, of what it names and of its repository together.</summary>
    public Locks Locks { get; init; }

    /// <summary>The locks that it and what it names both have.</summary>
    public Locks OwnLocks { get; init; }

    /// <summary>When the manifest was pushed, as far as that is known.</summary>
    public DateTimeOffset PushedAt { get; init; }

    /// <summary>The image's size: config and layers as the descriptors have them, or the manifest's own.</summary>
    public long Size { get; init; }

    /// <summary>Its artifact type, with the config's media type as fallback; null when it has neither.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The architecture that its config names; null when there is none, or nobody looked yet.</summary>
    public string? Architecture { get; init; }

    /// <summary>Whether somebody looked into its config.</summary>
    public bool IsDescribed { get; init; }

    /// <summary>Whether it is quarantined.</summary>
    public bool IsQuarantined { get; init; }
}

/// <summary>A right to work on the plans of a registry, which ends when somebody else has it.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Fence">Grows with each that is given.</param>
public sealed record LifecycleLease(long RegistryId, long Fence);

/// <summary>What one step of a run did.</summary>
/// <param name="Done">Items done.</param>
/// <param name="Skipped">Items that something kept.</param>
/// <param name="Manifests">Manifests deleted.</param>
/// <param name="Restorable">Of these, those that can be restored.</param>
/// <param name="Next">Where the next step goes on; null at the end.</param>
/// <param name="Held">What holds all deletion, so that nothing was done; null when nothing does.</param>
public readonly record struct LifecycleStep(int Done, int Skipped, int Manifests, int Restorable, LifecycleItemKey? Next, DeletionHold? Held);
