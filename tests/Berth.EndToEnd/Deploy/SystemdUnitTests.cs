using System.Globalization;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The systemd unit, as far as it can be judged where systemd need not run.</summary>
public sealed partial class SystemdUnitTests : IDisposable
{
    /// <summary>systemd's exposure, in tenths: it counts from 0 (shut) to 100 (a plain service of root has 96).</summary>
    private const string MostExposure = "16";

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
    public async Task What_the_installer_makes_runs_as_the_user_of_the_unit_and_an_update_keeps_settings_and_data()
    {
        foreach (var tool in (string[])["bash", "systemctl", "systemd-sysusers", "setpriv", "chown"]) Tool.Require(tool);
        if (!Environment.IsPrivilegedProcess) Tool.Lacking("To run as another user is root's to do.");
        if (BuiltProgram.Server is not { } built)
        {
            Tool.Lacking("There is no built berth-server.");
            return;
        }

        // The other user has to come by the test's own folder, too.
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0b111_101_101);
        string At(string path) => Path.Combine(_folder.FullName, path);
        await InstallAsync(built);
        foreach (var file in (string[])["opt/berth/berth-server", "etc/systemd/system/berth.service", "etc/sysusers.d/berth.conf"]) Assert.True(File.Exists(At(file)), file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(At("etc/berth/berth.env")));
        (await Tool.RunAsync(Tool.Require("systemctl"), [$"--root={_folder.FullName}", "enable", "berth"], _folder.FullName)).Succeeded();
        Assert.True(new FileInfo(At("etc/systemd/system/multi-user.target.wants/berth.service")).LinkTarget is not null);

        var user = File.ReadLines(At("etc/passwd")).Single(line => line.StartsWith("berth:", StringComparison.Ordinal)).Split(':');
        var data = Directory.CreateDirectory(At("var/lib/berth")).FullName;
        (await Tool.RunAsync(Tool.Require("chown"), [$"{user[2]}:{user[3]}", data], _folder.FullName)).Succeeded();
        var program = At("berth-as-user");
        await File.WriteAllTextAsync(
            program, $"#!/bin/sh\nexec setpriv --reuid {user[2]} --regid {user[3]} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all {At("opt/berth/berth-server")} \"$@\"\n");
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        await using (var server = new ServerProcess(program, "unit", data: data))
        {
            await server.StartAsync(TimeSpan.FromSeconds(60));
            Assert.Contains($"Uid:\t{user[2]}\t", await File.ReadAllTextAsync($"/proc/{server.Id}/status"), StringComparison.Ordinal);
            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(40)));
        }

        await File.AppendAllTextAsync(At("etc/berth/berth.env"), "BERTH_Domain=registry.example.org\n");
        await File.WriteAllTextAsync(At("opt/berth/from-the-build-before"), "");
        await InstallAsync(built);
        Assert.Equal("BERTH_Domain=registry.example.org\n", await File.ReadAllTextAsync(At("etc/berth/berth.env")));
        Assert.True(ClusterStores.AreUsed || File.Exists(At("var/lib/berth/metadata/berth.db")));
        Assert.Equal(["berth"], Directory.EnumerateFileSystemEntries(At("opt")).Select(Path.GetFileName));
        Assert.False(File.Exists(At("opt/berth/from-the-build-before")));

        var refused = await Tool.RunAsync(Path.Combine(Source, "install"), ["--root", _folder.FullName, _folder.FullName], _folder.FullName);
        Assert.Equal((1, $"install: {_folder.FullName} holds no berth-server; deploy/build makes such a folder\n"), (refused.Status, refused.Errors));
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

    private async Task InstallAsync(string built) =>
        (await Tool.RunAsync(Path.Combine(Source, "install"), ["--root", _folder.FullName, Path.GetDirectoryName(built)!], _folder.FullName)).Succeeded();

    /// <summary>On a copy that starts a program which exists on this machine: an absent one is a fault.</summary>
    private async Task<ToolResult> AnalyzeAsync(string what, params string[] options)
    {
        var unit = Path.Combine(_folder.FullName, "berth.service");
        var text = await File.ReadAllTextAsync(Path.Combine(Source, "berth.service"));
        await File.WriteAllTextAsync(unit, text.Replace("/opt/berth/berth-server", Tool.Require("true"), StringComparison.Ordinal));
        return await Tool.RunAsync(Tool.Require("systemd-analyze"), [what, .. options, unit], _folder.FullName);
    }
}
