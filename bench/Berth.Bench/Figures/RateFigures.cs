using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>Requests per second of small reads, at 32 clients.</summary>
internal sealed class RateFigures(Contest contest)
{
    private const int Clients = 32;

    private const string Accept =
        "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json\r\n";

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    /// <summary>Manifest GET by tag and by digest.</summary>
    public void Manifests()
    {
        Prepare();
        Measure("manifest GET by tag", server => Reads(server, i => $"manifests/t{i}"));
        Measure("manifest GET by digest", server => Reads(server, i => $"manifests/{_manifests[i].Digest}"));
    }

    /// <summary>Blob HEAD.</summary>
    public void Heads()
    {
        Prepare();
        Measure(
            "blob HEAD",
            server => new ReadWorkload(
                [.. contest.Layers.Select(layer => server.Requests.Format("HEAD", $"/v2/{Contest.Repository}/blobs/{layer.Digest}"))],
                200, contest.Layers[0].Bytes.Length, isHead: true),
            p99: null);
    }

    /// <summary>A page of 100 of 10 000 tags.</summary>
    public void Tags() => Measure(
        $"tag list, page of 100 of {Preparation.Tags:N0}",
        server => Pages(server, $"/v2/{Preparation.TagRepository}/tags/list?n=100"), rate: Target.AtLeast(10), p99: null);

    /// <summary>A page of 100 of 2 000 repositories.</summary>
    public void Catalog() => Measure(
        $"catalog, page of 100 of {Preparation.Repositories:N0}",
        server => Pages(server, "/v2/_catalog?n=100"), rate: Target.AtLeast(10), p99: null);

    /// <summary>The 16 manifests that are read; all have one length.</summary>
    public static ReadWorkload ManifestReads(RequestWriter requests, string repository, IReadOnlyList<string> references, int length) => new(
        [.. references.Select(reference => requests.Format("GET", $"/v2/{repository}/manifests/{reference}", Accept))], 200, length);

    private void Prepare()
    {
        foreach (var server in contest.Registries)
            contest.Prepare(server, Contest.Repository, [contest.Config, .. contest.Layers], _manifests, "t");
    }

    private ReadWorkload Reads(RegistryServer server, Func<int, string> path) => new(
        [.. Enumerable.Range(0, _manifests.Count).Select(i => server.Requests.Format("GET", $"/v2/{Contest.Repository}/{path(i)}", Accept))],
        200, _manifests[0].Bytes.Length);

    private static ReadWorkload Pages(RegistryServer server, string path) => new([server.Requests.Format("GET", path)], 200, null);

    private void Measure(string name, Func<RegistryServer, Workload> load) => Measure(name, load, Target.AtMost(1.0 / 6));

    private void Measure(string name, Func<RegistryServer, Workload> load, Target? p99, Target? rate = null)
    {
        foreach (var server in contest.Registries) contest.Run(server, Clients, load(server), contest.Options.RateDuration);
        var samples = contest.Alternate<RateSample>(
            contest.Options.RateRounds,
            _ => contest.Run(contest.Peer, Clients, load(contest.Peer), contest.Options.RateDuration),
            _ => contest.Run(contest.Berth, Clients, load(contest.Berth), contest.Options.RateDuration));

        contest.Report(name, "requests/s", rate ?? Target.AtLeast(8), samples[0], samples[1], s => s.Load.Rate);
        contest.Report($"{name}, p99", "ms", p99, samples[0], samples[1], s => s.Load.Latencies.Percentile(0.99));
        contest.Report($"{name}, CPU", "µs/request", null, samples[0], samples[1], s => s.CpuMicroseconds);
    }
}
