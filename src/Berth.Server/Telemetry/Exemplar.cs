using System.Diagnostics;

namespace Berth.Server.Telemetry;

/// <summary>One of the values that a bucket counts, with the trace in which it was measured.</summary>
/// <param name="Value">The value.</param>
/// <param name="TraceId">The trace.</param>
/// <param name="SpanId">The span.</param>
/// <param name="At">When.</param>
internal readonly record struct Exemplar(double Value, ActivityTraceId TraceId, ActivitySpanId SpanId, DateTimeOffset At);
