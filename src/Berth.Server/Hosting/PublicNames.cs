using Berth.Server.Configuration;

namespace Berth.Server.Hosting;

/// <summary>The installation's names as clients see them; a port other than 443 is part of every one.</summary>
internal sealed class PublicNames(ServerOptions options)
{
    private const int HttpsPort = 443;

    private int _bound = options.Https.Listen.Kind == ListenKind.None ? HttpsPort : options.Https.Listen.Port;

    /// <summary>The domain without a port.</summary>
    public string Domain => options.Registry.Domain;

    /// <summary>The domain with its port where that is not 443.</summary>
    public string DomainWithPort => Domain + PortSuffix;

    /// <summary>The authority's address.</summary>
    public string LoginEndpoint => $"https://login.{DomainWithPort}";

    /// <summary>The control plane's address.</summary>
    public string ArmEndpoint => $"https://arm.{DomainWithPort}";

    /// <summary>The directory's address.</summary>
    public string GraphEndpoint => $"https://graph.{DomainWithPort}";

    private string PortSuffix
    {
        get
        {
            var port = options.Https.PublicPort != 0 ? options.Https.PublicPort : Volatile.Read(ref _bound);
            return port == HttpsPort ? "" : $":{port}";
        }
    }

    /// <summary>The host a registry is reached at.</summary>
    public string LoginServer(string registry) => $"{registry}.{DomainWithPort}";

    /// <summary>Says which addresses the listeners got, when the system chose the port.</summary>
    public void SetBound(IEnumerable<string> addresses)
    {
        if (addresses.FirstOrDefault(a => a.StartsWith("https:", StringComparison.Ordinal)) is { } https)
            Volatile.Write(ref _bound, new Uri(https).Port);
    }
}
