using System.CommandLine;

namespace Berth.Cli.Role;

/// <summary><c>role</c>: roles, and who has which where.</summary>
internal static class RoleCommand
{
    /// <summary>The command with its nouns.</summary>
    public static Command Create() => new("role", "Roles, and who has which where.") { AssignmentCommands.Create(), DefinitionCommands.Create() };
}
