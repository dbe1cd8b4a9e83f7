using System.Diagnostics;

namespace Berth.Bench.Servers;

/// <summary>A program that is run to its end.</summary>
internal static class Command
{
    /// <summary>Runs it; its output is shown only where it fails.</summary>
    public static void Run(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })
            ?? throw new BenchException($"{program} did not start");
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new BenchException($"{program} ended with {process.ExitCode}: {output}{errors.Result}");
    }
}
