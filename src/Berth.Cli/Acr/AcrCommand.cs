using System.CommandLine;

namespace Berth.Cli.Acr;

/// <summary><c>acr</c>: registries and what is in them.</summary>
internal static class AcrCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create()
    {
        var command = new Command("acr", "Registries and what is in them.") { CheckHealth(), RegistryLogin.Create() };
        foreach (var verb in RegistryCommands.All()) command.Add(verb);
        foreach (var noun in (Command[])[
            RepositoryCommands.Create(), ManifestCommands.Create(), AdminUserCommands.Create(), ScopeMapCommands.Create(), TokenCommands.Create(), NetworkRuleCommands.Create(),
            AccessCommands.Create(), PolicyCommands.Create()])
        {
            command.Add(noun);
        }

        return command;
    }

    private static Command CheckHealth()
    {
        var registry = new RegistryArguments("--name", "-n");
        var command = new Command("check-health", "Signs in to the registry's API and says whether it answers.");
        registry.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            await client.PingAsync(cancellationToken);
            await Console.Out.WriteLineAsync($"{client.Address} answers, and the credentials are good.");
        });
        return command;
    }
}
