using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Seeding;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>What lifecycle rules and usage cost where a registry has a million tags.</summary>
internal sealed class RuleFigures(Contest contest, string folder, string launcher)
{
    private const int Clients = 8;
    private const int Few = 1_000;
    private const int TagsOfRepository = 1_000;
    private const int TagsOfImage = 10;
    private const int WarmingTurns = 8;
    private const double MiB = 1 << 20;

    // A tenth of the registry, and all of it goes.
    private const string Everything = """
        {"rules":[{"name":"all","repositories":["team-00/**","team-10/**","team-20/**","team-30/**","team-40/**"],"tags":["*"],"action":"delete"}]}
        """;

    // What is seeded is to be old enough to go.
    private static readonly Dictionary<string, string> Settings = new() { ["BERTH_Lifecycle__Grace"] = "00:00:01" };

    private int Many => contest.Options.Quick ? 100_000 : 1_000_000;

    private int Rounds => contest.Options.Quick ? 1 : 2;

    /// <summary>1 000 to 1 000 000 tags, ten of each image, a thousand in each repository.</summary>
    public async Task OfTagsAsync()
    {
        using var servers = new SizedServers(launcher, Path.Combine(folder, "lifecycle"), Settings);
        foreach (var size in (int[])[Few, Many])
        {
            var repositories = Enumerable.Range(0, size / TagsOfRepository).Select(Preparation.RepositoryName);
            await servers.AddAsync(
                size, rows => rows.AddImagesAsync(repositories, TagsOfRepository / TagsOfImage, TagsOfImage, contest.CancellationToken), contest.CancellationToken);
        }

        contest.Results.Remarks.Add("Rules, usage and garbage collection are measured with a grace of one second, so that what was just seeded may go.");
        Usage(servers);
        await RulesAsync(servers.All[^1].Berth);
    }

    private void Usage(SizedServers servers)
    {
        const string What = "tags in one registry, ten of each image";

        // Until the code is compiled as it stays, or what is asked first would seem to grow.
        for (var turn = 0; turn < WarmingTurns; turn++)
        {
            foreach (var side in servers.All) Get(side.Berth, side.Berth.Requests, "/berth/v1/usage");
        }

        contest.Compare(What, "usage of the registry", servers, fills: 1, (berth, _, _) => Get(berth, berth.Requests, "/berth/v1/usage"));
        contest.Compare(What, "usage of a repository", servers, fills: 1, (berth, _, _) =>
            Get(berth, berth.Requests, $"/berth/v1/usage/repositories/{Preparation.RepositoryName(0)}"));

        var calls = servers.All.ToDictionary(side => side.Berth, side =>
        {
            using var tokens = new BerthTokens(side.Berth);
            var path = $"/subscriptions/{tokens.SubscriptionId}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/local/listUsages?api-version=2023-07-01";
            return (Requests: new RequestWriter(side.Berth.Requests.Target, "Bearer " + tokens.ControlToken()), Path: path);
        });
        contest.Compare(What, "listUsages", servers, fills: 1, (berth, _, _) => Get(berth, calls[berth].Requests, calls[berth].Path));
    }

    private RateSample Get(BerthServer berth, RequestWriter requests, string path) =>
        contest.Run(berth, Clients, new ReadWorkload([requests.Format("GET", path)], 200, null), contest.Options.RateDuration / 6);

    private async Task RulesAsync(BerthServer berth)
    {
        List<double> reads = [], evaluations = [], growths = [];
        for (var round = 0; round < Rounds; round++)
        {
            // The server is not there meanwhile, so that reading has the machine to itself.
            berth.Stop();
            reads.Add((await ReadAsync(berth)).TotalSeconds);
            berth.Start();
            berth.WaitForApi();
            var before = berth.Process.ResidentBytes();
            growths.Add((ResidentWatch.Highest(berth.Process, () => evaluations.Add(EvaluateUsual(berth).TotalSeconds)) - before) / MiB);
        }

        var size = Text(Many);
        Add($"reading {size} tags, as rules read them", "s", reads, null, null);
        Add($"evaluation of rules over {size} tags, of which a hundredth goes", "s", evaluations, reads, Target.AtMost(2));
        Add("memory that it takes, beside what the server had", "MiB", growths, null, Target.AtMostBytes(256));

        var taken = Many / 10;
        var everything = Evaluate(berth, Everything, taken).TotalMicroseconds / taken;
        Add($"the same where all of {Text(taken)} tags go, with their images", "µs/tag", [everything], [.. reads.Select(seconds => seconds * 1e6 / Many)], null);
    }

    private async Task<TimeSpan> ReadAsync(BerthServer berth)
    {
        await using var rows = await BerthSeed.OpenAsync(berth.Folder, contest.CancellationToken);
        var started = Stopwatch.GetTimestamp();
        var count = await rows.ReadCandidatesAsync(contest.CancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        return count == Many ? elapsed : throw new BenchException($"{count} tags were read, not {Many}");
    }

    // A fiftieth of the registry first: what has just started compiles as it goes.
    private TimeSpan EvaluateUsual(BerthServer berth)
    {
        Evaluate(berth, Usual("team-01/**"), Many / 50 / 100);
        return Evaluate(berth, Usual("**"), Many / 100);
    }

    // A rule of many tags that takes none of them, one that keeps releases, and one that takes a hundredth.
    private static string Usual(string repositories) => $$$"""
        {"rules":[
            {"name":"old","repositories":["{{{repositories}}}"],"tags":["build-*","nightly-*"],"olderThan":"30d","keepLast":10,"action":"delete"},
            {"name":"releases","repositories":["{{{repositories}}}"],"tags":["v*"],"olderThan":"90d","keepReleases":{"tags":["v*"],"count":5},"action":"untag"},
            {"name":"hundredth","repositories":["{{{repositories}}}"],"tagRegex":"^build-.*00$","action":"delete"}]}
        """;

    /// <summary>Has a preview made; how long its evaluation took, from its start to its end.</summary>
    private TimeSpan Evaluate(BerthServer berth, string rules, int taken)
    {
        using var calls = new BerthTokens(berth);
        var preview = calls.Ask(HttpMethod.Post, "/berth/v1/lifecycle/previews", rules);
        while (StateOf(preview) is "waiting" or "evaluating")
        {
            contest.CancellationToken.ThrowIfCancellationRequested();
            Thread.Sleep(100);
            var id = preview.RootElement.GetProperty("id").GetInt64();
            preview.Dispose();
            preview = calls.Ask(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/berth/v1/lifecycle/previews/{id}"));
        }

        using (preview)
        {
            var root = preview.RootElement;
            if (StateOf(preview) != "done" || root.GetProperty("tags").GetInt64() != taken) throw new BenchException($"a preview is not as it should be: {root}");
            return root.GetProperty("endedAt").GetDateTimeOffset() - root.GetProperty("startedAt").GetDateTimeOffset();
        }
    }

    private static string? StateOf(JsonDocument preview) => preview.RootElement.GetProperty("state").GetString();

    private static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private void Add(string name, string unit, List<double> berth, List<double>? reference, Target? target) => contest.Add(new Figure
    {
        Name = name,
        Unit = unit,
        Berth = Contest.Median(berth),
        Reference = reference is null ? null : Contest.Median(reference),
        Target = target,
        BerthRuns = berth,
    });
}
