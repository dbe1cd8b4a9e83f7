namespace Berth.Registry;

/// <summary>The installation's names as clients see them; a port other than 443 is part of every one.</summary>
/// <param name="domain">The domain without a port.</param>
/// <param name="publicPort">The port that clients use for HTTPS; 0 for the one that the listener got.</param>
/// <param name="listenPort">The HTTPS listener's port as it is configured.</param>
public sealed class PublicNames(string domain, int publicPort, int listenPort)
{
    private const int HttpsPort = 443;

    private int _bound = listenPort;

    /// <summary>The domain without a port.</summary>
    public string Domain => domain;

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
            var port = publicPort != 0 ? publicPort : Volatile.Read(ref _bound);
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
