using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;

namespace Berth.Cli.Policies;

/// <summary><c>policy</c>: whether registries are as Azure's built-in policies ask for.</summary>
internal static class PolicyCommand
{
    private const int AtOnce = 4;
    private const string Everything = "all";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("policy", "Whether registries are as Azure's built-in policies ask for.") { Check(), List() };

    private static Command Check()
    {
        var registry = new Option<string>("--registry", "-r", "--name", "-n")
        {
            Description = $"The registry's name, or '{Everything}' for those that you may see.",
            HelpName = RegistryResource.HelpName,
            DefaultValueFactory = _ => Everything,
        };
        var skip = new Option<string[]>("--skip") { Description = "Rules that are left out, by their names or their definitions' GUIDs; any number.", AllowMultipleArgumentsPerToken = true };
        var least = new Option<string>("--fail-on") { Description = "The least severity of a broken rule that makes the exit code 1: low, medium, high, or none.", DefaultValueFactory = _ => "low" };
        least.AcceptOnlyFromAmong("low", "medium", "high", "none");
        var command = new Command("check", "Checks registries against the rules. Exit code 1 when one is broken.") { registry, skip, least };
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            var rules = RulesWithout(parsed.GetValue(skip) ?? []);
            using var session = await ApiSession.OpenAsync(cancellationToken);
            var findings = await FindAsync(session, parsed.GetValue(registry)!, rules, cancellationToken);
            var answer = findings.Select(finding => finding.ToJson());
            await printer.WriteAsync(printer.IsPlainTable ? FlatRows.Of(answer, ["result", "severity", "registry", "rule", "reason", "remediation"]) : Json.Array(answer));
            var broken = findings.Where(finding => finding.Breach is not null && IsCounted(finding.Rule.Severity, parsed.GetValue(least)!)).ToList();
            if (broken.Count == 0) return ExitCodes.Done;
            await Console.Error.WriteLineAsync(
                $"berth: {broken.Count} of {findings.Count} checks failed, in {broken.Select(finding => finding.Subject.Name).Distinct().Count()} registries.");
            return ExitCodes.Failure;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "Lists the rules.");
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(parsed => output.Read(parsed).WriteAsync(Json.Array(PolicyRules.All.Select(rule => Json.Make(json =>
        {
            json.WriteString("rule"u8, rule.Id);
            json.WriteString("severity"u8, rule.Severity.ToString().ToLowerInvariant());
            json.WriteString("title"u8, rule.Title);
            json.WriteString("policyDefinition"u8, rule.Definition);
        })))));
        return command;
    }

    private static List<PolicyRule> RulesWithout(IReadOnlyList<string> skipped)
    {
        var unknown = skipped.FirstOrDefault(name => !PolicyRules.All.Any(rule => rule.IsNamed(name)));
        return unknown is null
            ? [.. PolicyRules.All.Where(rule => !skipped.Any(rule.IsNamed))]
            : throw new ArgumentException($"--skip names '{unknown}', which is no rule; ./berth policy list shows those there are.");
    }

    private static async Task<List<PolicyFinding>> FindAsync(ApiSession session, string registry, List<PolicyRule> rules, CancellationToken cancellationToken)
    {
        IReadOnlyList<JsonElement> resources = registry.Equals(Everything, StringComparison.OrdinalIgnoreCase)
            ? await RegistryResource.ReadAllAsync(session, cancellationToken)
            : [await (await RegistryResource.FindAsync(session, registry, null, cancellationToken)).ShowAsync(cancellationToken)];
        if (resources.Count == 0) throw new ClientException("there is no registry that you may see, so that nothing was checked.");
        var subjects = new PolicySubject[resources.Count];
        await Parallel.ForAsync(0, resources.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, stop) =>
        {
            var standing = new RegistryResource(session, resources[i].Required("id"));
            subjects[i] = new PolicySubject(resources[i].Required("name"), resources[i], rules.Exists(rule => rule.NeedsTokens) ? await standing.ReadAllAsync("/tokens", stop) : null);
        });
        return [.. subjects.SelectMany(subject => rules.Select(rule => new PolicyFinding(rule, subject, rule.Breach(subject))))];
    }

    private static bool IsCounted(PolicySeverity severity, string least) => Enum.TryParse<PolicySeverity>(least, ignoreCase: true, out var bound) && severity >= bound;
}
