using Berth.Server.Configuration;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Berth.Server.Telemetry;

/// <summary>Metrics for Prometheus, and metrics and traces for a collector when one is configured; nothing is loaded that is not used.</summary>
internal static class TelemetrySetup
{
    /// <summary>The meters whose instruments are published: the product's own, the web server's, the runtime's.</summary>
    public static readonly IReadOnlyList<string> Meters =
        ["Berth.Registry", "Berth.Metadata", "Berth.Storage", StorageMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>The sources whose spans are traced.</summary>
    public static readonly IReadOnlyList<string> Sources = ["Berth.Registry", "Berth.Metadata", "Berth.Storage", "Microsoft.AspNetCore"];

    /// <summary>Adds what the options ask for.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        services.AddSingleton<StorageMetrics>();
        services.AddSingleton<MetricsEndpoint>();
        var otlp = options.Otlp.Endpoint;
        if (!options.Metrics && otlp is null)
            return services;

        var telemetry = services.AddOpenTelemetry();
        telemetry.ConfigureResource(resource => resource.Clear().AddService("berth", serviceVersion: BerthVersion.Text, serviceInstanceId: Environment.MachineName));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter([.. Meters]);
            if (options.Metrics)
                metrics.AddPrometheusExporter();
            if (otlp is not null)
                metrics.AddOtlpExporter(o => Configure(o, options.Otlp));
        });
        if (otlp is not null)
        {
            telemetry.WithTracing(tracing => tracing
                .AddSource([.. Sources])
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.Otlp.SampleRatio)))
                .AddOtlpExporter(o => Configure(o, options.Otlp)));
        }

        return services;
    }

    private static void Configure(OtlpExporterOptions exporter, OtlpOptions options)
    {
        exporter.Endpoint = options.Endpoint!;
        exporter.Protocol = options.Protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
    }
}
