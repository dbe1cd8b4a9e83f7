using System.Diagnostics;
using System.Globalization;
using Berth.Bench.Load;
using Berth.Bench.Servers;

namespace Berth.Bench;

/// <summary>Shows that the load generator is not what limits a figure: the same load on nginx, by wrk and by us.</summary>
internal static class GeneratorCheck
{
    private const int Clients = 32;
    private const int Rounds = 3;
    private const int Seconds = 4;

    public static void Run(string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        using var nginx = new NginxServer(folder);
        var content = new SmallContent(new byte[800]);
        File.WriteAllBytes(Path.Combine(nginx.Root, "manifest"), content.Bytes);
        var request = nginx.Requests.Format("GET", "/manifest");
        for (var round = 0; round < Rounds; round++)
        {
            var meter = new Meter(nginx.Process);
            var load = LoadGenerator.Run(
                nginx.Requests.Target, Clients, new ReadWorkload([request], 200, content.Bytes.Length), TimeSpan.FromSeconds(Seconds), cancellationToken);
            var usage = meter.Stop();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"ours: {load.Rate:N0} requests/s, p50 {load.Latencies.Percentile(0.5):0.00} ms, p99 {load.Latencies.Percentile(0.99):0.00} ms, generator {usage.Generator / usage.Elapsed:0.00} CPU, nginx {usage.Server / usage.Elapsed:0.00} CPU"));
            Console.WriteLine("wrk:  " + Wrk($"http://{nginx.Requests.Target}/manifest"));
        }
    }

    private static string Wrk(string address)
    {
        using var process = Process.Start(new ProcessStartInfo("wrk", ["-t2", $"-c{Clients}", $"-d{Seconds}s", "--latency", address]) { RedirectStandardOutput = true })
            ?? throw new BenchException("wrk did not start");
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries);
        process.WaitForExit();
        return string.Join(", ", lines.Where(line => line.StartsWith("Requests/sec", StringComparison.Ordinal) || line.StartsWith("50%", StringComparison.Ordinal) || line.StartsWith("99%", StringComparison.Ordinal)));
    }
}
