using System.ComponentModel.DataAnnotations;

namespace Berth.Server.Configuration;

/// <summary>Settings of memory.</summary>
internal sealed record MemoryOptions
{
    /// <summary>
    /// The size in bytes of the blocks that sockets receive into and send from; large ones cost less CPU for large blobs. An eighth of the memory, and at most 256 MiB, is used
    /// for them; whoever comes after that gets blocks of 16 KiB. Default 524,288 (measured: docs/decisions/0011-large-memory-blocks.md).
    /// </summary>
    [Range(4096, 1048576)]
    public int BlockSize { get; init; } = 512 * 1024;

    /// <summary>
    /// The most connections that may be open at once; more are closed at once. 0 for as many as half the memory has room for at 64 KiB each. Default 0.
    /// </summary>
    [Range(0, 10_000_000)]
    public int MaxConnections { get; init; }

    /// <summary>After how long without use blocks go back to the system. Default 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan TrimAfter { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Settings of the server's end.</summary>
internal sealed record ShutdownOptions
{
    /// <summary>
    /// For how long after SIGTERM requests are still taken, while <c>/healthz/ready</c> says no: long enough for a balancer to notice. The drain begins after it. Default 0
    /// seconds, for one node that nobody balances.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan Delay { get; init; }

    /// <summary>How long requests in flight may go on after SIGTERM. Default 30 seconds (the grace period of Kubernetes).</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Settings of the server's own log.</summary>
internal sealed record LoggingOptions
{
    /// <summary>The least severe level that is logged; Debug shows reads, too. Default Information.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>The form of the lines on stderr. Default Auto: text on a terminal, JSON elsewhere.</summary>
    public LogFormat Format { get; init; } = LogFormat.Auto;
}

/// <summary>The forms of log lines.</summary>
internal enum LogFormat
{
    /// <summary>Text on a terminal, JSON elsewhere.</summary>
    Auto,

    /// <summary>Lines for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

/// <summary>Settings of metrics and traces.</summary>
internal sealed record TelemetryOptions
{
    /// <summary>Whether <c>GET /metrics</c> answers in Prometheus' text format: callers on this machine, and users with the right to read metrics. Default true.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>Sending to a collector.</summary>
    public OtlpOptions Otlp { get; init; } = new();
}

/// <summary>Settings of the OpenTelemetry protocol's exporter.</summary>
internal sealed record OtlpOptions
{
    /// <summary>
    /// The collector's address, <c>http://host:4317</c>; metrics and traces are sent only when it is set. Over HTTP they go to <c>v1/metrics</c> and
    /// <c>v1/traces</c> below it.
    /// </summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The protocol. Default Grpc.</summary>
    public OtlpProtocol Protocol { get; init; } = OtlpProtocol.Grpc;

    /// <summary>Which part of the requests is traced, from 0 to 1. Default 1.</summary>
    [Range(0.0, 1.0)]
    public double SampleRatio { get; init; } = 1;
}

/// <summary>The transports of the OpenTelemetry protocol.</summary>
internal enum OtlpProtocol
{
    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>HTTP with protocol buffers.</summary>
    HttpProtobuf,
}
