namespace Berth.Registry.Network;

/// <summary>Marks a connection that came in at a private listener; the host sets it as a feature of the connection.</summary>
/// <param name="Registry">The registry whose listener that is.</param>
public sealed record PrivateArrival(string Registry);
