using System.CommandLine;
using Berth.Oci;

namespace Berth.Cli.Acr;

/// <summary><c>acr</c>: looks into a registry.</summary>
internal static class AcrCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("acr", "Looks into a registry.")
    {
        CheckHealth(),
        new Command("repository", "Repositories and their tags.") { ListRepositories(), ShowTags() },
        AccessCommands.Create(),
    };

    private static Command CheckHealth()
    {
        var registry = new RegistryArguments();
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

    private static Command ListRepositories()
    {
        var registry = new RegistryArguments();
        var output = new OutputOptions();
        var command = new Command("list", "Lists the repositories that you may see.");
        registry.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            await printer.WriteAsync(client.ListRepositoriesAsync(null, cancellationToken), cancellationToken);
        });
        return command;
    }

    private static Command ShowTags()
    {
        var registry = new RegistryArguments();
        var repository = new Option<string>("--repository") { Description = "The repository's name.", Required = true };
        var output = new OutputOptions();
        var command = new Command("show-tags", "Lists the tags of a repository.") { repository };
        registry.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = parsed.GetValue(repository)!;
            if (!RepositoryName.TryParse(text, out var name)) throw new ArgumentException($"'{text}' is not a repository name.");
            var printer = output.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            await printer.WriteAsync(client.ListTagsAsync(name, null, cancellationToken), cancellationToken);
        });
        return command;
    }
}
