using System.Reflection;

namespace Berth.Server;

/// <summary>The version of this build.</summary>
internal static class BerthVersion
{
    /// <summary>For people and headers, such as <c>0.1.0</c>.</summary>
    public static string Text { get; } =
        typeof(BerthVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";
}
