using System.CommandLine;

namespace Berth.Cli.Ad;

/// <summary><c>ad</c>: the directory.</summary>
internal static class AdCommand
{
    /// <summary>The command with its nouns.</summary>
    public static Command Create() => new("ad", "People, groups and service principals.") { UserCommands.Create(), GroupCommands.Create(), ServicePrincipalCommands.Create() };
}
