using System.Collections.Concurrent;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>
/// Finds the registry that a request's Host header means: <c>{registry}.{domain}</c>; a host outside the domain, and the domain itself,
/// mean the default registry. A registry's row is remembered for two seconds: then one that was deleted is gone, and one that has its name since is found.
/// Its epoch is read, or compared, with each request. What this process changes is forgotten at once.
/// </summary>
internal sealed class RegistryResolver(IInstallation installation, RegistryOptions options, TimeProvider time)
{
    private const int MaxRemembered = 1_000;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, (RegistryRecord Registry, long At)> _known = new(StringComparer.Ordinal);
    private readonly string _suffix = "." + options.Domain;
    private readonly Lock _lock = new();
    private long _forgotten;

    /// <summary>The registry, or null when the host names none that exists.</summary>
    public ValueTask<RegistryRecord?> ResolveAsync(HttpContext context)
    {
        var name = NameOf(HostOf(context.Request));
        return name is null ? ValueTask.FromResult<RegistryRecord?>(null) : FindAsync(name, context.RequestAborted);
    }

    /// <summary>The registry of a name in lower case, or null.</summary>
    public ValueTask<RegistryRecord?> FindAsync(string name, CancellationToken cancellationToken) =>
        _known.TryGetValue(name, out var known) && time.GetElapsedTime(known.At) < Memory
            ? ValueTask.FromResult<RegistryRecord?>(known.Registry)
            : ReadAsync(name, cancellationToken);

    /// <summary>Forgets a registry that was changed: the next request reads its row.</summary>
    public void Forget(string name)
    {
        lock (_lock)
        {
            _forgotten++;
            _known.TryRemove(name, out _);
        }
    }

    /// <summary>
    /// The Host header without its port, as it was sent: the framework's own way decodes internationalized names, and fails for one that is none.
    /// </summary>
    public static string HostOf(HttpRequest request)
    {
        var host = request.Headers.Host.ToString();
        var port = host.IndexOf(':', host.LastIndexOf(']') + 1);
        return port < 0 ? host : host[..port];
    }

    private async ValueTask<RegistryRecord?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var forgotten = Volatile.Read(ref _forgotten);
        var found = await installation.FindRegistryAsync(name, cancellationToken);
        lock (_lock)
        {
            // A row that was read before a change must not come back after it.
            if (found is null || forgotten != _forgotten) _known.TryRemove(name, out _);
            else if (_known.Count < MaxRemembered || _known.ContainsKey(name)) _known[name] = (found, time.GetTimestamp());
        }

        return found;
    }

    private string? NameOf(string host)
    {
        // A fully qualified name ends in a dot.
        if (host.EndsWith('.')) host = host[..^1];
        if (!host.EndsWith(_suffix, StringComparison.OrdinalIgnoreCase)) return options.DefaultRegistry;
        var name = host[..^_suffix.Length].ToLowerInvariant();
        return name.Contains('.') ? null : name;
    }
}
