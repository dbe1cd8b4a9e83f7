using System.CommandLine;
using Berth.Cli.Lifecycle;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>
/// <c>acr purge</c>, with the flags of Azure Container Registry's command of that name: its filters become rules of the server's engine, which are shown as a preview and
/// then run.
/// </summary>
internal static class PurgeCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var registry = new RegistryArguments("--registry", "-r", "--name", "-n");
        var filter = new Option<string[]>("--filter", "-f") { Description = "Two regular expressions, of whole names of repositories and of parts of tags: 'team/app:^build-'. Any number." };
        var ago = ApiCommand.Optional("How old it must be, such as 30d or 2d3h6m. What is younger than the server's grace, a day as a rule, is listed as kept whatever this says.", "--ago");
        var keep = new Option<int>("--keep") { Description = "Of what would be removed in a repository, so many of the newest tags stay." };
        var untagged = ApiCommand.Switch("Delete manifests, too, that no tag names then or has named for that time.", "--untagged");
        var untaggedOnly = ApiCommand.Switch("Delete manifests that no tag names, and remove no tag.", "--untagged-only");
        var dryRun = ApiCommand.Switch("Show what would go, which is what a run deletes, and what is kept and why; change nothing.", "--dry-run", "-d");
        var locked = ApiCommand.Switch("Is refused: what is locked stays until it is unlocked.", "--include-locked");
        var concurrency = new Option<int?>("--concurrency") { Description = "Is taken and makes no difference: the server does the work." };
        var timeout = new Option<int?>("--timeout") { Description = "Is taken and makes no difference: a run goes on until it is done." };
        var command = new Command("purge", "Removes old tags and untagged manifests.") { filter, ago, keep, untagged, untaggedOnly, dryRun, locked, concurrency, timeout };
        var report = new PlanReport();
        registry.AddTo(command);
        report.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(locked))
                throw new ArgumentException("--include-locked is refused: what is locked stays. Unlock it first: berth acr repository update --delete-enabled true --write-enabled true.");
            var rules = PurgeRules.Of(parsed.GetValue(filter) ?? [], parsed.GetValue(ago), parsed.GetValue(keep), parsed.GetValue(untagged), parsed.GetValue(untaggedOnly));
            var printer = report.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            var preview = await PlanClient.PreviewAsync(client, rules, cancellationToken);
            var isEmpty = PlanClient.NumberOf(preview, "tags") + PlanClient.NumberOf(preview, "manifests") == 0;
            if (parsed.GetValue(dryRun) || isEmpty)
            {
                await PlanReport.WriteAsync(printer, client, preview, isRun: false, cancellationToken);
                return;
            }

            await PlanReport.WriteAsync(printer, client, await PlanClient.RunAsync(client, PlanClient.IdOf(preview), null, cancellationToken), isRun: true, cancellationToken);
        });
        return command;
    }
}
