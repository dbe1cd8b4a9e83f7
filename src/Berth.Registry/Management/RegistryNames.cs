using System.Text.RegularExpressions;

namespace Berth.Registry.Management;

/// <summary>Which names a registry may have.</summary>
internal static partial class RegistryNames
{
    // First labels of host names that mean something else.
    private static readonly string[] Reserved = ["arm", "login", "graph", "data", "portal", "owner"];

    /// <summary>Why a registry cannot have the name, which is in lower case; null when it can.</summary>
    public static string? FindFault(string name) =>
        !RegistryName().IsMatch(name) ? "A registry's name has 5 to 50 letters and digits, and nothing else."
        : Reserved.Contains(name) ? $"The name '{name}' is reserved; choose another."
        : null;

    [GeneratedRegex(@"^[a-z0-9]{5,50}\z", RegexOptions.CultureInvariant)]
    private static partial Regex RegistryName();
}
