using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What clients must not do with a repository, a tag or a manifest. The values are stored.</summary>
[Flags]
public enum Locks
{
    /// <summary>Nothing is locked.</summary>
    None = 0,

    /// <summary>It must not be deleted.</summary>
    Delete = 1,

    /// <summary>It must not be changed, and so not be deleted either.</summary>
    Write = 2,

    /// <summary>It is left out of lists.</summary>
    List = 4,

    /// <summary>It must not be pulled.</summary>
    Read = 8,
}

/// <summary>Locks to be set and to be taken away; the others stay as they are.</summary>
/// <param name="Set">Those to be set.</param>
/// <param name="Clear">Those to be taken away.</param>
public readonly record struct LockChanges(Locks Set, Locks Clear)
{
    /// <summary>The locks as they are after the changes.</summary>
    public Locks Apply(Locks locks) => (locks & ~Clear) | Set;
}

/// <summary>A lock that stands in the way of what a client asked for.</summary>
/// <param name="Repository">The repository that is locked, or holds what is.</param>
/// <param name="Reference">The tag or the manifest that is locked; null when it is the repository.</param>
/// <param name="Lock">The one lock.</param>
public sealed record StandingLock(RepositoryName Repository, Reference? Reference, Locks Lock)
{
    /// <summary>What makes the tag write-once, where that is what stands in the way and no lock of its own.</summary>
    public WriteOnce? WriteOnce { get; init; }

    /// <summary>The manifest that a write-once tag names; default otherwise.</summary>
    public Digest Digest { get; init; }
}
