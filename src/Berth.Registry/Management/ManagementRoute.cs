using Berth.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Management;

/// <summary>One call of the control plane.</summary>
public sealed class ManagementRoute
{
    /// <summary>The action of a call that everybody may make who has any role anywhere.</summary>
    public const string AnyRole = "";

    private const string ScopePrefix = "{scope}";
    private const string Registry = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}";
    private const string Identity = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}";

    private static readonly Lazy<IReadOnlyList<ManagementRoute>> Table = new(() =>
    [
        .. SubscriptionEndpoints.Routes, .. ProviderEndpoints.Routes, .. ResourceEndpoints.Routes, .. ResourceGroupEndpoints.Routes, .. RegistryEndpoints.Routes,
        .. DeletedRegistryEndpoints.Routes, .. UsageEndpoints.Routes, .. AdminUserEndpoints.Routes, .. ScopeMapEndpoints.Routes, .. TokenResourceEndpoints.Routes,
        .. RoleDefinitionEndpoints.Routes, .. RoleAssignmentEndpoints.Routes, .. ManagedIdentityEndpoints.Routes, .. FederationEndpoints.Routes, .. ActivityEndpoints.Routes,
        .. NetworkDryRunEndpoints.Routes, .. PrivateLinkEndpoints.Routes, .. AbsentChildEndpoints.Routes, .. LockEndpoints.Routes,
        .. TagEndpoints.Routes,
    ]);

    private readonly string[] _segments;
    private readonly bool _atAnyScope;

    private ManagementRoute(string name, string method, string pattern, string action, bool lists, Func<IServiceProvider, ManagementRequest, Task> act)
    {
        (Name, Method, Pattern, Action, ListsWhatIsReadable, Act) = (name, method, pattern, action, lists, act);
        _atAnyScope = pattern.StartsWith(ScopePrefix, StringComparison.Ordinal);
        _segments = (_atAnyScope ? pattern[ScopePrefix.Length..] : pattern).Split('/', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Every call there is.</summary>
    public static IReadOnlyList<ManagementRoute> All => Table.Value;

    /// <summary>The name that metrics have.</summary>
    public string Name { get; }

    /// <summary>The HTTP method.</summary>
    public string Method { get; }

    /// <summary>The path: literals whatever their case, and names in braces; <c>{scope}</c> at the front is any resource's id.</summary>
    public string Pattern { get; }

    /// <summary>The action that the caller needs at the resource, in Azure's words; empty where any role will do.</summary>
    public string Action { get; }

    /// <summary>Whether it is a list that holds what the caller has the action on, and nothing else.</summary>
    public bool ListsWhatIsReadable { get; }

    /// <summary>The lowest level of a lock that forbids the call; null for one that changes nothing, or locks.</summary>
    internal ResourceLockLevel? ForbiddenBy =>
        Method is "GET" or "HEAD" || Action == AnyRole || Action.EndsWith("/read", StringComparison.Ordinal) || Action.StartsWith(LockEndpoints.Action, StringComparison.Ordinal)
            ? null
            : Method == "DELETE" || Action == DeletedRegistryEndpoints.Purge ? ResourceLockLevel.CanNotDelete : ResourceLockLevel.ReadOnly;

    internal Func<IServiceProvider, ManagementRequest, Task> Act { get; }

    /// <summary>A call, its path below the given beginning.</summary>
    internal static ManagementRoute Of<T>(string name, string method, string pattern, string action, Func<T, ManagementRequest, Task> act, bool lists = false)
        where T : notnull =>
        new(name, method, pattern, action, lists, (services, request) => act(services.GetRequiredService<T>(), request));

    /// <summary>A call on a registry or below it; the action stands below those of registries.</summary>
    internal static ManagementRoute OfRegistry<T>(string name, string method, string below, string action, Func<T, ManagementRequest, Task> act)
        where T : notnull => Of(name, method, Registry + below, "Microsoft.ContainerRegistry/registries/" + action, act);

    /// <summary>A call on a managed identity or below it; the action stands below those of managed identities.</summary>
    internal static ManagementRoute OfIdentity<T>(string name, string method, string below, string action, Func<T, ManagementRequest, Task> act)
        where T : notnull => Of(name, method, Identity + below, "Microsoft.ManagedIdentity/userAssignedIdentities/" + action, act);

    /// <summary>The names in the path, or null when the path is another.</summary>
    internal Dictionary<string, string>? Match(IReadOnlyList<string> path)
    {
        var before = path.Count - _segments.Length;
        if (before < 0 || (before > 0 && !_atAnyScope)) return null;

        // From the end, where paths differ first.
        for (var i = _segments.Length - 1; i >= 0; i--)
        {
            if (_segments[i][0] != '{' && !_segments[i].Equals(path[before + i], StringComparison.OrdinalIgnoreCase)) return null;
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < _segments.Length; i++)
        {
            if (_segments[i][0] == '{') values[_segments[i][1..^1]] = path[before + i];
        }

        if (_atAnyScope) values["scope"] = "/" + string.Join('/', path.Take(before));
        return values;
    }
}
