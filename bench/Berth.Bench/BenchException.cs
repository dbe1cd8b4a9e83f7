namespace Berth.Bench;

/// <summary>The benchmark cannot go on: a server did not start, or answered something else than it should.</summary>
internal sealed class BenchException(string message) : Exception(message);
