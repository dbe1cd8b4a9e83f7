using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>
/// Tells the hosts of dedicated data endpoints, <c>{registry}.{location}.data.{domain}</c>, from others, and finds the registry that one belongs to. Nothing is
/// at such a host but one registry's blobs.
/// </summary>
public sealed class DataEndpointHosts
{
    private readonly RegistryResolver _registries;
    private readonly KnownSettings _settings;
    private readonly string _suffix;

    internal DataEndpointHosts(RegistryResolver registries, KnownSettings settings, RegistryOptions options)
    {
        _registries = registries;
        _settings = settings;
        _suffix = $".{PublicNames.DataLabel}.{options.Domain}";
    }

    /// <summary>Whether a host is below the name that data endpoints are below, be there a registry or not.</summary>
    public bool AreAbove(ReadOnlySpan<char> host) => host.TrimEnd('.').EndsWith(_suffix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a host is the data endpoint of a registry that stands and has one.</summary>
    /// <exception cref="MetadataUnavailableException">It cannot be told at this moment.</exception>
    public async ValueTask<bool> ExistsAsync(string host, CancellationToken cancellationToken) => await FindAsync(host, cancellationToken) is not null;

    /// <summary>Whether a request is for a data endpoint.</summary>
    internal bool AreAbove(HttpRequest request)
    {
        var host = request.Headers.Host.ToString().AsSpan();
        var port = host.LastIndexOf(':');
        return AreAbove(port < 0 ? host : host[..port]);
    }

    /// <summary>The registry whose data endpoint a host is; null for any other.</summary>
    internal async ValueTask<RegistryRecord?> FindAsync(string host, CancellationToken cancellationToken)
    {
        if (!AreAbove(host)) return null;
        var labels = host.TrimEnd('.')[..^_suffix.Length].ToLowerInvariant();
        if (labels.Split('.') is not [var name, var location]) return null;
        var registry = await _registries.FindAsync(name, cancellationToken);
        return registry is not null && _settings.Of(registry).HasDataEndpoint && PublicNames.LocationLabel(registry.Location) == location ? registry : null;
    }
}
