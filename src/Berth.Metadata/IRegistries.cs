using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Registries and resource groups as resources, and who may pull without credentials.</summary>
public interface IRegistries
{
    /// <summary>A registry by row, or null.</summary>
    ValueTask<RegistryRecord?> FindRegistryByIdAsync(long id, CancellationToken cancellationToken);

    /// <summary>Registries of a subscription or a resource group, in the order of their scopes, after the given one.</summary>
    ValueTask<Page<RegistryRecord>> ListRegistriesAsync(ResourceScope scope, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// The identities of every registry whose scope is one of the two or between them, by the registry's row; one without any is left out. A registry's own is made, and
    /// deleted with all it has, by the registry's changes.
    /// </summary>
    ValueTask<IReadOnlyDictionary<long, RegistryIdentities>> ListRegistryIdentitiesAsync(ResourceScope first, ResourceScope last, CancellationToken cancellationToken);

    /// <summary>Makes a registry. <see cref="CreateOutcome.Unknown"/> when its resource group is absent.</summary>
    Task<CreateResult<RegistryRecord>> CreateRegistryAsync(NewRegistry registry, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a registry; null when it is absent. What may take rights away raises its epoch. A registry whose properties are not those that
    /// <see cref="RegistryChanges.Properties"/> began from is given back as it stands.
    /// </summary>
    Task<RegistryRecord?> UpdateRegistryAsync(long id, RegistryChanges changes, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Marks a registry as deleted: its name is free at once, also for its tokens, its epoch is 0, and role assignments at it and below are gone, as
    /// is its own identity; others are detached. Its content stays for a time, in which it can be recovered (<see cref="IDeletedRegistries"/>). False when it is absent.
    /// </summary>
    /// <exception cref="ResourceLockedException">A lock forbids it.</exception>
    Task<bool> DeleteRegistryAsync(long id, Caller caller, CancellationToken cancellationToken);

    /// <summary>A resource group, or null.</summary>
    ValueTask<ResourceGroupRecord?> FindResourceGroupAsync(string subscriptionId, string name, CancellationToken cancellationToken);

    /// <summary>A subscription's resource groups by name without regard to case, after the given one.</summary>
    ValueTask<Page<ResourceGroupRecord>> ListResourceGroupsAsync(string subscriptionId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Makes a resource group, or sets the tags of the one of its name, which stays where it is.</summary>
    Task<CreateResult<ResourceGroupRecord>> PutResourceGroupAsync(ResourceGroupRecord group, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a resource group with the role assignments at it; held while a registry or an identity is in it.</summary>
    /// <exception cref="ResourceLockedException">A lock there, above or below forbids it.</exception>
    Task<DeleteOutcome> DeleteResourceGroupAsync(string subscriptionId, string name, Caller caller, CancellationToken cancellationToken);

    /// <summary>Whether somebody without credentials may pull from a repository. One indexed read.</summary>
    ValueTask<AnonymousAccess> ReadAnonymousAccessAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken);

    /// <summary>Lets anyone pull from a repository, or no longer; raises the registry's epoch. False when the repository has no row.</summary>
    Task<bool> SetAnonymousPullAsync(long registryId, RepositoryName repository, bool enabled, Caller caller, CancellationToken cancellationToken);
}
