using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What keeps garbage collection from deleting.</summary>
/// <param name="PausedUntil">Until when somebody paused it; null when it is not paused.</param>
/// <param name="PausedBy">Who did.</param>
/// <param name="SuspendedUntil">Until when the deletion clock suspends it; null when it does not.</param>
public readonly record struct DeletionState(DateTimeOffset? PausedUntil, string? PausedBy, DateTimeOffset? SuspendedUntil);

/// <summary>What holds all deletion, and until when.</summary>
/// <param name="Until">Its end, as far as that is known.</param>
/// <param name="Reason">What it is.</param>
public readonly record struct DeletionHold(DateTimeOffset Until, DeletionHoldReason Reason);

/// <summary>Why nothing is deleted for a time.</summary>
public enum DeletionHoldReason
{
    /// <summary>Somebody paused it.</summary>
    Paused,

    /// <summary>The deletion clock stepped, or the metadata was restored or moved.</summary>
    Suspended,

    /// <summary>Nobody has looked at the deletion clock for so long that nobody knows.</summary>
    Unseen,
}

/// <summary>How much is due.</summary>
/// <param name="Memberships">Blobs of repositories that are to be looked at.</param>
/// <param name="Blobs">Blobs that no repository holds.</param>
/// <param name="Locations">Locations whose bytes are to be removed.</param>
/// <param name="Uploads">Upload sessions that expired, and those whose bytes are to be removed.</param>
/// <param name="Referrers">Referrers whose subject did not come.</param>
public readonly record struct GarbageQueues(int Memberships, int Blobs, int Locations, int Uploads, int Referrers)
{
    /// <summary>All together.</summary>
    public long Total => (long)Memberships + Blobs + Locations + Uploads + Referrers;
}

/// <summary>Something that is due.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Verdict">What would become of it now.</param>
/// <param name="DueSince">Since when it is due.</param>
public sealed record GarbageEntry(GarbageKind Kind, GarbageVerdict Verdict, DateTimeOffset DueSince)
{
    /// <summary>The registry's name; null where it belongs to none.</summary>
    public string? Registry { get; init; }

    /// <summary>The repository's name; null where it belongs to none.</summary>
    public string? Repository { get; init; }

    /// <summary>The blob or the referrer; default for a location, which no row names any more.</summary>
    public Digest Digest { get; init; }

    /// <summary>Its size in bytes; null where nobody knows it any more.</summary>
    public long? Size { get; init; }

    /// <summary>Since when its lease is over; null for what has none.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Where the bytes are; null for a membership, whose blob others may hold, and for a referrer.</summary>
    public string? Location { get; init; }

    /// <summary>What keeps a referrer.</summary>
    public LifecycleReason Keeper { get; init; }
}

/// <summary>What is due.</summary>
public enum GarbageKind
{
    /// <summary>A repository's right to a blob.</summary>
    Membership,

    /// <summary>A blob that no repository held when it was put there.</summary>
    Blob,

    /// <summary>Bytes that no row names any more.</summary>
    Location,

    /// <summary>A manifest that was pushed before what it refers to, which did not come.</summary>
    Referrer,
}

/// <summary>What becomes of something that is due.</summary>
public enum GarbageVerdict
{
    /// <summary>It is taken: no manifest names it and its lease is over, no repository holds it, or its bytes are discarded.</summary>
    Taken,

    /// <summary>It stays: a manifest names it.</summary>
    Named,

    /// <summary>It stays: its lease was extended.</summary>
    Leased,

    /// <summary>It stays for now: an upload to the repository makes progress.</summary>
    Busy,

    /// <summary>It stays: a repository holds it again.</summary>
    Held,

    /// <summary>It stays for now: something keeps the referrer.</summary>
    Kept,
}
