using System.ComponentModel;
using System.Diagnostics;

namespace Berth.Cli.Health;

/// <summary>Which of the usual client programs this machine has. None of them is needed.</summary>
internal static class ToolProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly (string Name, string[] Arguments)[] Tools =
    [
        ("docker", ["--version"]), ("podman", ["--version"]), ("skopeo", ["--version"]), ("helm", ["version", "--short"]), ("oras", ["version"]), ("cosign", ["version"]),
        ("notation", ["version"]),
    ];

    /// <summary>Asks each for its version, all at once.</summary>
    public static async Task<HealthCheck> LookAsync(CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(Tools.Select(tool => VersionAsync(tool.Name, tool.Arguments, cancellationToken)));
        var here = found.OfType<string>().ToList();
        return HealthCheck.Ok("tools", here.Count == 0 ? $"none of {string.Join(", ", Tools.Select(tool => tool.Name))} is in PATH" : string.Join("; ", here));
    }

    // Null when there is no such program.
    private static async Task<string?> VersionAsync(string tool, string[] arguments, CancellationToken cancellationToken)
    {
        if (PathOf(tool) is not { } path) return null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            try
            {
                process.StandardInput.Close();
                var errors = process.StandardError.ReadToEndAsync(limit.Token);
                var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
                await errors;
                await process.WaitForExitAsync(limit.Token);
                return $"{tool} {FirstVersionIn(output) ?? $"at {path}"}";
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return $"{tool} at {path}, which does not tell its version";
            }
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            return $"{tool} at {path}, which does not start";
        }
    }

    private static string? FirstVersionIn(string text) =>
        text.Split([' ', ',', '\n', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word => word.TrimStart('v') is [>= '0' and <= '9', ..] && word.Contains('.', StringComparison.Ordinal));

    private static string? PathOf(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
}
