using System.ComponentModel;
using System.Diagnostics;
using Berth.Bench.Report;

namespace Berth.Bench.Figures;

/// <summary>How long the native client takes to start and end, beside skopeo, which is compiled natively, too.</summary>
internal sealed class ClientFigures(Contest contest)
{
    /// <summary>Starts both some times; the client is built natively first where it is not.</summary>
    public void Starts()
    {
        var client = Path.Combine(contest.Options.Root, "artifacts", "berth", "native", "berth-cli");
        if (!File.Exists(client)) Run(Path.Combine(contest.Options.Root, "eng", "publish-cli"));
        var samples = contest.Alternate<double>(
            contest.Options.ClientStarts, _ => Run("skopeo", "--version").TotalMilliseconds, _ => Run(client, "--version").TotalMilliseconds);
        contest.Add(new Figure
        {
            Name = "the native client's start and end (`--version`), beside skopeo's",
            Unit = "ms",
            Berth = Contest.Median(samples[1]),
            Peer = Contest.Median(samples[0]),
            Reference = Contest.Median(samples[0]),
            Target = Target.AtMost(1),
            BerthRuns = samples[1],
            PeerRuns = samples[0],
        });
    }

    private static TimeSpan Run(string program, params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var elapsed = Stopwatch.GetElapsedTime(start);
            return process.ExitCode == 0 ? elapsed : throw new BenchException($"{program} ended with {process.ExitCode}.");
        }
        catch (Win32Exception)
        {
            throw new BenchException($"{program} cannot be started; install it first.");
        }
    }
}
