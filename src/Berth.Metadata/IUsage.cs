using Berth.Oci;

namespace Berth.Metadata;

/// <summary>How much of what registries and repositories hold. Every figure is kept as things come and go; only what is said of chosen manifests is worked out.</summary>
public interface IUsage
{
    /// <summary>The most manifests that one question may be about, those that come with the chosen ones included.</summary>
    const int MostManifests = 1_000;

    /// <summary>How many days samples of a registry's usage are kept.</summary>
    const int DaysOfHistory = 400;

    /// <summary>What a registry holds, and its quota; null for one that there is not. One read.</summary>
    ValueTask<UsageFigures?> ReadUsageAsync(long registryId, CancellationToken cancellationToken);

    /// <summary>What a repository holds, and its quota; null for one that holds nothing and is limited by nothing. One read.</summary>
    ValueTask<RepositoryUsage?> ReadRepositoryUsageAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>The repositories of a registry that hold most bytes, the largest first.</summary>
    ValueTask<IReadOnlyList<RepositoryUsage>> ListLargestRepositoriesAsync(long registryId, int limit, CancellationToken cancellationToken);

    /// <summary>The repositories of a registry that hold something, by name. A page that looked at ten times its entries ends with what it has.</summary>
    ValueTask<Page<RepositoryUsage>> ListRepositoryUsageAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>What the repositories of an owner hold together, for those owners who hold most, the largest first; the repositories without one are one of them.</summary>
    ValueTask<IReadOnlyList<OwnerUsage>> ListLargestOwnersAsync(long registryId, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// What the chosen manifests of a repository hold, and what their deletion would free. It costs what they name, whatever else is stored.
    /// </summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="chosen">The manifests.</param>
    /// <param name="withChildren">Whether what chosen indexes list is chosen, too, as far as no tag and no other index names it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<ImageUsageResult> ReadImageUsageAsync(
        long registryId, RepositoryName repository, IReadOnlyCollection<Digest> chosen, bool withChildren, CancellationToken cancellationToken);

    /// <summary>A registry's samples from a day on, the oldest first; one for each day on which the installation was served.</summary>
    ValueTask<IReadOnlyList<UsageSample>> ReadUsageHistoryAsync(long registryId, DateOnly from, CancellationToken cancellationToken);

    /// <summary>What a repository held, one sample for each day from the first that is known of; none for one that nobody knows of.</summary>
    /// <param name="registryId">The registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="from">The first day.</param>
    /// <param name="until">The last day.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<UsageSample>> ReadRepositoryHistoryAsync(
        long registryId, RepositoryName repository, DateOnly from, DateOnly until, CancellationToken cancellationToken);

    /// <summary>What the registries hold that stand, by row after the given one.</summary>
    ValueTask<IReadOnlyList<RegistryTotals>> ListRegistryTotalsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Remembers what registries hold on a day, unless that is remembered already, and forgets their samples from before another day.</summary>
    Task SampleUsageAsync(IReadOnlyList<RegistryTotals> registries, DateOnly day, DateOnly forgetBefore, CancellationToken cancellationToken);

    /// <summary>
    /// Remembers what repositories hold on a day, those among so many rows after the given one that hold something else than was remembered last, and forgets their samples from
    /// before another day. The result is the row to go on after; null at the end.
    /// </summary>
    Task<long?> SampleRepositoriesAsync(long after, int limit, DateOnly day, DateOnly forgetBefore, CancellationToken cancellationToken);
}
