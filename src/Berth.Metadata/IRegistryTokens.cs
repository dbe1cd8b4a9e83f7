namespace Berth.Metadata;

/// <summary>Registries' tokens and the scope maps that say what they may do.</summary>
public interface IRegistryTokens
{
    /// <summary>
    /// A scope map, or null. Scope maps are named in any case, here and wherever one is named, and keep their names as they were first written; of several that differ in case alone the one that is
    /// written so is meant.
    /// </summary>
    ValueTask<ScopeMapRecord?> FindScopeMapAsync(long registryId, string name, CancellationToken cancellationToken);

    /// <summary>A registry's scope maps by name, after the given one.</summary>
    ValueTask<Page<ScopeMapRecord>> ListScopeMapsAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Makes a scope map or changes the one of its name; a change raises the registry's epoch.</summary>
    Task<CreateResult<ScopeMapRecord>> PutScopeMapAsync(ScopeMapRecord scopeMap, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Changes what is named of a scope map and leaves what is null, in one transaction, and raises the registry's epoch. <see cref="CreateOutcome.Unknown"/> when it is absent.
    /// </summary>
    Task<CreateResult<ScopeMapRecord>> UpdateScopeMapAsync(
        long registryId, string name, string? description, IReadOnlyList<string>? actions, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a scope map; held while a token has it.</summary>
    Task<DeleteOutcome> DeleteScopeMapAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// A token with its principal, its credentials and the actions of its scope map, or null. Its name is taken as it is written, which is how it signs in. One indexed read.
    /// </summary>
    ValueTask<RegistryTokenGrant?> FindTokenAsync(long registryId, string name, CancellationToken cancellationToken);

    /// <summary>
    /// The same by its name in any case, in which those that change it take it, too. It keeps its name as it was first written; of several that differ in case alone the one that is written so is
    /// meant.
    /// </summary>
    ValueTask<RegistryTokenGrant?> FindTokenInAnyCaseAsync(long registryId, string name, CancellationToken cancellationToken);

    /// <summary>A registry's tokens by name, after the given one.</summary>
    ValueTask<Page<RegistryTokenRecord>> ListTokensAsync(long registryId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a token with its principal, or changes scope map and state of the one of its name, which raises the principal's epoch.
    /// <see cref="CreateOutcome.Unknown"/> when the registry or the scope map is absent.
    /// </summary>
    Task<CreateResult<RegistryTokenRecord>> PutTokenAsync(
        long registryId, string name, string scopeMap, bool enabled, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Changes what is named of a token and gives it as it is then, all in one transaction; what may take rights away raises its principal's epoch.
    /// <see cref="CreateOutcome.Unknown"/>, and nothing changed, when the token or the scope map is absent.
    /// </summary>
    Task<CreateResult<RegistryTokenGrant>> UpdateTokenAsync(
        long registryId, string name, RegistryTokenChanges changes, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a token with its principal and credentials; false when it is absent.</summary>
    Task<bool> DeleteTokenAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken);
}
