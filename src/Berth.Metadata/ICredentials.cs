namespace Berth.Metadata;

/// <summary>What proves who a principal is, beside a person's password.</summary>
public interface ICredentials
{
    /// <summary>The most credentials of a principal: all of them are looked at by a sign-in.</summary>
    const int MostCredentials = 50;

    /// <summary>The most federated credentials of a principal.</summary>
    const int MostFederatedCredentials = 20;

    /// <summary>All credentials of a principal, expired ones too, by key id.</summary>
    ValueTask<IReadOnlyList<CredentialRecord>> ListCredentialsAsync(long principalId, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a credential, in the place of the one that has its slot; the replacement (<see cref="CreateOutcome.Updated"/>) raises the principal's epoch.
    /// <see cref="CreateOutcome.Exists"/> when the principal has one with its key id.
    /// </summary>
    Task<CreateOutcome> PutCredentialAsync(long principalId, CredentialRecord credential, Caller caller, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a credential that takes no other's place: <see cref="CreateOutcome.Exists"/> when the principal has one with its key id or in its slot.
    /// </summary>
    Task<CreateOutcome> AddCredentialAsync(long principalId, CredentialRecord credential, Caller caller, CancellationToken cancellationToken);

    /// <summary>Removes a credential and raises the principal's epoch; false when it is absent.</summary>
    Task<bool> RemoveCredentialAsync(long principalId, string keyId, Caller caller, CancellationToken cancellationToken);

    /// <summary>What is known about a person's password; null for a principal without one.</summary>
    ValueTask<PasswordRecord?> FindPasswordAsync(long principalId, CancellationToken cancellationToken);

    /// <summary>
    /// Records when credentials and passwords were used last, and from where. No mutation: it comes in batches, never on the path of a request.
    /// </summary>
    Task RecordCredentialUsesAsync(IReadOnlyCollection<CredentialUse> uses, CancellationToken cancellationToken);

    /// <summary>All federated credentials of a principal, by name.</summary>
    ValueTask<IReadOnlyList<FederatedCredentialRecord>> ListFederatedCredentialsAsync(long principalId, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a federated credential, or changes the one of its name, which raises the principal's epoch. <see cref="CreateOutcome.Exists"/> when another
    /// one of the principal has its issuer, its subject and one of its audiences.
    /// </summary>
    Task<CreateOutcome> PutFederatedCredentialAsync(
        long principalId, FederatedCredentialRecord credential, Caller caller, CancellationToken cancellationToken);

    /// <summary>Removes a federated credential and raises the principal's epoch; false when it is absent.</summary>
    Task<bool> RemoveFederatedCredentialAsync(long principalId, string name, Caller caller, CancellationToken cancellationToken);
}
