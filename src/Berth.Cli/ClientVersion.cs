using System.Reflection;

namespace Berth.Cli;

/// <summary>The client's version.</summary>
internal static class ClientVersion
{
    /// <summary>Such as 1.2.3.</summary>
    public static string Text => Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0.0.0";
}
