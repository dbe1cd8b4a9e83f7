using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;

namespace Berth.Cli.TagRules;

/// <summary><c>tag-rule</c>: the rules that make a registry's tags write-once, which Azure has no command for.</summary>
internal static class TagRuleCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("tag-rule", "Rules that make a registry's tags write-once.") { CreateRule(), List(), Show(), Delete() };

    private static Command CreateRule()
    {
        var name = Name();
        var repositories = ApiCommand.Optional("A glob: the repositories that the rule is for. All of them when it is not given.", "--repositories");
        var tags = ApiCommand.Optional("A glob: the tags that it is for, such as 'v*'.", "--tags");
        var regex = ApiCommand.Optional("The same as a regular expression, which the whole tag matches.", "--tags-regex");
        var exceptions = new Option<string[]>("--exceptions") { Description = "Globs: tags that the rule is not for after all.", AllowMultipleArgumentsPerToken = true };
        var deletable = ApiCommand.Switch("The tags may be removed; without it they may be neither moved nor removed.", "--deletable");
        return RegistryCommand.Create(
            "create", "Makes a rule, or changes the one of the name; it holds at once, for tags that stand as well.", Registry(), [name, repositories, tags, regex, exceptions, deletable],
            async (parsed, client, cancellationToken) =>
            {
                if (parsed.GetValue(tags) is null == parsed.GetValue(regex) is null) throw new ArgumentException("Say which tags are write-once: --tags, or --tags-regex.");
                var settings = Json.Make(json =>
                {
                    json.TextIfAny("repositories", parsed.GetValue(repositories));
                    json.TextIfAny("tags", parsed.GetValue(tags));
                    json.TextIfAny("tagsRegex", parsed.GetValue(regex));
                    json.WriteStartArray("exceptions"u8);
                    foreach (var exception in parsed.GetValue(exceptions) ?? []) json.WriteStringValue(exception);
                    json.WriteEndArray();
                    json.WriteBoolean("deletable"u8, parsed.GetValue(deletable));
                });
                return await client.PutTagRuleAsync(parsed.GetValue(name)!, settings, cancellationToken);
            },
            changes: true);
    }

    private static Command List() => RegistryCommand.Create("list", "Lists the rules.", Registry(), [], async (_, client, cancellationToken) =>
        Json.Array(await client.ListTagRulesAsync(cancellationToken)));

    private static Command Show()
    {
        var name = Name();
        return RegistryCommand.Create("show", "Shows a rule.", Registry(), [name], (parsed, client, cancellationToken) =>
            client.GetTagRuleAsync(parsed.GetValue(name)!, cancellationToken));
    }

    private static Command Delete()
    {
        var name = Name();
        return RegistryCommand.Create("delete", "Deletes a rule; its tags may be moved and removed again.", Registry(), [name], async (parsed, client, cancellationToken) =>
        {
            await client.DeleteTagRuleAsync(parsed.GetValue(name)!, cancellationToken);
            return default(JsonElement);
        });
    }

    private static RegistryArguments Registry() => new("--registry", "-r");

    private static Option<string> Name() => ApiCommand.Required("The rule's name.", "--name", "-n");
}
