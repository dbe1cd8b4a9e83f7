using System.Diagnostics;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>A node on PostgreSQL and an object store of the same machine: what it answers beside SQLite and files, and what it puts beside the store's own SDK.</summary>
internal sealed class ClusterFigures(Contest contest, ClusterPlaces places)
{
    private const int Readers = 32;
    private const int Writers = 16;
    private const int Pushers = 32;
    private const int PushesBefore = 6_000;
    private const int BlobSize = 4096;
    private const string Repository = "cluster/app";
    private const string Grouped = "berth_metadata_group_size_sum";
    private const string Groups = "berth_metadata_group_size_count";

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    private int Pushes => contest.Options.Quick ? 200 : 1_000;

    /// <summary>Manifests and blobs, on PostgreSQL and Azurite.</summary>
    public async Task ReadsAsync()
    {
        var (cluster, _) = await places.MakeAsync(ClusterPlaces.Stores()[0], 1);
        using var _2 = cluster;
        var node = cluster.Nodes[0];
        foreach (var server in (RegistryServer[])[contest.Berth, node]) contest.Prepare(server, Repository, contest.Layers.Prepend(contest.Config).ToList(), _manifests, "t");
        ReadWorkload Manifests(RegistryServer server) =>
            RateFigures.ManifestReads(server.Requests, Repository, [.. Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}")], _manifests[0].Bytes.Length);
        var blobs = new ReadWorkload([.. contest.Layers.Select(layer => node.Requests.Format("GET", $"/v2/{Repository}/blobs/{layer.Digest}"))], 307, 0);

        // Until both are compiled as they stay.
        for (var i = 0; i < 3; i++) _ = (Read(contest.Berth, Manifests(contest.Berth)), Read(node, Manifests(node)), Read(node, blobs));
        var samples = contest.Alternate<Cost>(
            contest.Options.RateRounds, _ => Read(contest.Berth, Manifests(contest.Berth)), _ => Read(node, Manifests(node)), _ => Read(node, blobs));
        const string Manifest = "manifest GET by tag, PostgreSQL and Azurite";
        Add($"{Manifest}, beside SQLite and files", "requests/s", samples[1], samples[0], one => one.Sample.Load.Rate, Target.AtLeast(0.35));
        Add($"{Manifest}, beside SQLite and files, p99", "ms", samples[1], samples[0], one => one.Sample.Load.Latencies.Percentile(0.99), null);
        Add($"{Manifest}, beside SQLite and files, CPU of the node", "µs/request", samples[1], samples[0], one => one.Sample.CpuMicroseconds, null);
        Add($"{Manifest}, CPU of the database", "µs/request", samples[1], null, one => one.Database, null);
        Add($"{Manifest}, statements", "statements/request", samples[1], null, one => one.Statements, Target.AtMost(1.01, "statements"));
        Add("blob GET answered with a link, beside manifest GET", "requests/s", samples[2], samples[1], one => one.Sample.Load.Rate, Target.AtLeast(1));
        Add("blob GET answered with a link, CPU of the node", "µs/request", samples[2], null, one => one.Sample.CpuMicroseconds, null);
        Add("blob GET answered with a link, CPU of the database", "µs/request", samples[2], null, one => one.Database, null);
        Add("blob GET answered with a link, statements", "statements/request", samples[2], null, one => one.Statements, Target.AtMost(1.01, "statements"));

        Cost Read(BerthServer server, Workload workload)
        {
            places.Postgres.Recount(cluster.Database);
            var before = places.Postgres.CpuTime();
            var sample = contest.Run(server, Readers, workload, contest.Options.RateDuration);
            var count = sample.Load.Latencies.Count;
            var cpu = (places.Postgres.CpuTime() - before).TotalMicroseconds / count;
            return new Cost(sample, cpu, (double)places.Postgres.CallsOf(cluster.Database, "%") / count);
        }
    }

    /// <summary>Small pushes, each a POST and a PUT, beside as many objects put by the SDK alone.</summary>
    public async Task PushesAsync()
    {
        foreach (var store in ClusterPlaces.Stores())
        {
            var (cluster, bucket) = await places.MakeAsync(store, 1);
            using var _2 = cluster;
            var node = cluster.Nodes[0];

            // Until both are compiled as they stay: a push is much code, and takes longer to get there than a read. Azurite gets slower with each object that it holds, for both.
            for (var i = 0; i < 2; i++) _ = Put(store, bucket);
            for (var i = 0; i < PushesBefore / Pushes; i++) _ = Push(node, "cluster/warm");
            using var calls = new BerthTokens(node);
            var retries = calls.ReadMetric("berth_metadata_retries_total");
            var (grouped, groups) = (calls.ReadMetric(Grouped), calls.ReadMetric(Groups));
            List<RateSample> pushes = [];
            var samples = contest.Alternate<double>(
                contest.Options.PushRounds,
                _ => Put(store, bucket),
                round =>
                {
                    pushes.Add(Push(node, $"cluster/blobs-{round}"));
                    return pushes[^1].Load.Rate;
                });
            var name = $"push of {Pushes} blobs of 4 KiB, PostgreSQL and {store.Name}, {Writers} clients";
            Add($"{name}, beside objects put by the SDK alone", "blobs/s", samples[1], samples[0], Target.AtLeast(0.7));
            Thread.Sleep(500);
            Add($"{name}, operations run again", "/blob", [(calls.ReadMetric("berth_metadata_retries_total") - retries) / (pushes.Count * Pushes)], null, null);
            Add($"{name}, in one commit", "blobs", [(calls.ReadMetric(Grouped) - grouped) / Math.Max(1, calls.ReadMetric(Groups) - groups)], null, null);
            Add($"{name}, p99", "ms", [.. pushes.Select(push => push.Load.Latencies.Percentile(0.99))], null, null);
            Add($"{name}, CPU of the node", "µs/blob", [.. pushes.Select(push => push.CpuMicroseconds)], null, null);
        }
    }

    /// <summary>32 pushers, each image into a repository of its own, with one base layer and <c>{}</c> in common.</summary>
    public async Task SharedLayerAsync()
    {
        var (cluster, _) = await places.MakeAsync(ClusterPlaces.Stores()[0], 1);
        using var _2 = cluster;
        var node = cluster.Nodes[0];
        using var calls = new BerthTokens(node);
        Images(node, "warm", Pushers);
        Thread.Sleep(500);
        var (log, retries) = (new FileInfo(places.Postgres.Log).Length, calls.ReadMetric("berth_metadata_retries_total"));
        var images = contest.Options.Quick ? 64 : 320;
        var sample = Images(node, "shared", images);
        Thread.Sleep(500);
        var waits = LockWaits.Read(places.Postgres.Log, log, "node");
        var operations = images * 7L;
        var name = $"{images} images of {Pushers} pushers with one base layer and {{}} in common, each into a new repository";
        Add(name, "images/s", [sample.Load.Rate], null, null);
        Add($"{name}, operations run again", "/image", [(calls.ReadMetric("berth_metadata_retries_total") - retries) / images], null, null);
        Add($"{name}, p99 of waits for locks of a request", "ms", [LockWaits.Percentile(waits, operations, 0.99)], null, Target.AtMost(50, "ms"));
        Add($"{name}, longest wait for a lock", "ms", [waits.DefaultIfEmpty().Max()], null, null);
    }

    private RateSample Images(BerthServer node, string prefix, int count)
    {
        var (shared, config) = (SmallContent.Blobs(1, BlobSize)[0], new SmallContent("{}"u8.ToArray()));
        return contest.Run(node, Pushers, new SharedLayerWorkload(node.Requests, $"cluster/{prefix}", shared, config, SmallContent.Blobs(count, 512)), null);
    }

    private RateSample Push(BerthServer node, string repository)
    {
        var blobs = SmallContent.Blobs(Pushes, BlobSize);
        Native.FlushDisks();
        return contest.Run(node, Writers, new BlobPushWorkload(node.Requests, repository, blobs), null);
    }

    private double Put(IBareStore store, string bucket)
    {
        var blobs = SmallContent.Blobs(Pushes, BlobSize);
        Native.FlushDisks();
        var started = Stopwatch.GetTimestamp();
        Parallel.ForEachAsync(
            blobs,
            new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = contest.CancellationToken },
            async (blob, _) => await store.PutAsync(bucket, $"bare/{blob.Digest[7..]}", blob.Bytes)).GetAwaiter().GetResult();
        return blobs.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private void Add(string name, string unit, List<Cost> berth, List<Cost>? reference, Func<Cost, double> value, Target? target) =>
        Add(name, unit, [.. berth.Select(value)], reference?.Select(value).ToList(), target, berth.Max(one => one.Sample.Usage.Others));

    private void Add(string name, string unit, List<double> berth, List<double>? reference, Target? target, double? others = null) => contest.Add(new Figure
    {
        Name = name,
        Unit = unit,
        Berth = Contest.Median(berth),
        Reference = reference is null ? null : Contest.Median(reference),
        Target = target,
        BerthRuns = berth,
        PeerRuns = reference ?? [],
        Others = others,
    });

    /// <summary>A run with what it cost the database: microseconds of processor time and statements, for one request.</summary>
    private readonly record struct Cost(RateSample Sample, double Database, double Statements);
}
