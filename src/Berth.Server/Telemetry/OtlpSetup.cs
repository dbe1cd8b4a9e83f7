using Berth.Server.Configuration;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Berth.Server.Telemetry;

/// <summary>Sends metrics and traces to a collector. A class of its own, so that OpenTelemetry's assemblies are not loaded without one.</summary>
internal static class OtlpSetup
{
    /// <summary>Adds the exporters.</summary>
    public static void Add(IServiceCollection services, OtlpOptions options) => services.AddOpenTelemetry()
        .ConfigureResource(resource => resource.Clear().AddService("berth", serviceVersion: BerthVersion.Text, serviceInstanceId: Environment.MachineName))
        .WithMetrics(metrics => metrics.AddMeter([.. TelemetrySetup.Meters]).AddOtlpExporter(o => Configure(o, options, "v1/metrics")))
        .WithTracing(tracing => tracing
            .AddSource([.. TelemetrySetup.Sources])
            .SetSampler(Sampler(options.SampleRatio))
            .AddOtlpExporter(o => Configure(o, options, "v1/traces")));

    // Whoever asks must not choose how much is traced: a client's own choice counts within our share alone.
    private static ParentBasedSampler Sampler(double ratio)
    {
        var ours = new TraceIdRatioBasedSampler(ratio);
        return new ParentBasedSampler(ours, remoteParentSampled: ours);
    }

    // Over HTTP the exporter appends the signal's path only to an address that it found in the environment by itself.
    private static void Configure(OtlpExporterOptions exporter, OtlpOptions options, string path)
    {
        var grpc = options.Protocol == OtlpProtocol.Grpc;
        exporter.Endpoint = grpc ? options.Endpoint! : new Uri(options.Endpoint!.ToString().TrimEnd('/') + "/" + path);
        exporter.Protocol = grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
    }
}
