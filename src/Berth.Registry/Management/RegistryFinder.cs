using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Finds the registry that a call is about.</summary>
internal sealed class RegistryFinder(IInstallation installation)
{
    /// <summary>The registry in the path.</summary>
    /// <exception cref="ManagementException">There is none.</exception>
    public async ValueTask<RegistryRecord> FindAsync(ManagementRequest request) =>
        await TryFindAsync(request) ?? throw ManagementException.NotFound(ScopeText.Write(request.Scope));

    /// <summary>The registry in the path, or null.</summary>
    public async ValueTask<RegistryRecord?> TryFindAsync(ManagementRequest request)
    {
        var registry = await installation.FindRegistryAsync(request["registry"].ToLowerInvariant(), request.Aborted);
        return registry is not null && registry.Scope == request.Scope ? registry : null;
    }
}
