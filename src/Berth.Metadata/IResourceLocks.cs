namespace Berth.Metadata;

/// <summary>Locks of resources against deletion and change. One has its effect at its resource and at all below.</summary>
public interface IResourceLocks
{
    /// <summary>The most locks of one resource.</summary>
    const int MostLocks = 20;

    /// <summary>The lock of a resource by its name, whatever its case, or null.</summary>
    ValueTask<ResourceLockRecord?> FindResourceLockAsync(ResourceScope scope, string name, CancellationToken cancellationToken);

    /// <summary>A lock of at least that level that has an effect at the scope, the widest first; null when there is none. One indexed read.</summary>
    ValueTask<ResourceLockRecord?> FindLockOverAsync(ResourceScope scope, ResourceLockLevel level, CancellationToken cancellationToken);

    /// <summary>Locks by scope and name, after the given key.</summary>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<ResourceLockRecord>> ListResourceLocksAsync(
        ResourceScope scope, ScopeReach reach, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a lock, or sets level and notes of the one of its name. <see cref="CreateOutcome.Unknown"/> when its resource is absent,
    /// <see cref="CreateOutcome.TooMany"/> when it has <see cref="MostLocks"/>.
    /// </summary>
    Task<CreateResult<ResourceLockRecord>> PutResourceLockAsync(ResourceLockRecord wanted, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a lock; null when it is absent.</summary>
    Task<ResourceLockRecord?> DeleteResourceLockAsync(ResourceScope scope, string name, Caller caller, CancellationToken cancellationToken);
}
