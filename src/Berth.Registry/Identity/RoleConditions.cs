using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>Says whether a text is the condition of a role assignment.</summary>
internal static class RoleConditions
{
    /// <summary>The only version of the language.</summary>
    public const string Version = RoleCondition.Version;

    /// <summary>Why the text is no condition, in a sentence that says where; null when it is one.</summary>
    public static string? Check(string text) => RoleCondition.TryParse(text, out _, out var error) ? null : error.ToString();
}
