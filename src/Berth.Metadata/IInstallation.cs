namespace Berth.Metadata;

/// <summary>The installation itself: its identity, its registries, its principals.</summary>
public interface IInstallation
{
    /// <summary>The installation's row, or null before the first start.</summary>
    ValueTask<InstallationRecord?> FindInstallationAsync(CancellationToken cancellationToken);

    /// <summary>Makes the installation with its default registry, subscription and resource group, unless it stands already; returns what stands.</summary>
    Task<InstallationRecord> CreateInstallationAsync(InstallationRecord installation, string defaultRegistry, CancellationToken cancellationToken);

    /// <summary>A registry by name, or null.</summary>
    ValueTask<RegistryRecord?> FindRegistryAsync(string name, CancellationToken cancellationToken);

    /// <summary>A principal by user name, or null.</summary>
    ValueTask<PrincipalRecord?> FindPrincipalAsync(string name, CancellationToken cancellationToken);

    /// <summary>Makes a principal or sets its password; the epoch grows. The record's id, epoch and state are the store's to choose.</summary>
    Task<PrincipalRecord> SetPasswordAsync(string name, string passwordHash, Caller caller, CancellationToken cancellationToken);

    /// <summary>The current epochs that an answer to this principal in this registry depends on; never from a cache that a change would not reach.</summary>
    ValueTask<SecurityEpochs> ReadEpochsAsync(long principalId, long registryId, CancellationToken cancellationToken);
}
