using System.Globalization;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>What the control plane and what it sets cost as an installation grows: lists of registries, tags with their details, network rules.</summary>
internal sealed class ControlFigures(Contest contest, string folder, string launcher)
{
    private const int Clients = 8;
    private const int Registries = 10_000;
    private const int FewRegistries = 10;
    private const int Tags = 100_000;
    private const int Networks = 10_000;
    private const string TagRepository = "control/tags";
    private const string RuledRepository = "control/ruled";

    // A difference of 5 % drowns in a machine's drift, unless the sides change places every second.
    private const int TurnsOfRound = 6;
    private const int WarmingTurns = 4;

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    /// <summary>The list of registries: as many of ten thousand as ten, and the page that a client gets that names no number.</summary>
    public async Task RegistriesAsync()
    {
        using var servers = new SizedServers(launcher, Path.Combine(folder, "registries"));
        foreach (var size in (int[])[FewRegistries, Registries])
            await servers.AddAsync(size, rows => rows.AddRegistriesAsync(size - 1, contest.CancellationToken), contest.CancellationToken);

        const string Top = "&$top=10";
        CompareRegistries("registry list, first 10", servers, Top, Target.AtMost(1.5));
        CompareRegistries("registry list, first page, 200 of many beside 10 of 10", servers, "", null);
    }

    /// <summary>A page of tags with what is known of each, as <c>az acr repository show-tags --detail</c> reads it, beside their names alone.</summary>
    public async Task TagDetailsAsync()
    {
        using var servers = new SizedServers(launcher, Path.Combine(folder, "tag-details"));
        await servers.AddAsync(
            Tags, rows => rows.AddTagsAsync(TagRepository, Enumerable.Range(0, Tags).Select(Preparation.TagName), contest.CancellationToken), contest.CancellationToken);
        var berth = servers.All[0].Berth;
        RateSample Read(string path) => Get(berth, berth.Requests, path);

        const string Names = $"/v2/{TagRepository}/tags/list?n=100", Details = $"/acr/v1/{TagRepository}/_tags?n=100";
        _ = (Read(Names), Read(Details));
        var samples = contest.Alternate<RateSample>(contest.Options.RateRounds, _ => Read(Names), _ => Read(Details));
        Report($"tags with details, page of 100 of {Text(Tags)}, beside names", samples[1], samples[0], Target.AtMost(3));
    }

    /// <summary>Manifest GET in a registry whose rules name ten thousand networks, the caller's the last of them, beside one without rules: two registries of one server.</summary>
    public void NetworkRules()
    {
        var berth = contest.Berth;
        using var tokens = new BerthTokens(berth);
        var (open, ruled) = (Make("plain", []), Make("ruled", [.. Enumerable.Range(0, Networks - 1).Select(i => $"10.{i / 256}.{i % 256}.0/24"), "127.0.0.0/8"]));
        _ = (Read(open), Read(ruled));
        var samples = contest.Alternate<RateSample>(contest.Options.RateRounds * TurnsOfRound, _ => Read(open), _ => Read(ruled));
        Report($"manifest GET with {Text(Networks)} network rules, beside none", samples[1], samples[0], Target.AtMost(1.05));

        RequestWriter Make(string name, IReadOnlyList<string> networks)
        {
            var requests = new RequestWriter(berth.Requests.Target, berth.Requests.Authorization, tokens.CreateRegistry(name, networks));
            contest.Prepare(berth, requests, RuledRepository, [contest.Config, contest.Layers[0]], _manifests, "t");
            return requests;
        }

        RateSample Read(RequestWriter requests)
        {
            var reads = RateFigures.ManifestReads(requests, RuledRepository, [.. Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}")], _manifests[0].Bytes.Length);
            return contest.Run(berth, Clients, reads, contest.Options.RateDuration / 3);
        }
    }

    private void CompareRegistries(string name, SizedServers servers, string more, Target? target)
    {
        var sides = servers.All.Select(side =>
        {
            using var tokens = new BerthTokens(side.Berth);
            var path = $"/subscriptions/{tokens.SubscriptionId}/providers/Microsoft.ContainerRegistry/registries?api-version=2023-07-01{more}";
            return (side.Berth, Requests: new RequestWriter(side.Berth.Requests.Target, "Bearer " + tokens.ControlToken()), Path: path);
        }).ToList();
        // Until the code is compiled as it stays: what is still being compiled would be counted as a cost of the list.
        for (var turn = 0; turn < WarmingTurns; turn++)
        {
            foreach (var (berth, requests, path) in sides) Get(berth, requests, path);
        }

        var samples = contest.Alternate(
            contest.Options.RateRounds, sides.Select<(BerthServer Berth, RequestWriter Requests, string Path), Func<int, RateSample>>(side => _ => Get(side.Berth, side.Requests, side.Path)).ToList());
        Report($"{name}, {Text(Registries)} registries beside {FewRegistries}", samples[1], samples[0], target);
    }

    private RateSample Get(BerthServer berth, RequestWriter requests, string path) =>
        contest.Run(berth, Clients, new ReadWorkload([requests.Format("GET", path)], 200, null), contest.Options.RateDuration / 2);

    // The target is of processor time: what else the machine does moves the clock more than the processor.
    private void Report(string name, List<RateSample> samples, List<RateSample> reference, Target? target)
    {
        Add($"{name}, p50", "ms", [.. samples.Select(P50)], [.. reference.Select(P50)], null);
        Add($"{name}, CPU", "µs/request", [.. samples.Select(s => s.CpuMicroseconds)], [.. reference.Select(s => s.CpuMicroseconds)], target);
    }

    private static double P50(RateSample sample) => sample.Load.Latencies.Percentile(0.5);

    private static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private void Add(string name, string unit, List<double> berth, List<double> reference, Target? target) => contest.Add(new Figure
    {
        Name = name,
        Unit = unit,
        Berth = Contest.Median(berth),
        Reference = Contest.Median(reference),
        Target = target,
        BerthRuns = berth,
    });
}
