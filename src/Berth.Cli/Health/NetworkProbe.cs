using System.Net;
using System.Net.Sockets;
using Berth.Cli.Session;

namespace Berth.Cli.Health;

/// <summary>Whether the registry's name resolves, and whether something answers there.</summary>
internal static class NetworkProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>Asks for the addresses of its name.</summary>
    public static async Task<HealthCheck> ResolveAsync(Uri registry, CancellationToken cancellationToken)
    {
        const string name = "dns";
        var host = registry.DnsSafeHost;
        if (IPAddress.TryParse(host, out _)) return HealthCheck.Ok(name, $"{host} is an address");
        if (Wire.IsThisMachine(host)) return HealthCheck.Ok(name, $"{host} is this machine");
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).WaitAsync(Limit, cancellationToken);
            return HealthCheck.Ok(name, $"{host} is {string.Join(", ", addresses.Select(address => address.ToString()))}");
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return HealthCheck.Error(
                name, HealthCodes.Dns, $"{host} does not resolve: {e.Message}",
                "Check the spelling, the DNS of this machine, and in a private network its zone; ./berth acr list shows the registries there are.");
        }
    }

    /// <summary>Opens a connection, which is closed again.</summary>
    public static async Task<HealthCheck> ConnectAsync(Uri registry, CancellationToken cancellationToken)
    {
        const string name = "connection";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await using var stream = await Wire.OpenAsync(registry.DnsSafeHost, registry.Port, limit.Token);
            return HealthCheck.Ok(name, $"{registry.Authority} takes connections");
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var why = e is SocketException ? e.Message : FormattableString.Invariant($"no answer in {Limit.TotalSeconds:0} s");
            return HealthCheck.Error(
                name, HealthCodes.Connection, $"{registry.DnsSafeHost} port {registry.Port}: {why}",
                "Check that the server runs, its port, and the firewalls and proxies between here and there.");
        }
    }
}
