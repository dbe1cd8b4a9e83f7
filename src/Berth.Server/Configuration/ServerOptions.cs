using Berth.Registry;

namespace Berth.Server.Configuration;

/// <summary>Every setting of the server: an immutable snapshot, validated whole before anything starts.</summary>
internal sealed record ServerOptions
{
    /// <summary>The data folder; relative to the folder the server is started in. Default <c>./data</c>.</summary>
    public string Data { get; init; } = "./data";

    /// <summary>The registry's features; their sections stand beside the server's own.</summary>
    [Inline]
    public RegistryOptions Registry { get; init; } = new();

    /// <summary>The plain listener.</summary>
    public HttpOptions Http { get; init; } = new();

    /// <summary>The TLS listener.</summary>
    public HttpsOptions Https { get; init; } = new();

    /// <summary>Connections.</summary>
    public ConnectionOptions Connections { get; init; } = new();

    /// <summary>Certificates.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>Where blobs' bytes live.</summary>
    public StorageOptions Storage { get; init; } = new();

    /// <summary>Where the rows live that say what exists.</summary>
    public MetadataOptions Metadata { get; init; } = new();

    /// <summary>Memory.</summary>
    public MemoryOptions Memory { get; init; } = new();

    /// <summary>How the server ends.</summary>
    public ShutdownOptions Shutdown { get; init; } = new();

    /// <summary>The server's own log.</summary>
    public LoggingOptions Logging { get; init; } = new();

    /// <summary>Metrics and traces.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();
}
