using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Session;

namespace Berth.Cli.Lifecycle;

/// <summary><c>lifecycle rule</c>: the rules of a registry.</summary>
internal static class RuleCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("rule", "The lifecycle rules of a registry.") { Save(), List(), Show(), Delete() };

    private static Command Save()
    {
        var (registry, rule) = (Registry(), new RuleOptions());
        var name = Name();
        var schedule = ApiCommand.Optional("When it runs by itself: a cron expression of five fields in UTC, such as '0 3 * * *'.", "--schedule");
        var description = ApiCommand.Optional("What it is for.", "--description");
        var disabled = ApiCommand.Switch("It does not run by itself, and keeps no releases from other rules.", "--disabled");
        var preview = new Option<long?>("--preview") { Description = "A preview of the rule that was looked at; without it one is made and shown." };
        var force = ApiCommand.Switch("Save it without a preview.", "--force");
        var yes = Confirmation.Option();
        var command = new Command("create", "Makes or replaces a rule, after a look at what it would take.") { name, schedule, description, disabled, preview, force, yes };
        foreach (var option in rule.All) command.Add(option);
        registry.AddTo(command);
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            var body = rule.Read(parsed, parsed.GetValue(name)!, json =>
            {
                json.TextIfAny("description", parsed.GetValue(description));
                json.TextIfAny("schedule", parsed.GetValue(schedule));
                json.WriteBoolean("enabled"u8, !parsed.GetValue(disabled));
            });
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            var (seen, isForced) = (parsed.GetValue(preview), parsed.GetValue(force));
            if (seen is null && !isForced)
            {
                var plan = await PlanClient.PreviewAsync(client, [body], cancellationToken);
                if (!output.IsGiven(parsed)) await PlanReport.WriteAsync(printer: null, client, plan, isRun: false, cancellationToken);
                Confirmation.Require(
                    FormattableString.Invariant($"The rule would take {PlanClient.NumberOf(plan, "tags")} tags and {PlanClient.NumberOf(plan, "manifests")} manifests now. Save it?"), parsed.GetValue(yes));
                seen = PlanClient.IdOf(plan);
            }

            await printer.WriteAsync(await client.PutLifecycleRuleAsync(parsed.GetValue(name)!, body, seen, isForced, cancellationToken), isOfChange: true);
        });
        return command;
    }

    private static Command List() => RegistryCommand.Create("list", "Lists the rules.", Registry(), [], (_, client, printer, cancellationToken) =>
        printer.WriteAsync(client.ListLifecycleAsync("rules", "rules", cancellationToken), cancellationToken));

    private static Command Show()
    {
        var name = Name();
        return RegistryCommand.Create("show", "Shows a rule.", Registry(), [name], (parsed, client, cancellationToken) => client.GetLifecycleAsync($"rules/{parsed.GetValue(name)}", cancellationToken));
    }

    private static Command Delete()
    {
        var (name, yes) = (Name(), Confirmation.Option());
        return RegistryCommand.Create("delete", "Deletes a rule; what it took stays as it is.", Registry(), [name, yes], async (parsed, client, cancellationToken) =>
        {
            Confirmation.Require($"Delete the lifecycle rule '{parsed.GetValue(name)}'?", parsed.GetValue(yes));
            await client.DeleteLifecycleRuleAsync(parsed.GetValue(name)!, cancellationToken);
            return default;
        }, changes: true);
    }

    private static RegistryArguments Registry() => new("--registry", "-r");

    private static Option<string> Name()
    {
        var name = ApiCommand.Required("The rule's name.", "--name", "-n");
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                result.AddError("A rule's name has letters, digits, '-', '_' and '.'.");
        });
        return name;
    }
}
