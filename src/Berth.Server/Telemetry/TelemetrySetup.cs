using Berth.Server.Configuration;

namespace Berth.Server.Telemetry;

/// <summary>Metrics for Prometheus, and metrics and traces for a collector when one is configured; nothing is loaded that is not used.</summary>
internal static class TelemetrySetup
{
    /// <summary>The meters whose instruments are published: the product's own, the web server's, the runtime's.</summary>
    public static readonly IReadOnlyList<string> Meters =
        ["Berth.Registry", "Berth.Metadata", "Berth.Storage", StorageMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>The sources whose spans are traced: one span a request, which the data plane names after its route.</summary>
    public static readonly IReadOnlyList<string> Sources = ["Microsoft.AspNetCore"];

    /// <summary>Adds what the options ask for.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        services.AddSingleton<StorageMetrics>();
        services.AddSingleton<MetricsAccess>();
        services.AddSingleton<MetricsEndpoint>();
        if (options.Metrics)
            services.AddSingleton(_ => new MetricsCollector(Meters));
        if (options.Otlp.Endpoint is not null)
            OtlpSetup.Add(services, options.Otlp);
        return services;
    }
}
