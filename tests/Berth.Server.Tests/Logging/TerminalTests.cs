using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.Logging;

/// <summary>The real program on a terminal of its own (by util-linux' <c>script</c>), with one of its streams elsewhere or none.</summary>
public sealed class TerminalTests : IDisposable
{
    private const string ReadyInText = @"^\d\d:\d\d:\d\d\.\d{3} info  Ready: http";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_log_on_a_terminal_is_text_for_people()
    {
        var lines = Lines(await ServeAsync());
        Assert.Contains(lines, line => line.StartsWith("Berth is ready: ", StringComparison.Ordinal));
        Assert.Single(lines, line => Regex.IsMatch(line, ReadyInText));
        Assert.DoesNotContain(lines, line => line.StartsWith('{'));
    }

    [Fact]
    public async Task The_log_is_text_when_stderr_is_a_terminal_and_stdout_a_file()
    {
        var lines = Lines(await ServeAsync($"> {_folder.Path}/out"));
        Assert.Single(lines, line => Regex.IsMatch(line, ReadyInText));
        Assert.StartsWith("Berth is ready: ", await File.ReadAllTextAsync($"{_folder.Path}/out"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_is_json_lines_when_stderr_is_a_file_and_stdout_a_terminal()
    {
        var lines = Lines(await ServeAsync($"2> {_folder.Path}/err"));
        Assert.Single(lines);
        Assert.StartsWith("Berth is ready: ", lines[0], StringComparison.Ordinal);
        AssertJson(await File.ReadAllLinesAsync($"{_folder.Path}/err"));
    }

    [Fact]
    public async Task The_log_is_json_lines_on_a_terminal_when_the_setting_says_so() =>
        AssertJson([.. Lines(await ServeAsync(format: "Json")).Where(line => !line.StartsWith("Berth is ready: ", StringComparison.Ordinal))]);

    [Fact]
    public async Task A_verification_on_a_terminal_shows_a_bar_for_each_step()
    {
        await ServeAsync();
        var shown = await RunAsync($"exec {Program} storage verify --data {_folder.Data}", "Auto", _ => Task.CompletedTask);
        foreach (var step in (string[])["verifying blobs", "verifying manifests", "verifying locations"]) Assert.Contains(step, shown, StringComparison.Ordinal);
        Assert.Contains("0 blobs and 0 manifests verified", shown, StringComparison.Ordinal);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "berth-server");

    // Without what the runtime itself tells a terminal first (keypad mode).
    private static List<string> Lines(string shown) =>
        [.. shown.Replace("\e[?1h\e=", "", StringComparison.Ordinal).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];

    private static void AssertJson(IReadOnlyList<string> lines)
    {
        var messages = lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("message").GetString()!).ToList();
        Assert.Contains(messages, message => message.StartsWith("Ready: http", StringComparison.Ordinal));
    }

    /// <summary>Serves until it is ready and ends it in order; returns what the terminal showed.</summary>
    private Task<string> ServeAsync(string redirection = "", string format = "Auto")
    {
        var (pid, errors) = (Path.Combine(_folder.Path, "pid"), Path.Combine(_folder.Path, "err"));
        var command = $"echo $$ > {pid}; exec {Program} serve --data {_folder.Data} --http 127.0.0.1:0 --https none {redirection}";
        return RunAsync(command, format, async terminal =>
        {
            var clock = Stopwatch.StartNew();
            while (!terminal().Contains("Ready: http", StringComparison.Ordinal) && !(File.Exists(errors) && File.ReadAllText(errors).Contains("Ready: http", StringComparison.Ordinal)))
            {
                Assert.True(clock.Elapsed < Limit, $"It was not ready in time:\n{terminal()}");
                await Task.Delay(50);
            }

            using var kill = Process.Start("kill", ["-TERM", (await File.ReadAllTextAsync(pid)).Trim()]);
            await kill.WaitForExitAsync();
        });
    }

    private async Task<string> RunAsync(string command, string format, Func<Func<string>, Task> meanwhile)
    {
        var start = new ProcessStartInfo(Script(), ["--quiet", "--return", "--flush", "--command", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.Path,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("BERTH_", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        start.Environment["BERTH_OWNER_PASSWORD"] = ServerRun.Password;
        start.Environment["BERTH_Logging__Format"] = format;
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment["TERM"] = "xterm";
        using var script = Process.Start(start)!;
        try
        {
            var shown = new ConcurrentQueue<string>();
            var reading = ReadAsync(script.StandardOutput, shown);
            await meanwhile(() => string.Concat(shown));
            await script.WaitForExitAsync().WaitAsync(Limit);
            await reading.WaitAsync(Limit);
            Assert.True(script.ExitCode == 0, $"It ended with {script.ExitCode}:\n{string.Concat(shown)}");
            return string.Concat(shown);
        }
        finally
        {
            if (!script.HasExited) script.Kill(entireProcessTree: true);
        }
    }

    private static async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> shown)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is var read and > 0) shown.Enqueue(new string(buffer, 0, read));
    }

    private static string Script()
    {
        const string Path = "/usr/bin/script";
        if (File.Exists(Path)) return Path;
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)) Assert.Fail($"{Path} is not installed.");
        Assert.Skip($"{Path} is not installed.");
        return Path;
    }
}
