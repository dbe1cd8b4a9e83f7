using System.CommandLine;
using Berth.Cli.Acr;

namespace Berth.Cli.Ad;

/// <summary><c>ad</c>: the directory.</summary>
internal static class AdCommand
{
    /// <summary>The command with its nouns.</summary>
    public static Command Create() => new("ad", "People, groups and service principals.")
    {
        UserCommands.Create(), GroupCommands.Create(), ServicePrincipalCommands.Create(),
        AccessCommands.Events("logins", "Lists who got tokens of the authority, how, and from where.", null),
        AccessCommands.Events("denials", "Lists who was refused by the authority, the directory or the subscription, and why.", null),
    };
}
