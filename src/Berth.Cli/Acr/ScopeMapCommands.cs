using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr scope-map</c>: what a registry's tokens may do.</summary>
internal static class ScopeMapCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("scope-map", "What a registry's tokens may do.") { CreateMap(), List(), Show(), Update(), Delete() };

    private static Command CreateMap()
    {
        var (name, description, repositories) = (Name(), Description(), RepositoryActions.Option("--repository", "What is allowed"));
        return RegistryResource.Command("create", "Makes a scope map.", Registry(), [name, repositories, description], (parsed, registry, cancellationToken) =>
        {
            var actions = RepositoryActions.Read(parsed, repositories);
            if (actions.Count == 0) throw new ArgumentException("Give --repository with a repository and its actions.");
            return registry.SendForResourceAsync(
                HttpMethod.Put, PathOf(parsed.GetValue(name)!), json => RepositoryActions.Write(json, actions, parsed.GetValue(description)), cancellationToken);
        });
    }

    private static Command List() => RegistryResource.Command("list", "Lists a registry's scope maps.", Registry(), [], (_, registry, cancellationToken) =>
        registry.ListAsync("/scopeMaps", cancellationToken));

    private static Command Show()
    {
        var name = Name();
        return RegistryResource.Command("show", "Shows a scope map.", Registry(), [name], (parsed, registry, cancellationToken) =>
            registry.SendForResourceAsync(HttpMethod.Get, PathOf(parsed.GetValue(name)!), null, cancellationToken));
    }

    private static Command Update()
    {
        var (name, description) = (Name(), Description());
        var (added, removed) = (RepositoryActions.Option("--add-repository", "What is allowed besides"), RepositoryActions.Option("--remove-repository", "What is allowed no more"));
        return RegistryResource.Command("update", "Changes a scope map.", Registry(), [name, added, removed, description], async (parsed, registry, cancellationToken) =>
        {
            var path = PathOf(parsed.GetValue(name)!);
            var (more, less) = (RepositoryActions.Read(parsed, added), RepositoryActions.Read(parsed, removed));
            var standing = (await registry.SendAsync(HttpMethod.Get, path, null, cancellationToken)).Flat();
            var actions = standing.GetProperty("actions").EnumerateArray().Select(action => action.GetString()!).Concat(more).Distinct().Except(less).ToList();
            return await registry.SendForResourceAsync(HttpMethod.Patch, path, json => RepositoryActions.Write(json, actions, parsed.GetValue(description)), cancellationToken);
        });
    }

    private static Command Delete()
    {
        var (name, yes) = (Name(), Confirmation.Option());
        return RegistryResource.Command("delete", "Deletes a scope map that no token has.", Registry(), [name, yes], (parsed, registry, cancellationToken) =>
        {
            Confirmation.Require($"Delete the scope map '{parsed.GetValue(name)}'?", parsed.GetValue(yes));
            return registry.SendAsync(HttpMethod.Delete, PathOf(parsed.GetValue(name)!), null, cancellationToken);
        });
    }

    /// <summary>The path of a scope map below its registry.</summary>
    public static string PathOf(string name) => $"/scopeMaps/{Uri.EscapeDataString(name)}";

    private static Option<string> Registry() => RegistryResource.NameOption("--registry", "-r");

    private static Option<string> Name() => ApiCommand.Required("The scope map's name.", "--name", "-n");

    private static Option<string?> Description() => ApiCommand.Optional("What it is for.", "--description");
}
