using System.Security.Cryptography;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>Large blobs: pulls by 8 clients over plain HTTP and TLS, pushes by one.</summary>
internal sealed class BulkFigures(Contest contest, NginxServer nginx)
{
    private const int Clients = 8;
    private const double GiB = 1L << 30;
    private const string Repository = "bench/large";

    private LargeContent? _content;

    /// <summary>GET over plain HTTP, beside nginx.</summary>
    public void Pull()
    {
        var content = Content();
        var samples = contest.Alternate<Usage>(
            contest.Options.PullRounds,
            _ => Get(contest.Peer, content),
            _ => BulkTransfer.Download(nginx.Process, nginx.Requests.Target, false, Clients, nginx.Requests.Format("GET", "/large"), content.Size),
            _ => Get(contest.Berth, content));

        var moved = Clients * content.Size;
        var name = $"blob GET {Name(content.Size)}, {Clients} clients";
        Throughput(name, Target.AtLeast(0.75), moved, samples[0], samples[2], samples[1]);
        CpuPerGiB(name, Target.AtMost(1.3), moved, samples[0], samples[2], samples[1]);
    }

    /// <summary>GET over TLS.</summary>
    public void PullTls()
    {
        var content = Content();
        contest.Peer.StartTls();
        try
        {
            foreach (var server in contest.Registries) contest.Results.Remarks.Add($"TLS of {server.Name}: {Handshake(server)}, HTTP/1.1.");
            var samples = contest.Alternate<Usage>(
                contest.Options.PullRounds, _ => GetTls(contest.Peer, content), _ => GetTls(contest.Berth, content));

            var moved = Clients * content.Size;
            var name = $"blob GET {Name(content.Size)} over TLS, {Clients} clients";
            Throughput(name, Target.AtLeast(0.9), moved, samples[0], samples[1]);
            CpuPerGiB(name, Target.AtMost(1.35), moved, samples[0], samples[1]);
        }
        finally
        {
            contest.Peer.StopTls();
        }
    }

    /// <summary>PUT of distinct contents, one after another.</summary>
    public void Push()
    {
        var size = contest.Options.LargeBlob;
        foreach (var server in contest.Registries) Put(server, new LargeContent(64L << 20));

        var samples = contest.Alternate<Usage>(
            contest.Options.Quick ? 2 : 3, _ => Put(contest.Peer, new LargeContent(size)), _ => Put(contest.Berth, new LargeContent(size)));
        var name = $"blob push {Name(size)}, 1 client";
        Throughput(name, Target.AtLeast(2.5), size, samples[0], samples[1]);
        CpuPerGiB(name, Target.AtMost(0.55), size, samples[0], samples[1]);
    }

    private static Usage Put(RegistryServer server, LargeContent content)
    {
        Native.FlushDisks();
        return BulkTransfer.Upload(server.Process, server.Requests, Repository, [content]);
    }

    private static Usage Get(RegistryServer server, LargeContent content) => BulkTransfer.Download(
        server.Process, server.Requests.Target, false, Clients, server.Requests.Format("GET", Path(content)), content.Size);

    private static Usage GetTls(RegistryServer server, LargeContent content) => BulkTransfer.Download(
        server.TlsProcess, server.TlsTarget, true, Clients, server.Requests.Format("GET", Path(content)), content.Size);

    private static string Path(LargeContent content) => $"/v2/{Repository}/blobs/{content.Digest}";

    private static string Handshake(RegistryServer server)
    {
        using var wire = new TlsWire(server.TlsTarget);
        return wire.Cipher;
    }

    /// <summary>The large blob on all three servers; each is read and hashed once, which also warms the page cache.</summary>
    private LargeContent Content()
    {
        if (_content is not null) return _content;

        Progress.Say("  placing the large blob");
        var content = new LargeContent(contest.Options.LargeBlob);
        content.WriteTo(System.IO.Path.Combine(nginx.Root, "large"));
        Check(nginx.Requests, "/large", content);
        foreach (var server in contest.Registries)
        {
            BulkTransfer.Upload(server.Process, server.Requests, Repository, [content]);
            Check(server.Requests, Path(content), content);
        }

        Native.FlushDisks();
        return _content = content;
    }

    private static void Check(RequestWriter requests, string path, LargeContent content)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{requests.Target}{path}");
        request.Headers.TryAddWithoutValidation("Authorization", requests.Authorization);
        using var response = http.Send(request, HttpCompletionOption.ResponseHeadersRead);
        using var body = response.Content.ReadAsStream();
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(body));
        if (digest != content.Digest) throw new BenchException($"{path} came as {digest}");
    }

    private void Throughput(string name, Target target, long moved, List<Usage> peer, List<Usage> berth, List<Usage>? best = null) =>
        Add(name, "GB/s", target, peer, berth, best, usage => moved / 1e9 / usage.Elapsed.TotalSeconds, Math.Max);

    private void CpuPerGiB(string name, Target target, long moved, List<Usage> peer, List<Usage> berth, List<Usage>? best = null) =>
        Add($"{name}, CPU", "CPU s/GiB", target, peer, berth, best, usage => usage.Server.TotalSeconds / (moved / GiB), (ofPeer, _) => ofPeer);

    private void Add(
        string name, string unit, Target target, List<Usage> peer, List<Usage> berth, List<Usage>? best,
        Func<Usage, double> value, Func<double, double, double> reference)
    {
        var ofPeer = Contest.Median(peer.Select(value));
        var ofBest = best is null ? (double?)null : Contest.Median(best.Select(value));
        contest.Add(new Figure
        {
            Name = name,
            Unit = unit,
            Berth = Contest.Median(berth.Select(value)),
            Peer = ofPeer,
            Nginx = ofBest,
            Reference = reference(ofPeer, ofBest ?? ofPeer),
            Target = target,
            BerthRuns = [.. berth.Select(value)],
            PeerRuns = [.. peer.Select(value)],
            GeneratorBesideBerth = Share(berth),
            GeneratorBesidePeer = Share(peer),
            Others = berth.Concat(peer).Max(usage => usage.Others),
        });
    }

    private static double Share(List<Usage> usages) => Contest.Median(usages.Select(usage => usage.Generator / usage.Elapsed));

    private static string Name(long size) => size >= 1 << 30 ? $"{size >> 30} GiB" : $"{size >> 20} MiB";
}
