using System.Globalization;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The systemd unit, as far as it can be judged where systemd need not run.</summary>
public sealed partial class SystemdUnitTests : IDisposable
{
    /// <summary>systemd's exposure, in tenths: it counts from 0 (shut) to 100 (a plain service of root has 96).</summary>
    private const string MostExposure = "20";

    private static readonly string Source = Path.Combine(Repository.Root, "deploy", "systemd");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-unit-");

    [Fact]
    public async Task Systemd_finds_no_fault_in_the_unit()
    {
        var verify = (await AnalyzeAsync("verify")).Succeeded();
        Assert.Equal("", (verify.Output + verify.Errors).Trim());
    }

    [Fact]
    public async Task The_service_is_shut_in() => (await AnalyzeAsync("security", "--offline=true", $"--threshold={MostExposure}")).Succeeded();

    [Fact]
    public async Task The_user_of_the_unit_is_the_one_that_is_made()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "etc"));
        (await Tool.RunAsync(Tool.Require("systemd-sysusers"), [$"--root={_folder.FullName}", Path.Combine(Source, "berth.sysusers")], _folder.FullName)).Succeeded();
        var users = await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "etc", "passwd"));
        Assert.Contains(users, u => u.StartsWith(Setting("User") + ":", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stop_waits_longer_than_the_server_lets_requests_end()
    {
        var reference = File.ReadAllText(Path.Combine(Repository.Root, "docs", "reference", "configuration.md"));
        var drain = DrainTimeout().Match(reference);
        Assert.True(drain.Success);
        Assert.InRange(Seconds(Setting("TimeoutStopSec")), Seconds(drain.Groups[1].Value) + 10, 600);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    [GeneratedRegex(@"^\| `Shutdown:DrainTimeout` \| `([0-9]+s)` \|", RegexOptions.Multiline)]
    private static partial Regex DrainTimeout();

    private static int Seconds(string text) => int.Parse(text.AsSpan().TrimEnd('s'), NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Setting(string name) =>
        File.ReadLines(Path.Combine(Source, "berth.service")).Single(l => l.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    /// <summary>On a copy that starts a program which exists on this machine: an absent one is a fault.</summary>
    private async Task<ToolResult> AnalyzeAsync(string what, params string[] options)
    {
        var unit = Path.Combine(_folder.FullName, "berth.service");
        var text = await File.ReadAllTextAsync(Path.Combine(Source, "berth.service"));
        await File.WriteAllTextAsync(unit, text.Replace("/opt/berth/berth-server", Tool.Require("true"), StringComparison.Ordinal));
        return await Tool.RunAsync(Tool.Require("systemd-analyze"), [what, .. options, unit], _folder.FullName);
    }
}
