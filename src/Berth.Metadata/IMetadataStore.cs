namespace Berth.Metadata;

/// <summary>A metadata provider: all aggregates over one database. Each call that changes rows is one transaction, durable when it returns.</summary>
public interface IMetadataStore :
    IInstallation, IRegistries, IRegistryUsage, IUsage, IQuotas, IDeletedRegistries, IResourceLocks, IResourceTags, IPrincipals, IOutsideAccounts, ICredentials, IRoles, IRegistryTokens, IIssuerKeys, IGrants,
    IConsumers, INodes, ILeases, IUploads, IBlobs, IManifests, IRepositories, IArtifacts, ITagRules, IQuarantine, IDeletedContent, IExpiry, IWorkloads, IGarbage, IGarbageControl, ILedger, ILedgerReaders,
    ILifecycleRules, ILifecyclePlans, ILifecycleCandidates,
    IAccessEvents, ISigningKeys, IMaintenance, IAsyncDisposable
{
    /// <summary>Whether the database answers; for the readiness probe.</summary>
    ValueTask<bool> IsHealthyAsync(CancellationToken cancellationToken);
}
