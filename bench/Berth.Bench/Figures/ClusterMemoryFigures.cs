using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>Resident memory of a node on PostgreSQL and an object store.</summary>
internal sealed class ClusterMemoryFigures(Contest contest, ClusterPlaces places)
{
    private const double MiB = 1 << 20;
    private const int UploadsAtOnce = 64;

    /// <summary>Without anything to do, beside SQLite and files; then during 64 uploads at once, small and large.</summary>
    public async Task ResidentAsync()
    {
        await using var sink = await ObjectSink.StartAsync();
        using var cluster = places.Make("memory", sink.Settings, 1);
        var node = cluster.Nodes[0];
        var idle = contest.Alternate<double>(contest.Options.Quick ? 1 : 3, _ => Idle(contest.Berth), _ => Idle(node));
        Add("resident memory of a node, idle, beside SQLite and files", idle[1], idle[0], Target.AtMost(1.5));

        var (small, large) = contest.Options.Quick ? (8L << 20, 64L << 20) : (64L << 20, 1L << 30);
        var few = Highest(node, small);
        var many = Highest(node, large);
        Add($"resident memory of a node, {UploadsAtOnce} uploads of {large >> 20} MiB at once, beside {small >> 20} MiB", [many], [few], Target.AtMost(1.2));
        Add($"resident memory of a node, {UploadsAtOnce} uploads of {large >> 20} MiB at once", [many], null, Target.AtMostBytes(768));
    }

    private static double Idle(RegistryServer server)
    {
        server.Stop();
        server.Start();
        server.WaitForApi();
        Thread.Sleep(3000);
        return server.Process.ResidentBytes() / MiB;
    }

    private static double Highest(BerthServer node, long size)
    {
        var contents = Enumerable.Range(0, UploadsAtOnce).Select(_ => new LargeContent(size)).ToList();
        return ResidentWatch.Highest(node.Process, () =>
        {
            var usage = BulkTransfer.Upload(node.Process, node.Requests, "cluster/many", contents);
            Progress.Say($"  {UploadsAtOnce} uploads of {size >> 20} MiB in {usage.Elapsed.TotalSeconds:0.0} s, {usage.Server.TotalSeconds:0.0} s CPU of the node");
        }) / MiB;
    }

    private void Add(string name, List<double> berth, List<double>? reference, Target target) => contest.Add(new Figure
    {
        Name = name,
        Unit = "MiB",
        Berth = Contest.Median(berth),
        Reference = reference is null ? null : Contest.Median(reference),
        Target = target,
        BerthRuns = berth,
        PeerRuns = reference ?? [],
    });
}
