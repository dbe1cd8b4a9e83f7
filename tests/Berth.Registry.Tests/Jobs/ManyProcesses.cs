using Berth.Metadata;
using Berth.Registry.Jobs;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Jobs;

/// <summary>The leases of a host, as where other processes use the database, too.</summary>
internal sealed class ManyProcesses(ILeases leases) : ILeases
{
    public bool AreShared => true;

    /// <summary>What another process on the host's rows does its jobs by.</summary>
    public static SharedJobs NewNode(RegistryHost host) => new(
        new ManyProcesses(host.Metadata), new Node("0.0.0-test", host.Time), host.Time, host.Services.GetRequiredService<JobMetrics>(), NullLogger<SharedJobs>.Instance);

    public Task<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        leases.TakeLeaseAsync(name, holder, duration, cancellationToken);

    public Task<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => leases.RenewLeaseAsync(lease, duration, cancellationToken);

    public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) => leases.ReleaseLeaseAsync(lease, cancellationToken);

    public ValueTask<IReadOnlyList<LeaseRecord>> ListLeasesAsync(int limit, CancellationToken cancellationToken) => leases.ListLeasesAsync(limit, cancellationToken);
}
