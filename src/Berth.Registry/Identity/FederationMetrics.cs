using System.Diagnostics.Metrics;

namespace Berth.Registry.Identity;

/// <summary>The metrics of other issuers' tokens, under the meter <c>Berth.Registry</c>. Why one was refused stands in the log.</summary>
public sealed class FederationMetrics : IDisposable
{
    private readonly Meter _meter;
    private long _accepted;
    private long _refused;

    /// <summary>Makes the instruments.</summary>
    public FederationMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _meter.CreateObservableCounter("berth.federation.accepted", () => Volatile.Read(ref _accepted), "{token}", "Tokens of other issuers that proved an identity.");
        _meter.CreateObservableCounter("berth.federation.refused", () => Volatile.Read(ref _refused), "{token}", "Tokens of other issuers that did not.");
    }

    internal void Accepted() => Interlocked.Increment(ref _accepted);

    internal void Refused() => Interlocked.Increment(ref _refused);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
