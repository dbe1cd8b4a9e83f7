using System.Diagnostics;

namespace Berth.EndToEnd.Harness;

/// <summary>What a program said and how it ended.</summary>
/// <param name="Command">The command line.</param>
/// <param name="Status">The exit status; null when it was ended for taking too long.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record ToolResult(string Command, int? Status, string Output, string Errors)
{
    /// <summary>The result itself when the program succeeded.</summary>
    public ToolResult Succeeded()
    {
        Assert.True(Status == 0, ToString());
        return this;
    }

    /// <summary>The result itself when the program failed and said that it was about credentials.</summary>
    public ToolResult Refused()
    {
        Assert.True(Status is not (0 or null), $"was let in: {this}");
        Assert.Matches("(?i)unauthori[sz]ed|authentication required|invalid username/password|401", Output + Errors);
        return this;
    }

    /// <summary>The result itself when the program failed and said that it was about rights or credentials.</summary>
    public ToolResult Denied()
    {
        Assert.True(Status is not (0 or null), $"was let in: {this}");
        Assert.Matches("(?i)denied|unauthori[sz]ed|authori[sz]ation|authentication required|forbidden|40[13]", Output + Errors);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Command}\n  -> {(Status is null ? "over its time" : Status)}\n{Tail(Output)}\n{Tail(Errors)}";

    private static string Tail(string text) => text.Length > 3000 ? "…" + text[^3000..] : text;
}

/// <summary>Runs programs, each with a time limit.</summary>
internal static class Tool
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/local/sbin", "/usr/sbin", "/sbin"];

    /// <summary>The path of a program, or null.</summary>
    public static string? Find(string name) => Folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);

    /// <summary>The path of a program; where it is lacking the test is skipped, or fails on continuous integration.</summary>
    public static string Require(string name)
    {
        if (Find(name) is { } path) return path;
        Lacking($"{name} is not installed.");
        return "";
    }

    /// <summary>Skips the test, or fails it on continuous integration.</summary>
    public static void Lacking(string reason)
    {
        if (Testing.TestRun.IsContinuousIntegration) Assert.Fail(reason);
        Assert.Skip(reason);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ToolResult> RunAsync(
        string path, IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null, string? input = null, TimeSpan? limit = null)
    {
        using var process = Start(path, arguments, folder, environment);
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(limit ?? TimeSpan.FromMinutes(2));
        int? status = null;
        try
        {
            await process.WaitForExitAsync(timeout.Token);
            status = process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        return new ToolResult($"{Path.GetFileName(path)} {string.Join(' ', arguments)}", status, await output, await errors);
    }

    /// <summary>Starts a program whose three streams are pipes; of the tests' own environment it is told nothing that is about Berth.</summary>
    public static Process Start(string path, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("BERTH_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        start.Environment["PATH"] = string.Join(':', Folders);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
    }
}
