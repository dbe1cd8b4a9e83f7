namespace Berth.Registry.Network;

/// <summary>Marks a connection that came in at a private listener; the host sets it as a feature of the connection.</summary>
/// <param name="Registry">The registry whose listener that is.</param>
/// <param name="Connection">The name of the private endpoint's connection that the listener stands for.</param>
public sealed record PrivateArrival(string Registry, string Connection);
