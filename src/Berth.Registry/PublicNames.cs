namespace Berth.Registry;

/// <summary>The installation's names as clients see them; a port other than 443 is part of every one.</summary>
/// <param name="domain">The domain without a port.</param>
/// <param name="publicPort">The port that clients use for HTTPS; 0 for the one that the listener got.</param>
/// <param name="listenPort">The HTTPS listener's port as it is configured.</param>
public sealed class PublicNames(string domain, int publicPort, int listenPort)
{
    /// <summary>The label below which the hosts of data endpoints are.</summary>
    public const string DataLabel = "data";

    private const int HttpsPort = 443;
    private const int LongestLabel = 63;

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

    /// <summary>The host, with its port, that a registry's blobs are read from where it has a dedicated data endpoint.</summary>
    public string DataEndpoint(string registry, string location) => DataEndpointHost(registry, location) + PortSuffix;

    /// <summary>The same without a port.</summary>
    public string DataEndpointHost(string registry, string location) => $"{registry}.{LocationLabel(location)}.{DataLabel}.{Domain}";

    /// <summary>A location as a label of a host name: letters, digits and hyphens between them, in lower case.</summary>
    public static string LocationLabel(string location)
    {
        var label = string.Concat(location.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-')).ToLowerInvariant().Trim('-');
        if (label.Length > LongestLabel) label = label[..LongestLabel].TrimEnd('-');
        return label.Length == 0 ? "global" : label;
    }

    /// <summary>Says which addresses the listeners got, when the system chose the port.</summary>
    public void SetBound(IEnumerable<string> addresses)
    {
        if (addresses.FirstOrDefault(a => a.StartsWith("https:", StringComparison.Ordinal)) is { } https)
            Volatile.Write(ref _bound, new Uri(https).Port);
    }
}
