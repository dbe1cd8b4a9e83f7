using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What rules look at, in pages whose cost does not depend on how much there is, and what keeps a manifest whatever a rule says.</summary>
public interface ILifecycleCandidates
{
    /// <summary>Tags of a repository, the newest first; null when it holds no manifest.</summary>
    ValueTask<Page<LifecycleCandidate>?> ListTagCandidatesAsync(
        long registryId, RepositoryName repository, TimeKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>Manifests of a registry that no tag has named since a time or longer, the longest first. The key's name is a number.</summary>
    ValueTask<Page<LifecycleCandidate>> ListUntaggedCandidatesAsync(
        long registryId, DateTimeOffset until, TimeKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>When each manifest, or one that it lists, was pulled last as far as pulls are remembered; in the order of the candidates.</summary>
    ValueTask<IReadOnlyList<DateTimeOffset?>> ReadLastPullsAsync(IReadOnlyList<LifecycleCandidate> candidates, CancellationToken cancellationToken);

    /// <summary>Why each of these tags stays whatever else is decided: what it names is in use, or it is a signature of something that is there.</summary>
    ValueTask<IReadOnlyList<(LifecycleReason Reason, string? Holder)>> FindTagKeepersAsync(
        long registryId, IReadOnlyList<LifecycleCandidate> tags, CancellationToken cancellationToken);

    /// <summary>
    /// The items that come of tags which a plan takes for deletion: the manifests that no other tag names, each with what goes with it, or with what keeps it. The page
    /// ends with the tag to go on after.
    /// </summary>
    ValueTask<Page<LifecycleItem>> ResolveTaggedAsync(
        long registryId, long planId, RepositoryName repository, string? after, int limit, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>The items that come of manifests without a tag which a rule takes for deletion.</summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="planId">The plan.</param>
    /// <param name="chosen">Each with the rule's name.</param>
    /// <param name="grace">What was pushed within it stays.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    ValueTask<IReadOnlyList<LifecycleItem>> ResolveUntaggedAsync(
        long registryId, long planId, IReadOnlyList<(LifecycleCandidate Candidate, string Rule)> chosen, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>
    /// Manifests that a plan deletes, each with the bytes that the registry's usage is less by: its own, and those of the blobs that no manifest outside the plan names in
    /// its repository and that no other repository of the registry holds. A blob counts with the first manifest that names it.
    /// </summary>
    ValueTask<Page<LifecycleItem>> MeasureAsync(long registryId, long planId, LifecycleItemKey after, int limit, CancellationToken cancellationToken);
}
