using Berth.Oci;

namespace Berth.Registry.Lifecycle;

/// <summary>The kinds of findings.</summary>
public enum FindingKind
{
    /// <summary>The metadata store itself is not sound.</summary>
    Metadata,

    /// <summary>Content does not have its digest, or is missing.</summary>
    Damaged,

    /// <summary>A manifest names content that is not there.</summary>
    Incomplete,

    /// <summary>Bytes without a row; harmless.</summary>
    Orphan,

    /// <summary>Something was put right.</summary>
    Repaired,
}

/// <summary>One finding.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="What">The digest, manifest or location it is about.</param>
/// <param name="Sentence">What is the matter with it.</param>
public readonly record struct Finding(FindingKind Kind, string What, string Sentence);

/// <summary>What verification looked at and found.</summary>
public sealed class VerificationResult
{
    private readonly int[] _found = new int[Enum.GetValues<FindingKind>().Length];

    /// <summary>Blobs looked at.</summary>
    public long Blobs { get; internal set; }

    /// <summary>Manifests looked at.</summary>
    public long Manifests { get; internal set; }

    /// <summary>Whether everything that is served is whole; orphans and repairs do not count.</summary>
    public bool IsSound => Count(FindingKind.Metadata) + Count(FindingKind.Damaged) + Count(FindingKind.Incomplete) == 0;

    /// <summary>How many findings of a kind there were.</summary>
    public int Count(FindingKind kind) => _found[(int)kind];

    /// <summary>Damaged blobs that a dry run left marked as live, so that their manifests are named all the same.</summary>
    internal HashSet<Digest> Unmarked { get; } = [];

    internal void Add(FindingKind kind) => _found[(int)kind]++;
}
