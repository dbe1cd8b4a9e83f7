using System.CommandLine;
using Berth.Cli.Evidence;
using Berth.Cli.Health;

namespace Berth.Cli.Acr;

/// <summary><c>acr</c>: registries and what is in them.</summary>
internal static class AcrCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create()
    {
        var command = new Command("acr", "Registries and what is in them.") { HealthCommand.Create(), RegistryLogin.Create(), EvidenceCommand.Create(), PurgeCommand.Create() };
        foreach (var verb in RegistryCommands.All()) command.Add(verb);
        foreach (var noun in (Command[])[
            RepositoryCommands.Create(), ManifestCommands.Create(), AdminUserCommands.Create(), ScopeMapCommands.Create(), TokenCommands.Create(), NetworkRuleCommands.Create(),
            IdentityCommands.Create(), AccessCommands.Create(), PolicyCommands.Create(), PrivateEndpointCommands.Create()])
        {
            command.Add(noun);
        }

        return command;
    }
}
