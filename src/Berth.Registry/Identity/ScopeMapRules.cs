using Berth.Metadata;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>What a registry's scope maps may hold, and those that every registry has.</summary>
internal static class ScopeMapRules
{
    /// <summary>Why the actions are none of a scope map, in a sentence; null when they are.</summary>
    public static string? Check(IReadOnlyList<string> actions) => ScopeMap.TryParse("", "", actions, out _, out var error) ? null : error;

    /// <summary>Whether every registry has a scope map of the name, which nobody can change.</summary>
    public static bool IsSystemDefined(string name) => ScopeMap.SystemDefined.Any(map => map.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The scope maps that every registry has.</summary>
    public static IEnumerable<ScopeMapRecord> SystemDefinedOf(long registryId) => ScopeMap.SystemDefined.Select(
        map => new ScopeMapRecord(registryId, map.Name, map.Description, [.. map.Actions.Select(action => action.Text)], SystemDefined: true));
}
