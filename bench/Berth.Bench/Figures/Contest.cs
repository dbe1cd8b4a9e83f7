using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>The two registries with the content that both hold, and how a figure is taken: in turns.</summary>
internal sealed class Contest(PeerServer peer, BerthServer berth, BenchOptions options, Results results, CancellationToken cancellationToken)
{
    /// <summary>The repository that reads go to.</summary>
    public const string Repository = "bench/app";

    // p50 moves by half on a machine that is not alone; growth with the logarithm of the size is a few per cent.
    private const double Flat = 1.5;

    public PeerServer Peer { get; } = peer;

    public BerthServer Berth { get; } = berth;

    public BenchOptions Options { get; } = options;

    public Results Results { get; } = results;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    public SmallContent Config { get; } = new("""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"""u8.ToArray());

    public List<SmallContent> Layers { get; } = SmallContent.Blobs(6, 4096);

    public IReadOnlyList<RegistryServer> Registries => [Peer, Berth];

    /// <summary>
    /// Takes rounds of each side in turn, every other round in the opposite order, so that a drift of the machine touches all sides alike.
    /// </summary>
    /// <returns>The samples of each side.</returns>
    public List<List<T>> Alternate<T>(int rounds, params IReadOnlyList<Func<int, T>> sides)
    {
        var samples = sides.Select(_ => new List<T>()).ToList();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < sides.Count; i++)
            {
                CancellationToken.ThrowIfCancellationRequested();
                var side = round % 2 == 0 ? i : sides.Count - 1 - i;
                samples[side].Add(sides[side](round));
            }
        }

        return samples;
    }

    /// <summary>Pushes what a load needs before it: blobs, then manifests under tags.</summary>
    public void Prepare(RegistryServer server, string repository, IReadOnlyList<SmallContent> blobs, IReadOnlyList<SmallContent> manifests, string tagPrefix) =>
        Prepare(server, server.Requests, repository, blobs, manifests, tagPrefix);

    /// <summary>The same with requests of another kind than the server's own, such as those for another of its registries.</summary>
    public void Prepare(
        RegistryServer server, RequestWriter requests, string repository, IReadOnlyList<SmallContent> blobs, IReadOnlyList<SmallContent> manifests, string tagPrefix)
    {
        Run(server, 4, new BlobPushWorkload(requests, repository, blobs), null);
        Run(server, 4, new ManifestPushWorkload(requests, repository, tagPrefix, manifests), null);
    }

    /// <summary>Runs a load against a server.</summary>
    public RateSample Run(RegistryServer server, int clients, Workload workload, TimeSpan? duration)
    {
        try
        {
            var meter = new Meter(server.Process);
            var load = LoadGenerator.Run(server.Requests.Target, clients, workload, duration, CancellationToken);
            return new RateSample(load, meter.Stop());
        }
        catch (BenchException e)
        {
            throw new BenchException($"{server.Name}: {e.Message}; its log ends with\n{server.Process.LogTail()}");
        }
    }

    /// <summary>Adds a figure made of one number of each sample.</summary>
    public void Report(
        string name, string unit, Target? target, IReadOnlyList<RateSample> peer, IReadOnlyList<RateSample> berth, Func<RateSample, double> value)
    {
        var ofPeer = peer.Select(value).ToList();
        var ofBerth = berth.Select(value).ToList();
        Add(new Figure
        {
            Name = name,
            Unit = unit,
            Berth = Median(ofBerth),
            Peer = Median(ofPeer),
            Reference = Median(ofPeer),
            Target = target,
            BerthRuns = ofBerth,
            PeerRuns = ofPeer,
            GeneratorBesideBerth = Median(berth.Select(s => s.GeneratorShare)),
            GeneratorBesidePeer = Median(peer.Select(s => s.GeneratorShare)),
            Others = berth.Concat(peer).Max(s => s.Usage.Others),
        });
    }

    /// <summary>Adds a figure, and says it at once.</summary>
    public void Add(Figure figure)
    {
        Results.Figures.Add(figure);
        Progress.Say(figure);
    }

    /// <summary>Takes one operation at all sizes in turn, those left out that do not fill a page; it must not grow with the size.</summary>
    public void Compare(string what, string operation, SizedServers servers, int fills, Func<BerthServer, int, int, RateSample> run)
    {
        var sides = servers.All.Where(side => side.Size >= fills).ToList();
        foreach (var (size, berth) in sides) run(berth, size, -1);
        var samples = Alternate(
            Options.RateRounds, sides.Select<(int Size, BerthServer Berth), Func<int, RateSample>>(side => round => run(side.Berth, side.Size, round)).ToList());
        Add(new Growth(what, operation, [.. sides.Select((side, i) => Point(side.Size, samples[i]))], Flat));
    }

    /// <summary>Adds what was found out about growth, and says it at once.</summary>
    public void Add(Growth growth)
    {
        Results.Growths.Add(growth);
        Progress.Say(growth);
    }

    /// <summary>The medians of some runs at one size.</summary>
    public static GrowthPoint Point(long size, params IReadOnlyList<RateSample> samples) => new(
        size,
        Median(samples.Select(sample => sample.Load.Rate)),
        Median(samples.Select(sample => sample.Load.Latencies.Percentile(0.5))),
        Median(samples.Select(sample => sample.Load.Latencies.Percentile(0.99))),
        Median(samples.Select(sample => sample.CpuMicroseconds)));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

/// <summary>One run of a load.</summary>
internal readonly record struct RateSample(LoadResult Load, Usage Usage)
{
    /// <summary>Processors that the generator kept busy.</summary>
    public double GeneratorShare => Usage.Generator / Usage.Elapsed;

    /// <summary>The server's processor microseconds for one operation.</summary>
    public double CpuMicroseconds => Usage.Server.TotalMicroseconds / Load.Latencies.Count;
}
