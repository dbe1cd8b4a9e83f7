using System.Diagnostics;
using Berth.Bench.Servers;

namespace Berth.Bench.Load;

/// <summary>Times one load: the clock, the server's processor time, the generator's own, and what everything else on the machine took.</summary>
internal sealed class Meter(ServerProcess server)
{
    private readonly TimeSpan _server = server.CpuTime();
    private readonly TimeSpan _generator = Environment.CpuUsage.TotalTime;
    private readonly TimeSpan _machine = ProcFiles.MachineBusy();
    private readonly long _started = Stopwatch.GetTimestamp();

    public Usage Stop()
    {
        var elapsed = Stopwatch.GetElapsedTime(_started);
        var own = server.CpuTime() - _server;
        var generator = Environment.CpuUsage.TotalTime - _generator;
        var others = ProcFiles.MachineBusy() - _machine - own - generator;
        return new Usage(elapsed, own, generator, Math.Max(0, others / elapsed));
    }
}

/// <summary>What a load took.</summary>
/// <param name="Elapsed">Wall time.</param>
/// <param name="Server">Processor time of the server's process (with its children, which nginx alone has).</param>
/// <param name="Generator">Processor time of the generator.</param>
/// <param name="Others">Processors kept busy by anything else, the kernel's own work included.</param>
internal readonly record struct Usage(TimeSpan Elapsed, TimeSpan Server, TimeSpan Generator, double Others);
