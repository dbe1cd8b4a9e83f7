using System.CommandLine;
using Berth.Registry.Lifecycle;
using Berth.Server.Configuration;

namespace Berth.Server.Commands;

/// <summary>
/// <c>storage verify</c>: reads all content of an installation that is not being served, and says what is not whole. <c>storage recount</c>: reads its rows alone, and
/// says whose usage is not what is kept of it.
/// </summary>
internal static class StorageCommand
{
    /// <summary>The command with its flags and action.</summary>
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder (./data).", HelpName = "DIR" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing: damaged blobs are named, not marked." };
        var config = OfflineData.ConfigOption();
        var repair = new Option<bool>("--repair") { Description = "Also serve blobs again that are good after all, remove bytes that belong to nothing, and put figures of usage right." };
        var verify = new Command("verify", "Re-hashes all content and checks that every manifest has all it names. Exits with 1 when something is damaged.")
        {
            data, config, dryRun, repair,
        };
        verify.SetAction((parsed, cancellationToken) =>
        {
            if (parsed.GetValue(dryRun) && parsed.GetValue(repair)) throw new CannotStartException("--dry-run and --repair exclude each other; give one of them.");
            var mode = parsed.GetValue(dryRun) ? VerificationMode.DryRun : parsed.GetValue(repair) ? VerificationMode.Repair : VerificationMode.Mark;
            return VerifyAsync(OfflineData.Load(parsed.GetValue(data), parsed.GetValue(config)), mode, cancellationToken);
        });
        return new Command("storage", "Looks after the stored content.") { verify, Recount() };
    }

    private static Command Recount()
    {
        var data = new Option<string?>("--data") { Description = "The data folder (./data).", HelpName = "DIR" };
        var config = OfflineData.ConfigOption();
        var repair = new Option<bool>("--repair") { Description = "Put the figures right." };
        var recount = new Command("recount", "Counts what registries and repositories hold, and compares it with the figures that are kept. Exits with 1 when some are wrong and stay so.")
        {
            data, config, repair,
        };
        recount.SetAction((parsed, cancellationToken) =>
            RecountAsync(OfflineData.Load(parsed.GetValue(data), parsed.GetValue(config)), parsed.GetValue(repair), cancellationToken));
        return recount;
    }

    private static async Task<int> RecountAsync(ServerOptions options, bool repair, CancellationToken cancellationToken)
    {
        await using var stores = await OfflineData.OpenAsync(options, "berth storage recount", besideNodes: !repair, cancellationToken);
        var differences = await stores.Metadata.RecountUsageAsync(repair, cancellationToken);
        foreach (var usage in differences) Console.Out.WriteLine($"{(repair ? "repaired" : "wrong")}: {usage.Place} was said to hold {usage.Kept}, and holds {usage.Counted}");
        Console.Out.WriteLine(differences.Count == 0 ? "All figures of usage are right." : $"{differences.Count} figures of usage were wrong{(repair ? " and are right now" : "; --repair puts them right")}.");
        return repair || differences.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static async Task<int> VerifyAsync(ServerOptions options, VerificationMode mode, CancellationToken cancellationToken)
    {
        await using var stores = await OfflineData.OpenAsync(options, "berth storage verify", besideNodes: mode == VerificationMode.DryRun, cancellationToken);
        var verification = new StorageVerification(stores.Metadata, stores.Blobs);
        var result = await StepProgress.RunAsync(begin => verification.RunAsync(
            mode,
            finding => Console.Out.WriteLine($"{finding.Kind.ToString().ToLowerInvariant()}: {finding.What} {finding.Sentence}"),
            step => begin($"verifying {step.ToString().ToLowerInvariant()}"),
            cancellationToken));

        var orphans = result.Count(FindingKind.Orphan);
        Console.Out.WriteLine(
            $"{result.Blobs} blobs and {result.Manifests} manifests verified: {result.Count(FindingKind.Damaged)} damaged, "
            + $"{result.Count(FindingKind.Incomplete)} manifest entries missing, {result.Count(FindingKind.Metadata)} faults in the metadata, "
            + $"{orphans} locations without a row, {result.Count(FindingKind.Repaired)} repaired");
        return result.IsSound ? ExitCodes.Success : ExitCodes.Failure;
    }
}
