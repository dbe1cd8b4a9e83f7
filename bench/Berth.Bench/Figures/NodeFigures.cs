using System.Globalization;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>What a manifest costs where more nodes share the same requests.</summary>
internal sealed class NodeFigures(Contest contest, ClusterPlaces places)
{
    private const int Clients = 32;
    private const double SharedRate = 1_000;
    private const double RateOfEach = 500;
    private const string Repository = "nodes/app";

    private static readonly int[] Sizes = [1, 2, 4];

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    /// <summary>
    /// 1, 2 and 4 nodes that share a rate, and that are each asked as much: the first says what it costs to spread the same requests over more nodes, each of which is then asked less, the second what it
    /// costs to have more nodes.
    /// </summary>
    public async Task ReadsAsync()
    {
        var (cluster, _) = await places.MakeAsync(ClusterPlaces.Stores()[0], Sizes[^1]);
        using var _2 = cluster;
        contest.Prepare(cluster.Nodes[0], Repository, [contest.Config, contest.Layers[0]], _manifests, "t");
        cluster.Start(Sizes[^1]);

        // Each until its code is compiled as it stays.
        foreach (var node in cluster.Nodes)
        {
            for (var i = 0; i < 3; i++) contest.Run(node, Clients, Reads(node), contest.Options.RateDuration);
        }

        Compare(cluster, string.Create(CultureInfo.InvariantCulture, $"manifest GET by tag at {SharedRate:N0} requests/s"), _ => SharedRate);
        Compare(cluster, string.Create(CultureInfo.InvariantCulture, $"manifest GET by tag at {RateOfEach:N0} requests/s to each node"), size => size * RateOfEach);
    }

    private void Compare(BerthCluster cluster, string what, Func<int, double> rateOf)
    {
        var samples = contest.Alternate(contest.Options.RateRounds, Sizes.Select<int, Func<int, Cost>>(size => _ => Run(cluster, size, rateOf(size))).ToList());
        for (var i = 0; i < Sizes.Length; i++)
        {
            var name = $"{what}, {Sizes[i]} node{(i == 0 ? "" : "s, beside one")}";
            Add($"{name}, CPU of all nodes", samples[i], i == 0 ? null : samples[0], cost => cost.Nodes, Target.AtMost(1.15));
            Add($"{name}, CPU of the database", samples[i], i == 0 ? null : samples[0], cost => cost.Database, Target.AtMost(1.1));
        }
    }

    private Cost Run(BerthCluster cluster, int size, double rate)
    {
        // The others go on with nothing to do: one that is started again would compile anew.
        var nodes = cluster.Nodes.Take(size).ToList();
        var targets = nodes.ConvertAll(node => node.Requests.Target);
        LoadGenerator.Run(targets, Clients, Reads(nodes[0]), contest.Options.RateDuration, rate, contest.CancellationToken);
        var (ofNodes, ofDatabase) = (Total(nodes), places.Postgres.CpuTime());
        var result = LoadGenerator.Run(targets, Clients, Reads(nodes[0]), contest.Options.RateDuration * 4, rate, contest.CancellationToken);
        var count = result.Latencies.Count;
        if (result.Rate < rate * 0.97) contest.Results.Remarks.Add($"{size} nodes did not reach the fixed rate.");
        return new Cost((Total(nodes) - ofNodes).TotalMicroseconds / count, (places.Postgres.CpuTime() - ofDatabase).TotalMicroseconds / count);
    }

    private ReadWorkload Reads(BerthServer node) =>
        RateFigures.ManifestReads(node.Requests, Repository, [.. Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}")], _manifests[0].Bytes.Length);

    private static TimeSpan Total(List<BerthServer> nodes) => nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + node.Process.CpuTime());

    private void Add(string name, List<Cost> costs, List<Cost>? reference, Func<Cost, double> value, Target target) => contest.Add(new Figure
    {
        Name = name,
        Unit = "µs/request",
        Berth = Contest.Median(costs.Select(value)),
        Reference = reference is null ? null : Contest.Median(reference.Select(value)),
        Target = reference is null ? null : target,
        BerthRuns = [.. costs.Select(value)],
    });

    /// <summary>Microseconds of processor time for one request.</summary>
    private readonly record struct Cost(double Nodes, double Database);
}
