using System.Diagnostics.Metrics;
using Berth.Server.Telemetry;

namespace Berth.Server.Tls;

/// <summary>When the certificate ends, under the meter <c>Berth.Server</c>.</summary>
internal sealed class CertificateMetrics : IDisposable
{
    private readonly Meter _meter;

    /// <summary>Makes the instrument.</summary>
    /// <param name="factory">Makes the meter.</param>
    /// <param name="end">When the certificate in use ends.</param>
    public CertificateMetrics(IMeterFactory factory, Func<DateTimeOffset> end)
    {
        _meter = factory.Create(StorageMetrics.MeterName);
        _meter.CreateObservableGauge(
            "berth.tls.certificate.expiry", () => end().ToUnixTimeSeconds(), "s", "When the certificate of the TLS listener ends, in seconds since 1970.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
