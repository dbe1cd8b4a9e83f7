using Berth.Oci;

namespace Berth.Metadata;

/// <summary>
/// Limits of what registries and repositories hold. A hard one is kept in the transaction of whatever would exceed it; an upload reserves its bytes before it sends
/// them, in its own row, so that a reservation ends with its session. A soft one forbids nothing: that it was passed is recorded once.
/// </summary>
public interface IQuotas
{
    /// <summary>Sets the limits of a registry, or of a repository of it, whose row is made where it has none; false when there is no such registry.</summary>
    Task<bool> SetQuotaAsync(long registryId, RepositoryName? repository, QuotaLimits limits, Caller caller, CancellationToken cancellationToken);

    /// <summary>The repositories of a registry that have a limit, by name.</summary>
    ValueTask<Page<RepositoryUsage>> ListLimitedRepositoriesAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Reserves room for a session to grow: at least up to one offset, and up to a farther one as far as the quotas have room. The offset that it may grow to;
    /// null when the writer was fenced off.
    /// </summary>
    /// <exception cref="QuotaException">There is no room up to the nearer offset; what was reserved stays reserved.</exception>
    Task<long?> ReserveUploadAsync(string id, long epoch, long needed, long wanted, CancellationToken cancellationToken);

    /// <summary>Soft limits that were passed and of which nobody was told yet.</summary>
    ValueTask<IReadOnlyList<PassedSoftLimit>> ListPassedSoftLimitsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Remembers that somebody was told of these.</summary>
    Task MarkToldAsync(IReadOnlyList<PassedSoftLimit> passed, CancellationToken cancellationToken);
}
