using System.Diagnostics;
using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>Resident memory and the time from a start to the first 200.</summary>
internal sealed class ProcessFigures(Contest contest)
{
    private const double MiB = 1 << 20;
    private const int UploadsAtOnce = 64;

    /// <summary>Starts both servers some times; leaves them running.</summary>
    public void Starts()
    {
        var api = new List<double>();
        var samples = contest.Alternate<double>(
            contest.Options.Starts,
            _ => Restart(contest.Peer).TotalMilliseconds,
            _ =>
            {
                var ready = Restart(contest.Berth).TotalMilliseconds;
                var readyAt = Stopwatch.GetTimestamp();
                api.Add(ready + Stopwatch.GetElapsedTime(readyAt, contest.Berth.WaitForApi()).TotalMilliseconds);
                return ready;
            });

        Add("start to the first 200", "ms", Target.AtMost(8), samples[0], samples[1]);
        Add("start to the first 200 of /v2/ with a credential", "ms", null, samples[0], api);
    }

    /// <summary>Memory of both servers some seconds after their start, with one request answered.</summary>
    public void Idle()
    {
        foreach (var server in contest.Registries)
        {
            server.Stop();
            server.Start();
            server.WaitForApi();
        }

        Thread.Sleep(3000);
        Resident("resident memory, idle", Target.AtMost(4));
    }

    /// <summary>Memory some seconds after all loads that ran before.</summary>
    public void AfterLoad()
    {
        Thread.Sleep(3000);
        Resident("resident memory after the load above", Target.AtMost(5));
    }

    /// <summary>The most memory during 64 uploads at once.</summary>
    public void ManyUploads()
    {
        var highest = contest.Registries.Select(HighestDuringUploads).ToList();
        Add($"resident memory, {UploadsAtOnce} uploads of {contest.Options.ConcurrentBlob >> 20} MiB at once", "MiB", Target.AtMostBytes(512), [highest[0]], [highest[1]]);
    }

    private static TimeSpan Restart(RegistryServer server)
    {
        server.Stop();
        return server.Start();
    }

    private double HighestDuringUploads(RegistryServer server)
    {
        var contents = Enumerable.Range(0, UploadsAtOnce).Select(_ => new LargeContent(contest.Options.ConcurrentBlob)).ToList();
        Native.FlushDisks();
        return ResidentWatch.Highest(server.Process, () =>
        {
            var usage = BulkTransfer.Upload(server.Process, server.Requests, "bench/many", contents);
            Progress.Say($"  {server.Name}: {UploadsAtOnce} uploads in {usage.Elapsed.TotalSeconds:0.0} s, {usage.Server.TotalSeconds:0.0} s CPU");
        }) / MiB;
    }

    private void Resident(string name, Target target) =>
        Add(name, "MiB", target, [contest.Peer.Process.ResidentBytes() / MiB], [contest.Berth.Process.ResidentBytes() / MiB]);

    private void Add(string name, string unit, Target? target, List<double> peer, List<double> berth) => contest.Add(new Figure
    {
        Name = name,
        Unit = unit,
        Berth = Contest.Median(berth),
        Peer = Contest.Median(peer),
        Reference = Contest.Median(peer),
        Target = target,
        BerthRuns = berth,
        PeerRuns = peer,
    });
}
