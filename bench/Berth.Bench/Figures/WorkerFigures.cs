using System.Globalization;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Seeding;
using Berth.Bench.Servers;
using Berth.Metadata.Postgres;

namespace Berth.Bench.Figures;

/// <summary>How long pushes wait for locks while the workers of many nodes collect garbage and evaluate rules on the same database.</summary>
internal sealed class WorkerFigures(Contest contest, ClusterPlaces places)
{
    private const int Clients = 16;
    private const int RequestsOfPush = 2;
    private const string Repository = "workers/app";

    private static readonly int[] Sizes = [1, 4, 16];

    private int Garbage => contest.Options.Quick ? 1_000 : 6_000;

    private int Images => contest.Options.Quick ? 10 : 100;

    /// <summary>1, 4 and 16 nodes' worth of workers, who do not wait for each other's leases.</summary>
    public async Task PushesAsync()
    {
        var (cluster, _) = await places.MakeAsync(ClusterPlaces.Stores()[0], 1);
        using var _2 = cluster;
        var node = cluster.Nodes[0];
        Push(node);
        var options = new PostgresOptions { ConnectionString = places.Postgres.ConnectionString(cluster.Database, "worker"), MaxConnections = 4 };
        await using (var rows = await BerthSeed.OpenAsync(options, contest.CancellationToken))
            await rows.AddImagesAsync(Enumerable.Range(0, Images).Select(Preparation.RepositoryName), 10, 10, contest.CancellationToken);

        Add("no workers beside the node's own", node, () => { });
        foreach (var size in Sizes)
        {
            await using var workers = await LifecycleWorkers.StartAsync(options, size, Garbage, contest.CancellationToken);
            Add(string.Create(CultureInfo.InvariantCulture, $"{size} node{(size == 1 ? "'s" : "s'")} worth of workers"), node, workers.Begin);
            await workers.EndAsync();
            contest.Results.Remarks.Add(string.Create(
                CultureInfo.InvariantCulture, $"{size} nodes' worth of workers reviewed {workers.Reviewed:N0} memberships and read {workers.Read:N0} tags beside the pushes."));
        }
    }

    private void Add(string beside, BerthServer node, Action begin)
    {
        var log = new FileInfo(places.Postgres.Log).Length;
        begin();
        List<RateSample> samples = [.. Enumerable.Range(0, contest.Options.PushRounds).Select(_ => Push(node))];
        var waits = LockWaits.Read(places.Postgres.Log, log, "node");
        var name = $"blob push, 4 KiB, {Clients} clients, {beside}";
        var requests = samples.Sum(sample => sample.Load.Latencies.Count) * RequestsOfPush;
        Add($"{name}, p99 of waits for locks", "ms", LockWaits.Percentile(waits, requests, 0.99), Target.AtMost(50, "ms"));
        Add($"{name}, longest wait for a lock", "ms", waits.DefaultIfEmpty().Max(), null);
        Add($"{name}, p99", "ms", Contest.Median(samples.Select(sample => sample.Load.Latencies.Percentile(0.99))), null);
        Add(name, "blobs/s", Contest.Median(samples.Select(sample => sample.Load.Rate)), null);
    }

    private RateSample Push(BerthServer node) => contest.Run(
        node, Clients, new BlobPushWorkload(node.Requests, Repository, SmallContent.Blobs(contest.Options.Quick ? 200 : 1_000, 4096)), null);

    private void Add(string name, string unit, double value, Target? target) =>
        contest.Add(new Figure { Name = name, Unit = unit, Berth = value, Target = target, BerthRuns = [value] });
}
