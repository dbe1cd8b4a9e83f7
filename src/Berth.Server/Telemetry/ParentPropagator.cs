using System.Diagnostics;

namespace Berth.Server.Telemetry;

/// <summary>
/// What is taken of a client's trace: the id of its span, as the parent of ours (W3C Trace Context), and nothing else. Baggage would be any number of texts that a
/// stranger chose; a state of the trace that is longer than the standard asks for is left out.
/// </summary>
internal sealed class ParentPropagator : DistributedContextPropagator
{
    // W3C Trace Context, 3.3.1.5: at least so many characters should be propagated.
    private const int MaxStateLength = 512;

    private readonly DistributedContextPropagator _w3c = CreateW3CPropagator();

    /// <inheritdoc/>
    public override IReadOnlyCollection<string> Fields { get; } = ["traceparent", "tracestate"];

    /// <inheritdoc/>
    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) => _w3c.Inject(activity, carrier, setter);

    /// <inheritdoc/>
    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        _w3c.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);
        if (traceState?.Length > MaxStateLength) traceState = null;
    }

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
