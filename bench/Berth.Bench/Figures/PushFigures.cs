using Berth.Bench.Load;
using Berth.Bench.Report;

namespace Berth.Bench.Figures;

/// <summary>Many small pushes, each acknowledged when it is durable.</summary>
internal sealed class PushFigures(Contest contest)
{
    private const int Clients = 16;
    private const int BlobSize = 4096;
    private const int WarmUp = 300;

    /// <summary>2 000 blobs of 4 KiB, each by POST and PUT.</summary>
    public void Blobs()
    {
        var count = contest.Options.Quick ? 500 : 2000;
        foreach (var server in contest.Registries)
            contest.Run(server, Clients, new BlobPushWorkload(server.Requests, "bench/warm", SmallContent.Blobs(WarmUp, BlobSize)), null);

        var samples = contest.Alternate(
            contest.Options.PushRounds,
            contest.Registries.Select<Servers.RegistryServer, Func<int, RateSample>>(server => round =>
            {
                var blobs = SmallContent.Blobs(count, BlobSize);
                Native.FlushDisks();
                return contest.Run(server, Clients, new BlobPushWorkload(server.Requests, $"bench/blobs-{round}", blobs), null);
            }).ToList());

        var name = $"push of {count:N0} blobs of 4 KiB, {Clients} clients";
        contest.Report(name, "blobs/s", Target.AtLeast(3), samples[0], samples[1], s => s.Load.Rate);
        contest.Report($"{name}, p99", "ms", null, samples[0], samples[1], s => s.Load.Latencies.Percentile(0.99));
        contest.Report($"{name}, CPU", "µs/blob", null, samples[0], samples[1], s => s.CpuMicroseconds);
    }

    /// <summary>500 distinct manifests, each under its own tag.</summary>
    public void Manifests()
    {
        const int Count = 500;
        foreach (var server in contest.Registries)
            contest.Prepare(server, "bench/warm", [contest.Config, contest.Layers[0]], SmallContent.Manifests(WarmUp, contest.Config, contest.Layers[0]), "w");

        var samples = contest.Alternate(
            contest.Options.PushRounds,
            contest.Registries.Select<Servers.RegistryServer, Func<int, RateSample>>(server => round =>
            {
                var repository = $"bench/images-{round}";
                contest.Prepare(server, repository, [contest.Config, contest.Layers[0]], [], "");
                var manifests = SmallContent.Manifests(Count, contest.Config, contest.Layers[0]);
                Native.FlushDisks();
                return contest.Run(server, Clients, new ManifestPushWorkload(server.Requests, repository, "v", manifests), null);
            }).ToList());

        var name = $"push of {Count} manifests, {Clients} clients";
        contest.Report(name, "manifests/s", Target.AtLeast(5), samples[0], samples[1], s => s.Load.Rate);
        contest.Report($"{name}, p99", "ms", null, samples[0], samples[1], s => s.Load.Latencies.Percentile(0.99));
        contest.Report($"{name}, CPU", "µs/manifest", null, samples[0], samples[1], s => s.CpuMicroseconds);
    }
}
