namespace Berth.Server.Configuration;

/// <summary>What private listeners must satisfy beside the others.</summary>
internal static class PrivateListenerValidation
{
    /// <summary>What is wrong, a sentence each; none when all is well.</summary>
    public static IEnumerable<string> Validate(ServerOptions options)
    {
        var listeners = options.Registry.Network.PrivateListeners;
        if (listeners.Count > 0 && options.Https.Listen.Kind == ListenKind.None)
            yield return "Network:PrivateListeners is set, but Https:Listen is none; private listeners speak HTTPS and use its certificate.";
        foreach (var twice in listeners.GroupBy(listener => listener.Address).Where(group => group.Count() > 1))
            yield return $"Network:PrivateListeners has '{twice.Key}' twice; allowed is one registry for an address and port.";
        foreach (var listener in listeners)
        {
            foreach (var (name, address) in new[] { ("Http:Listen", options.Http.Listen), ("Https:Listen", options.Https.Listen) })
            {
                if (Holds(address, listener.Address))
                    yield return $"Network:PrivateListeners has '{listener}', where {name} ('{address}') listens already; allowed is another address or port.";
            }
        }
    }

    private static bool Holds(ListenAddress address, System.Net.IPEndPoint end) => address.Port == end.Port && address.Kind switch
    {
        ListenKind.Any => true,
        ListenKind.Localhost => end.Address.Equals(System.Net.IPAddress.Loopback) || end.Address.Equals(System.Net.IPAddress.IPv6Loopback),
        ListenKind.Address => address.Address.Equals(end.Address),
        _ => false,
    };
}
