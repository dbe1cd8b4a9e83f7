using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;

namespace Berth.Cli.Lifecycle;

/// <summary><c>lifecycle</c>: rules about what goes and what stays, previews of what they take, and runs that take it.</summary>
internal static class LifecycleCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("lifecycle", "Rules about what goes and what stays in a registry.") { RuleCommands.Create(), Preview(), Run(), Runs() };

    private static Command Preview()
    {
        var (registry, rule, report) = (Registry(), new RuleOptions(), new PlanReport());
        var names = RuleNames();
        var command = new Command("preview", "Shows what rules would take, and what keeps what they would take. Nothing is changed.") { names };
        foreach (var option in rule.All) command.Add(option);
        registry.AddTo(command);
        report.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (rule.AreGiven(parsed) && parsed.GetValue(names) is { Length: > 0 }) throw new ArgumentException("Give the names of rules (--rules), or the flags of one; not both.");
            var printer = report.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            var rules = rule.AreGiven(parsed) ? [rule.Read(parsed, "preview", static _ => { })] : NamesOf(parsed, names);
            await PlanReport.WriteAsync(printer, client, await PlanClient.PreviewAsync(client, rules, cancellationToken), isRun: false, cancellationToken);
        });
        return command;
    }

    private static Command Run()
    {
        var (registry, report, names) = (Registry(), new PlanReport(), RuleNames());
        var preview = new Option<long?>("--preview") { Description = "The preview that was looked at; the run stops when the rules take something too different now." };
        var difference = new Option<double?>("--max-difference") { Description = "How different, as a share of the preview's items: 0.1 when it is not given." };
        var yes = Confirmation.Option();
        var command = new Command("run", "Does what a preview shows, or what rules say now.") { preview, difference, names, yes };
        registry.AddTo(command);
        report.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = report.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            if (parsed.GetValue(preview) is { } id)
            {
                await PlanReport.WriteAsync(printer, client, await PlanClient.RunAsync(client, id, parsed.GetValue(difference), cancellationToken), isRun: true, cancellationToken);
                return;
            }

            Confirmation.Require("Run the rules without a preview to go by?", parsed.GetValue(yes));
            await PlanReport.WriteAsync(printer, client, await PlanClient.RunAsync(client, NamesOf(parsed, names), cancellationToken), isRun: true, cancellationToken);
        });
        return command;
    }

    private static Command Runs()
    {
        var registry = Registry();
        var id = new Option<long?>("--id") { Description = "One run, with what came of each of its items." };
        var command = new Command("runs", "Lists runs, the newest first.") { id };
        registry.AddTo(command);
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            if (parsed.GetValue(id) is not { } run)
            {
                await printer.WriteAsync(client.ListLifecycleAsync("runs?n=100", "runs", cancellationToken), cancellationToken);
                return;
            }

            var items = await PlanClient.ItemsAsync(client, isRun: true, run, kept: false, cancellationToken).ToListAsync(cancellationToken);
            await printer.WriteAsync(Json.Array(items));
        });
        return command;
    }

    private static RegistryArguments Registry() => new("--registry", "-r");

    private static Option<string[]> RuleNames() =>
        new("--rules") { Description = "Names of the registry's rules; all that are enabled when none is given.", AllowMultipleArgumentsPerToken = true };

    private static IReadOnlyCollection<JsonElement> NamesOf(ParseResult parsed, Option<string[]> names) => [.. Json.Texts(parsed.GetValue(names) ?? []).Items()];
}
