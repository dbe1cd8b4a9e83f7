using System.Diagnostics;
using Berth.Metadata;
using Berth.Registry;
using Berth.Server.Configuration;
using Berth.Storage;

namespace Berth.Server.Telemetry;

/// <summary>Metrics for Prometheus, and metrics and traces for a collector when one is configured; nothing is loaded that is not used.</summary>
internal static class TelemetrySetup
{
    /// <summary>The meters whose instruments are published: the product's own, the web server's, the runtime's.</summary>
    public static readonly IReadOnlyList<string> Meters =
        ["Berth.Registry", "Berth.Metadata", "Berth.Storage", StorageMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>The sources whose spans are traced: a request and its steps, the rounds of the work in the background, and requests to others.</summary>
    public static readonly IReadOnlyList<string> Sources =
        ["Microsoft.AspNetCore", RegistryTracing.SourceName, MetadataTracing.SourceName, StorageTracing.SourceName, "System.Net.Http"];

    /// <summary>Adds what the options ask for.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        services.AddSingleton<DistributedContextPropagator>(new ParentPropagator());
        services.AddSingleton<StorageMetrics>();
        services.AddSingleton<MetricsAccess>();
        services.AddSingleton<MetricsEndpoint>();
        if (options.Metrics)
            services.AddSingleton(s => new MetricsCollector(Meters, s.GetRequiredService<TimeProvider>()));
        if (options.Otlp.Endpoint is not null)
            OtlpSetup.Add(services, options.Otlp);
        return services;
    }
}
