using System.Diagnostics.Metrics;

namespace Berth.Registry.Identity;

/// <summary>Metrics of who is let in, under the meter <c>Berth.Registry</c>.</summary>
public sealed class AccessMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _denied;
    private readonly Counter<long> _refused;
    private long _usageDropped;

    /// <summary>Makes the instruments.</summary>
    public AccessMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Berth.Registry");
        _denied = _meter.CreateCounter<long>("berth.access.denied", "{request}", "Requests to a registry without a good credential (`unauthorized`), without the right (`denied`), or from an address that its network rules do not let in (`network`), by reason.");
        _refused = _meter.CreateCounter<long>(
            "berth.authentication.failed", "{attempt}",
            "Sign-ins that failed, by reason: what was not good (`password`, `secret`, `assertion`, a grant), or `too many at once` for those that were not looked at.");
        _meter.CreateObservableCounter(
            "berth.access.usage.dropped", () => Volatile.Read(ref _usageDropped), "{record}",
            "Pulls and uses of credentials that were not recorded because too many different ones came at once.");
    }

    internal void Denied(string reason) => _denied.Add(1, new KeyValuePair<string, object?>("reason", reason));

    internal void SignInRefused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    internal void UsageDropped(long count) => Interlocked.Add(ref _usageDropped, count);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
