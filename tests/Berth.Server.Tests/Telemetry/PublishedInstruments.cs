using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Berth.Metadata;
using Berth.Registry;
using Berth.Registry.Distribution;
using Berth.Registry.Events;
using Berth.Registry.Identity;
using Berth.Registry.Jobs;
using Berth.Registry.Lifecycle;
using Berth.Registry.Management;
using Berth.Registry.Throttling;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Berth.Server.Telemetry;
using Berth.Server.Tls;
using Berth.Storage.ObjectStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Server.Tests.Telemetry;

/// <summary>The product's own instruments, as its classes of metrics make them.</summary>
internal static class PublishedInstruments
{
    /// <summary>All of them.</summary>
    public static List<Instrument> All()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        var instruments = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Scope == factory || instrument.Meter.Name is MetadataMetrics.MeterName or ObjectStoreMetrics.MeterName) instruments.Add(instrument);
        };
        RuntimeHelpers.RunClassConstructor(typeof(MetadataMetrics).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(ObjectStoreMetrics).TypeHandle);
        listener.Start();
        using var distribution = new DistributionMetrics(factory, new Traffic());
        using var pulls = new PullMetrics(factory, TimeProvider.System);
        using var diagnostics = new DiagnosticMetrics(factory);
        using var access = new AccessMetrics(factory);
        using var management = new ManagementMetrics(factory);
        using var outside = new OutsideAccountMetrics(factory);
        using var federation = new FederationMetrics(factory);
        using var lifecycle = new LifecycleMetrics(factory);
        using var workloads = new WorkloadMetrics(factory);
        using var usage = new UsageMetrics(factory);
        using var throttle = new ThrottleMetrics(factory);
        using var rules = new RuleMetrics(factory);
        using var jobs = new JobMetrics(factory, new Node("test", TimeProvider.System));
        using var connections = new ConnectionLimit(new ServerOptions(), factory, TimeProvider.System, NullLogger<ConnectionLimit>.Instance);
        using var storage = new StorageMetrics(factory, null!, null!, TimeProvider.System); // nobody asks these for their values
        using var certificates = new CertificateMetrics(factory, () => DateTimeOffset.UnixEpoch);
        return instruments;
    }
}
