using Berth.Oci;

namespace Berth.Metadata;

/// <summary>A workload that stands in the way of a deletion.</summary>
/// <param name="Repository">The repository that holds what is in use.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Workload">The workload's name, or <see cref="Undecided"/>.</param>
/// <param name="Cluster">Where it runs, or null.</param>
/// <param name="Namespace">The part of the cluster, or null.</param>
/// <param name="Until">When its report ends; null where nobody can tell which it is.</param>
public sealed record StandingUse(RepositoryName Repository, Digest Digest, string Workload, string? Cluster, string? Namespace, DateTimeOffset? Until)
{
    /// <summary>What stands for the workload's name where a manifest is part of so many indexes that looking for one was given up; it then counts as in use.</summary>
    public const string Undecided = "(part of too many indexes to tell)";
}

/// <summary>A workload uses what a client asked to have deleted; nothing of it was done.</summary>
public sealed class InUseException(StandingUse standing) : Exception($"{standing.Repository}@{standing.Digest} is in use by '{standing.Workload}'.")
{
    /// <summary>What stands in the way.</summary>
    public StandingUse Standing { get; } = standing;
}
