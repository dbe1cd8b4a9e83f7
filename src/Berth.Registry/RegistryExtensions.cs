using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Artifacts;
using Berth.Registry.Distribution;
using Berth.Registry.Events;
using Berth.Registry.Identity;
using Berth.Registry.Jobs;
using Berth.Registry.Lifecycle;
using Berth.Registry.Management;
using Berth.Registry.Network;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Berth.Registry;

/// <summary>
/// Wires the registry's features into a host that has registered an <c>IBlobStore</c>, an <see cref="IMetadataStore"/>, an
/// <see cref="IDeletionGate"/>, an <see cref="IDiagnosticSink"/> and its <see cref="PublicNames"/>.
/// </summary>
public static class RegistryExtensions
{
    /// <summary>Adds the features' services.</summary>
    public static IServiceCollection AddBerthRegistry(this IServiceCollection services, RegistryOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ISteps>(NoSteps.Instance);
        services.AddSingleton(options);
        services.AddSingleton(options.Distribution);
        services.AddSingleton(options.Identity);
        services.AddSingleton(options.Lifecycle);
        services.AddSingleton(options.Network);
        services.AddSingleton(options.Outbound);
        services.AddSingleton(options.RateLimits);
        services.AddSingleton(options.Admission);
        services.AddSingleton<IInstallation>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IUploads>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IBlobs>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IManifests>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IGarbage>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IAccessEvents>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<ISigningKeys>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IPrincipals>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IOutsideAccounts>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<ICredentials>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IRoles>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IRegistryTokens>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IIssuerKeys>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IGrants>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IConsumers>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IRegistries>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IRegistryUsage>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IDeletedRegistries>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IResourceLocks>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IResourceTags>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<ILedger>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<ILedgerReaders>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IRepositories>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IArtifacts>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IDeletedContent>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IExpiry>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<IMaintenance>(s => s.GetRequiredService<IMetadataStore>());
        services.AddSingleton<FeatureWiring>();
        services.AddSingleton<RegistryResolver>();
        services.AddSingleton<KnownSettings>();
        services.AddSingleton(s => new DataEndpointHosts(s.GetRequiredService<RegistryResolver>(), s.GetRequiredService<KnownSettings>(), options));
        return services.AddOutbound().AddFirewall().AddThrottling().AddDistribution().AddIdentity().AddFederation().AddOutsideAccounts().AddDirectory().AddEvidence().AddManagement().AddArtifacts()
            .AddJobs().AddLifecycle().AddLifecycleRules().AddUsage().AddTagRules().AddQuarantine().AddWorkloads().AddGarbageControl().AddDiagnostics(options.Diagnostics)
            .AddSingleton<IFeatureRoutes, ReferenceEndpoints>();
    }

    /// <summary>
    /// Adds the features' endpoints; early in the pipeline, because the data plane reads the raw request target. The features are made once
    /// the host listens, so that the sockets open before; a request that comes sooner waits for them.
    /// </summary>
    public static IApplicationBuilder UseBerthRegistry(this IApplicationBuilder app)
    {
        var wiring = app.ApplicationServices.GetRequiredService<FeatureWiring>();
        var lifetime = app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>();
        lifetime.ApplicationStarted.Register(() => _ = Task.Run(wiring.Complete));
        return app.Use(next => context =>
        {
            foreach (var feature in wiring.Features)
            {
                if (feature.TryHandle(context, out var handled)) return handled;
            }

            return next(context);
        });
    }

    private static IServiceCollection AddDistribution(this IServiceCollection services)
    {
        services.AddSingleton<Traffic>();
        services.AddSingleton<DistributionMetrics>();
        services.AddSingleton<PullMetrics>();
        services.AddSingleton<DamageReport>();
        services.AddSingleton<BlobSender>();
        services.AddSingleton<BlobService>();
        services.AddSingleton<BlobEndpoints>();
        services.AddSingleton<LinkKeys>();
        services.AddSingleton<DataLinks>();
        services.AddSingleton<StoreLinks>();
        services.AddSingleton<LinkChecks>();
        services.AddHostedService(s => s.GetRequiredService<LinkChecks>());
        services.AddSingleton<DataEndpoint>();
        services.AddSingleton<UploadAdmission>();
        services.AddSingleton<UploadTickets>();
        services.AddSingleton<UploadService>();
        services.AddSingleton<PromisedSessions>();
        services.AddSingleton<ReservedLocations>();
        services.AddSingleton<WholeUploads>();
        services.AddSingleton<MountService>();
        services.AddSingleton<UploadEndpoints>();
        services.AddSingleton<ReferrersIndex>();
        services.AddSingleton<ManifestService>();
        services.AddSingleton<ManifestEndpoints>();
        services.AddSingleton<ListEndpoints>();
        services.AddSingleton<IFeatureRoutes, DistributionEndpoints>();
        return services;
    }

    private static IServiceCollection AddArtifacts(this IServiceCollection services)
    {
        services.AddSingleton<RepositoryService>();
        services.AddSingleton<ManifestDescriber>();
        services.AddSingleton<ArtifactRepositoryEndpoints>();
        services.AddSingleton<ArtifactTagEndpoints>();
        services.AddSingleton<ArtifactManifestEndpoints>();
        services.AddSingleton<DeletedEndpoints>();
        services.AddSingleton<IFeatureRoutes, ArtifactEndpoints>();
        return services;
    }

    private static IServiceCollection AddManagement(this IServiceCollection services)
    {
        services.AddSingleton<ManagementMetrics>();
        services.AddSingleton<RegistryFinder>();
        services.AddSingleton<AttachmentCheck>();
        services.AddSingleton<RegistryUpdate>();
        services.AddSingleton<AssignmentPlaces>();
        services.AddSingleton<ActivityNames>();
        services.AddSingleton<SubscriptionEndpoints>();
        services.AddSingleton<ProviderEndpoints>();
        services.AddSingleton<ResourceEndpoints>();
        services.AddSingleton<ResourceGroupEndpoints>();
        services.AddSingleton<RegistryEndpoints>();
        services.AddSingleton<NetworkDryRunEndpoints>();
        services.AddSingleton<DeletedRegistryEndpoints>();
        services.AddSingleton<UsageEndpoints>();
        services.AddSingleton<AdminUserEndpoints>();
        services.AddSingleton<ScopeMapEndpoints>();
        services.AddSingleton<TokenResourceEndpoints>();
        services.AddSingleton<RoleDefinitionEndpoints>();
        services.AddSingleton<RoleAssignmentEndpoints>();
        services.AddSingleton<ManagedIdentityEndpoints>();
        services.AddSingleton<FederationEndpoints>();
        services.AddSingleton<ActivityEndpoints>();
        services.AddSingleton<LockEndpoints>();
        services.AddSingleton<TagEndpoints>();
        services.AddSingleton<PrivateLinkEndpoints>();
        services.AddSingleton<AbsentChildEndpoints>();
        services.AddSingleton<IFeatureRoutes, ManagementEndpoints>();
        return services;
    }

    private static IServiceCollection AddLifecycle(this IServiceCollection services)
    {
        services.AddSingleton<LifecycleMetrics>();
        services.AddSingleton<RegistryPurge>();
        services.AddSingleton<DeletionPolicies>();
        services.AddSingleton<GarbageCollector>();
        services.AddHostedService(s => s.GetRequiredService<GarbageCollector>());
        services.AddHostedService<Scrubber>();
        return services;
    }
}
