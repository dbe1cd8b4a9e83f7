namespace Berth.Metadata;

/// <summary>
/// Leases of work that is done once, whichever process does it: rows that end by the database's clock. Each has a fence, a number that grows with every holder: what a
/// holder writes is refused once another one has taken the lease over, however late its writes come.
/// </summary>
public interface ILeases
{
    /// <summary>Whether other processes may use the same database at the same time. Where none can, leases keep nobody out.</summary>
    bool AreShared { get; }

    /// <summary>Takes a lease that is free, or whose time is over, or renews the holder's own; null while somebody else has it.</summary>
    /// <param name="name">The lease's name; never a user's words.</param>
    /// <param name="holder">The process that asks.</param>
    /// <param name="duration">For how long, from now on by the database's clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Makes the lease last for this long from now on; false when somebody else has it.</summary>
    Task<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives the lease back, so that the next one need not wait for its end; nothing where somebody else has it.</summary>
    Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>The leases that somebody holds now, by their ends.</summary>
    ValueTask<IReadOnlyList<LeaseRecord>> ListLeasesAsync(int limit, CancellationToken cancellationToken);
}
