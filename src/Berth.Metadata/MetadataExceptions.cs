namespace Berth.Metadata;

/// <summary>The metadata store does not answer, or too much waits for it. Answered with 503 and Retry-After.</summary>
public sealed class MetadataUnavailableException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The volume of the metadata has no room; nothing of the transaction stands. Answered with 507.</summary>
public sealed class MetadataFullException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>A lock forbids what a client asked for; nothing of it was done.</summary>
public sealed class LockedException(StandingLock standing) : Exception($"{standing.Repository} {standing.Reference} is locked ({standing.Lock}).")
{
    /// <summary>The lock that stands in the way.</summary>
    public StandingLock Standing { get; } = standing;
}

/// <summary>A quota has no room for what a client asked for; nothing of it was done.</summary>
public sealed class QuotaException(StandingQuota standing) : Exception($"The quota of {standing.Repository ?? standing.Registry} has no room for {standing.Wanted} bytes more.")
{
    /// <summary>The quota that stands in the way.</summary>
    public StandingQuota Standing { get; } = standing;
}

/// <summary>The metadata must not be served as it is (a newer schema, a changed migration, unsafe settings); the message is the one sentence that says why.</summary>
public sealed class MetadataStartException(string message) : Exception(message);

/// <summary>
/// What a change was to be made by does not stand, and nothing of it was done: a security epoch is not the one as of which the caller's right was found, or the caller's session is not as it must be. What it
/// is, is found out by looking anew.
/// </summary>
public sealed class EpochsMovedException() : Exception("What was known of the caller, or of its upload session, may have changed.");

/// <summary>Somebody else has taken over the lease that a job works under; nothing of the change was done.</summary>
public sealed class LeaseLostException(Lease lease) : Exception($"The lease '{lease.Name}' was taken over by another node.")
{
    /// <summary>The lease.</summary>
    public Lease Lease { get; } = lease;
}
