using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Berth.Bench.Report;

/// <summary>Where and with what the figures were taken.</summary>
internal sealed record Machine(
    string Processor, int Processors, string Memory, string System, string Runtime, string Peer, string Nginx, string FileSystem, string Commit, string Date)
{
    public static Machine Read(string root, string folder)
    {
        var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        return new Machine(
            processor ?? RuntimeInformation.ProcessArchitecture.ToString(),
            Environment.ProcessorCount,
            string.Create(CultureInfo.InvariantCulture, $"{memory:0.#} GiB"),
            $"{Pretty()}, kernel {Environment.OSVersion.Version}",
            RuntimeInformation.FrameworkDescription,
            FirstLine("docker-registry", "--version"),
            FirstLine("/usr/sbin/nginx", "-v"),
            new DriveInfo(folder).DriveFormat,
            FirstLine("git", "-C", root, "rev-parse", "--short", "HEAD"),
            TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    private static string Pretty() => File.ReadLines("/etc/os-release")
        .FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?.Split('=')[1].Trim('"') ?? "Linux";

    private static string FirstLine(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new BenchException($"{program} did not start");
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return output.Split('\n')[0].Trim();
    }
}
