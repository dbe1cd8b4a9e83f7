using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Deleted registries: kept for a time with all they hold, then deleted for good, step by step.</summary>
public interface IDeletedRegistries
{
    /// <summary>How many days a deleted registry can be recovered.</summary>
    const int KeptDays = 14;

    /// <summary>A deleted registry that can be recovered, by what it is known by, or null.</summary>
    ValueTask<DeletedRegistryRecord?> FindDeletedRegistryAsync(string key, CancellationToken cancellationToken);

    /// <summary>Deleted registries that can be recovered, the one that was made first in front, after the given key.</summary>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<DeletedRegistryRecord>> ListDeletedRegistriesAsync(string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Brings a registry back under a name, with its content, its settings, its scope maps and its accounts, which are enabled as they were; its own identity and role
    /// assignments are gone. <see cref="CreateOutcome.Exists"/> when another registry has the name, <see cref="CreateOutcome.Held"/> when its resource group is absent,
    /// <see cref="CreateOutcome.Unknown"/> when it cannot be recovered any more.
    /// </summary>
    Task<CreateResult<RegistryRecord>> RecoverRegistryAsync(long id, string name, Caller caller, CancellationToken cancellationToken);

    /// <summary>Begins to delete for good what a deleted registry holds: it cannot be recovered any more. False when there is none such.</summary>
    Task<bool> BeginPurgeAsync(long id, Caller caller, CancellationToken cancellationToken);

    /// <summary>Begins it for those whose time is over; returns how many.</summary>
    Task<int> BeginDuePurgesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>The rows of registries that are being deleted for good, in their order, after one; 0 for the first.</summary>
    ValueTask<IReadOnlyList<long>> ListPurgingAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Before a repository of a registry that is being deleted for good is deleted: takes away the locks of it and of what it holds, which were to keep content that
    /// stands. False when the registry is not being deleted.
    /// </summary>
    Task<bool> UnlockForPurgeAsync(long id, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>One step of it: some of the registry's accounts with their credentials, then some of its scope maps; false when none was left.</summary>
    Task<bool> PurgeAccountsStepAsync(long id, int limit, CancellationToken cancellationToken);

    /// <summary>Ends it; false while a repository of the registry holds a manifest, deleted or not.</summary>
    Task<bool> EndPurgeAsync(long id, CancellationToken cancellationToken);
}
