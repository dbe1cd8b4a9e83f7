using System.Diagnostics;
using Berth.Bench.Figures;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench;

/// <summary>All figures, one after another.</summary>
internal static class Suite
{
    /// <summary>Runs what the options ask for; true when every target is met.</summary>
    public static async Task<bool> RunAsync(BenchOptions options, string folder, long started, CancellationToken cancellationToken)
    {
        var results = new Results { Machine = Machine.Read(options.Root, folder), Quick = options.Quick };
        await TakeAsync(options, folder, results, cancellationToken);

        results.Minutes = Stopwatch.GetElapsedTime(started).TotalMinutes;
        Console.Write(MarkdownReport.Tables(results));
        results.WriteJson(options.Json);
        Progress.Say($"took {results.Minutes:0.0} minutes; all of it as JSON: {options.Json}");
        if (options.Page) WritePage(options, results);
        return results.AllMet;
    }

    private static async Task TakeAsync(BenchOptions options, string folder, Results results, CancellationToken cancellationToken)
    {
        var launcher = Path.Combine(options.Root, "berth");
        using var peer = new PeerServer(Path.Combine(folder, "peer"));
        using var berth = new BerthServer(launcher, Path.Combine(folder, "berth"));
        using var nginx = new NginxServer(Directory.CreateDirectory(Path.Combine(folder, "nginx")).FullName);
        var contest = new Contest(peer, berth, options, results, cancellationToken);
        await Preparation.SeedAsync(peer, berth, cancellationToken);

        var processes = new ProcessFigures(contest);
        var rates = new RateFigures(contest);
        var access = new AccessFigures(contest);
        var pushes = new PushFigures(contest);
        var bulk = new BulkFigures(contest, nginx);
        var client = new ClientFigures(contest);
        var control = new ControlFigures(contest, folder, launcher);
        var growth = new GrowthFigures(contest, folder, launcher);
        var rules = new RuleFigures(contest, folder, launcher);
        var garbage = new GarbageFigures(contest, folder, launcher);
        using var places = new ClusterPlaces(launcher, Path.Combine(folder, "cluster"));
        var cluster = new ClusterFigures(contest, places);
        var nodes = new NodeFigures(contest, places);
        var workers = new WorkerFigures(contest, places);
        var capacity = new CapacityFigures(contest, places);
        var memory = new ClusterMemoryFigures(contest, places);
        (string Name, Func<Task> Take)[] parts =
        [
            ("cli", Now(client.Starts)),
            ("start", Now(processes.Starts)),
            ("idle", Now(processes.Idle)),
            ("manifests", Now(rates.Manifests)),
            ("heads", Now(rates.Heads)),
            ("tags", Now(rates.Tags)),
            ("catalog", Now(rates.Catalog)),
            ("access", Now(access.Reads)),
            ("access", Now(access.Tokens)),
            ("blobs", Now(pushes.Blobs)),
            ("images", Now(pushes.Manifests)),
            ("push", Now(bulk.Push)),
            ("pull", Now(bulk.Pull)),
            ("tls", Now(bulk.PullTls)),
            ("idle", Now(processes.AfterLoad)),
            ("memory", Now(processes.ManyUploads)),
            ("control", control.RegistriesAsync),
            ("control", control.TagDetailsAsync),
            ("control", Now(control.NetworkRules)),
            ("growth", Now(growth.OfClients)),
            ("growth", growth.OfRepositoriesAsync),
            ("growth", growth.OfTagsAsync),
            ("growth", growth.OfCredentialsAsync),
            ("lifecycle", rules.OfTagsAsync),
            ("lifecycle", garbage.OfBlobsAsync),
            ("cluster", cluster.ReadsAsync),
            ("cluster-push", cluster.PushesAsync),
            ("cluster-push", cluster.SharedLayerAsync),
            ("nodes", nodes.ReadsAsync),
            ("workers", workers.PushesAsync),
            ("capacity", capacity.OfImagesAsync),
            ("cluster-memory", memory.ResidentAsync),
        ];

        foreach (var (name, take) in parts)
        {
            if (!options.Only.Contains(name)) continue;
            cancellationToken.ThrowIfCancellationRequested();
            Progress.Say(name);
            await take();
        }
    }

    private static Func<Task> Now(Action take) => () =>
    {
        take();
        return Task.CompletedTask;
    };

    private static void WritePage(BenchOptions options, Results results)
    {
        var page = Path.Combine(options.Root, "docs", "reference", "performance.md");
        Directory.CreateDirectory(Path.GetDirectoryName(page)!);
        File.WriteAllText(page, MarkdownReport.Page(results));
        Progress.Say($"wrote {page}");
    }
}
