using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What a workload reports of itself.</summary>
/// <param name="RegistryId">The registry that it pulls from.</param>
/// <param name="Name">Its name, which no other workload of the registry has.</param>
/// <param name="Images">What it uses; a digest that is there for several repositories counts in all of the registry's.</param>
/// <param name="TimeToLive">How long the report holds.</param>
public sealed record WorkloadReport(long RegistryId, string Name, IReadOnlyList<UsedImage> Images, TimeSpan TimeToLive)
{
    /// <summary>Where it runs; null when it does not say.</summary>
    public string? Cluster { get; init; }

    /// <summary>The part of the cluster that it runs in; null when it does not say.</summary>
    public string? Namespace { get; init; }

    /// <summary>Who answers for it; null when it does not say.</summary>
    public string? Owner { get; init; }
}

/// <summary>A digest in use.</summary>
/// <param name="Digest">The digest of an image, an index or another artifact; it need not be there yet.</param>
/// <param name="Repository">The repository that it counts in; null for all of the registry's.</param>
public readonly record struct UsedImage(Digest Digest, RepositoryName? Repository);

/// <summary>A workload as its last report has it.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Name">Its name.</param>
/// <param name="Cluster">Where it runs, or null.</param>
/// <param name="Namespace">The part of the cluster, or null.</param>
/// <param name="Owner">Who answers for it, or null.</param>
/// <param name="ReportedAt">When it reported last.</param>
/// <param name="ReportedBy">The principal that did.</param>
/// <param name="ExpiresAt">When the report ends.</param>
/// <param name="Digests">How many digests it uses.</param>
public sealed record WorkloadRecord(
    long Id, string Name, string? Cluster, string? Namespace, string? Owner, DateTimeOffset ReportedAt, string ReportedBy, DateTimeOffset ExpiresAt, long Digests);

/// <summary>A workload with what it uses.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Images">What it uses, by digest.</param>
public sealed record WorkloadDetails(WorkloadRecord Workload, IReadOnlyList<UsedImage> Images);

/// <summary>A workload whose report ended without another one.</summary>
/// <param name="Registry">The registry's name.</param>
/// <param name="Workload">The workload.</param>
public sealed record EndedWorkload(string Registry, WorkloadRecord Workload);
