using System.Diagnostics.Metrics;

namespace Berth.Registry.Identity;

/// <summary>The metrics of sign-ins with the outside provider, under the meter <c>Berth.Registry</c>. Why one was refused stands in the log.</summary>
public sealed class OutsideAccountMetrics : IDisposable
{
    private readonly Meter _meter;
    private long _signedIn;
    private long _renewed;
    private long _refused;
    private long _unavailable;

    /// <summary>Makes the instruments.</summary>
    public OutsideAccountMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _meter.CreateObservableCounter("berth.outside.signed_in", () => Volatile.Read(ref _signedIn), "{sign_in}", "Sign-ins with the outside provider.");
        _meter.CreateObservableCounter("berth.outside.renewed", () => Volatile.Read(ref _renewed), "{sign_in}", "Renewals of such sign-ins.");
        _meter.CreateObservableCounter("berth.outside.refused", () => Volatile.Read(ref _refused), "{sign_in}", "Sign-ins and renewals that were refused, by the provider or here.");
        _meter.CreateObservableCounter("berth.outside.unavailable", () => Volatile.Read(ref _unavailable), "{sign_in}", "Sign-ins and renewals for which the provider could not be asked.");
    }

    internal void SignedIn() => Interlocked.Increment(ref _signedIn);

    internal void Renewed() => Interlocked.Increment(ref _renewed);

    internal void Refused() => Interlocked.Increment(ref _refused);

    internal void Unavailable() => Interlocked.Increment(ref _unavailable);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
