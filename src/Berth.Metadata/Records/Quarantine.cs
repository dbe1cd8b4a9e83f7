using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What is known of content that was set apart: why, until when, and by whom.</summary>
/// <param name="State">Whether it is set apart, and what a scanner said of it.</param>
/// <param name="Reason">Why; null when nobody said.</param>
/// <param name="Until">When it ends by itself; null for never.</param>
public sealed record Quarantine(QuarantineState State, string? Reason, DateTimeOffset? Until)
{
    /// <summary>The longest reason, in characters.</summary>
    public const int MaxReason = 1_000;

    /// <summary>The longest details, in characters.</summary>
    public const int MaxDetails = 8_000;

    /// <summary>Whether the content is set apart, as long as its time is not over.</summary>
    public bool SetsApart => State != QuarantineState.Passed;

    /// <summary>What a scanner says in its own words; null when it says nothing.</summary>
    public string? Details { get; init; }

    /// <summary>The name of the principal that said so; the store's to say.</summary>
    public string By { get; init; } = "";

    /// <summary>When it was said; the store's to say.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>The state of content that is or was set apart. The names are stored.</summary>
public enum QuarantineState
{
    /// <summary>It is set apart.</summary>
    Quarantined,

    /// <summary>It is set apart, and a scanner refused it.</summary>
    Failed,

    /// <summary>It was looked at and is not set apart.</summary>
    Passed,
}

/// <summary>A repository that is set apart with all that it holds.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Quarantine">Why, until when and by whom.</param>
public sealed record QuarantinedRepository(RepositoryName Repository, Quarantine Quarantine);

/// <summary>A manifest that is set apart in every repository of a registry, whether or not it is there.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Quarantine">Why, until when and by whom.</param>
public sealed record QuarantinedDigest(Digest Digest, Quarantine Quarantine);

/// <summary>What sets content apart that was asked for.</summary>
/// <param name="Digest">The manifest or index that is set apart, which may be what lists or names the content; default when it is the repository.</param>
/// <param name="Quarantine">Why, until when and by whom.</param>
public sealed record SetApart(Digest Digest, Quarantine Quarantine);
