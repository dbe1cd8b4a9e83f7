using System.Diagnostics;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.Launcher;

/// <summary><c>./berth</c> itself, in a tree of its own with a <c>dotnet</c> that only notes what it was asked for.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _tree;

    public LauncherTests()
    {
        _tree = Path.Combine(_folder.Path, "a tree");
        foreach (var folder in new[] { "src/Berth.Oci", "src/Berth.Cli", "src/Berth.Server", "eng", "bin", "elsewhere" })
            Directory.CreateDirectory(In(folder));
        File.Copy(Path.Combine(GeneratedPage.Root, "berth"), In("berth"));
        foreach (var file in new[] { "Directory.Build.props", "global.json", "eng/Launch.proj", "src/Berth.Server/A.cs", "src/Berth.Server/B.cs", "src/Berth.Cli/C.cs" })
            File.WriteAllText(In(file), "");

        // The "server" is a shell: run with `serve` it runs the script of that name in the folder it was started in.
        Script("bin/dotnet", """
            for argument in "$@"; do
              case $argument in
                -p:LaunchDir=*) dir=${argument#*=} ;;
                -p:PublishReadyToRun=*) ready=${argument#*=} ;;
              esac
            done
            echo "$ready" >>"$NOTES"
            sleep "${SLOW:-0}"
            if [ "${FAIL:-}" = crossgen ] && [ "$ready" = true ]; then echo "error NU1101: Unable to find package Microsoft.NETCore.App.Crossgen2.linux-x64."; exit 1; fi
            if [ "${FAIL:-}" = compile ]; then echo "A.cs(1,1): error CS1002: ; expected"; exit 1; fi
            mkdir -p "$dir/server" "$dir/client"
            cp /bin/bash "$dir/server/berth-server"
            cp /bin/bash "$dir/client/berth-cli"
            """);
        Script("elsewhere/serve", """echo "serves as $$ in $PWD with $*" """);
        Script("elsewhere/version", """echo "client" """);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task First_use_builds_and_the_process_becomes_the_server_in_the_folder_it_was_started_in()
    {
        var run = await RunAsync(["serve", "--data", "some where"]);
        Assert.Equal($"serves as {run.Id} in {In("elsewhere")} with --data some where", run.Output);
        Assert.Contains("first use; building", run.Errors, StringComparison.Ordinal);
        Assert.Equal(["true"], Builds());
    }

    [Theory]
    [InlineData("storage")]
    [InlineData("backup")]
    [InlineData("restore")]
    [InlineData("migrate")]
    public async Task A_command_that_works_on_the_data_folder_is_the_servers(string command)
    {
        Script($"elsewhere/{command}", """echo "${0##*/} by $(readlink "/proc/$$/exe")" """);
        Assert.EndsWith("/server/berth-server", (await RunAsync([command])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_other_command_is_the_clients()
    {
        Assert.Equal("client", (await RunAsync(["version"])).Output);
        Assert.Equal(["true"], Builds());
    }

    [Fact]
    public async Task What_is_built_is_not_built_again()
    {
        await RunAsync(["serve"]);
        Assert.Equal("", (await RunAsync(["serve"])).Errors);
        File.SetLastWriteTimeUtc(Write("src/Berth.Server/packages.lock.json"), DateTime.UtcNow.AddMinutes(1));
        File.SetLastWriteTimeUtc(In("src/Berth.Server"), DateTime.UtcNow.AddHours(-1));
        await RunAsync(["serve"]);
        Assert.Single(Builds());
    }

    [Theory]
    [InlineData("src/Berth.Server/A.cs")]
    [InlineData("Directory.Build.props")]
    [InlineData("global.json")]
    public async Task A_newer_source_file_builds_again(string file)
    {
        await RunAsync(["serve"]);
        File.SetLastWriteTimeUtc(In(file), DateTime.UtcNow.AddMinutes(1));
        Assert.Contains("sources are newer", (await RunAsync(["serve"])).Errors, StringComparison.Ordinal);
        Assert.Equal(2, Builds().Length);
    }

    [Fact]
    public async Task A_source_file_that_is_gone_builds_again()
    {
        await RunAsync(["serve"]);
        await Task.Delay(20);
        File.Delete(In("src/Berth.Server/B.cs"));
        await RunAsync(["serve"]);
        Assert.Equal(2, Builds().Length);
    }

    [Fact]
    public async Task Two_first_starts_build_once()
    {
        var runs = await Task.WhenAll(RunAsync(["serve"], ("SLOW", "1")), RunAsync(["serve"], ("SLOW", "1")));
        Assert.All(runs, r => Assert.StartsWith("serves as", r.Output, StringComparison.Ordinal));
        Assert.Contains(runs, r => r.Errors.Contains("waiting for another build", StringComparison.Ordinal));
        Assert.Single(Builds());
    }

    [Fact]
    public async Task Without_the_ReadyToRun_compiler_it_is_built_without_it_and_says_so()
    {
        var run = await RunAsync(["serve"], ("FAIL", "crossgen"));
        Assert.Contains("building without it", run.Errors, StringComparison.Ordinal);
        Assert.StartsWith("serves as", run.Output, StringComparison.Ordinal);
        Assert.Equal(["true", "false"], Builds());
    }

    [Fact]
    public async Task A_build_that_fails_shows_why_and_starts_nothing()
    {
        var run = await RunAsync(["serve"], ("FAIL", "compile"));
        Assert.NotEqual(0, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains("A.cs(1,1): error CS1002", run.Errors, StringComparison.Ordinal);
        Assert.Equal(["true"], Builds());
        Assert.Empty(Directory.GetDirectories(In("artifacts/berth"), "build-*"));
    }

    [Fact]
    public async Task A_build_that_fails_leaves_the_one_before_in_place()
    {
        await RunAsync(["serve"]);
        File.SetLastWriteTimeUtc(In("src/Berth.Server/A.cs"), DateTime.UtcNow.AddMinutes(1));
        Assert.NotEqual(0, (await RunAsync(["serve"], ("FAIL", "compile"))).ExitCode);
        Assert.True(File.Exists(In("artifacts/berth/current/server/berth-server")));
    }

    [Fact]
    public async Task A_new_build_removes_old_ones_but_none_that_is_running()
    {
        Script("elsewhere/serve", "echo ready; read -r line");
        using var running = Start(["serve"]);
        Assert.Equal("ready", await running.StandardOutput.ReadLineAsync());
        var inUse = Directory.GetDirectories(In("artifacts/berth"), "build-*");

        Script("elsewhere/serve", "echo again");
        for (var i = 1; i <= 2; i++)
        {
            File.SetLastWriteTimeUtc(In("src/Berth.Server/A.cs"), DateTime.UtcNow.AddMinutes(i));
            await RunAsync(["serve"]);
        }

        var left = Directory.GetDirectories(In("artifacts/berth"), "build-*");
        Assert.Contains(Assert.Single(inUse), left);
        Assert.Equal(2, left.Length);
        await running.StandardInput.WriteLineAsync();
        await running.WaitForExitAsync();
    }

    [Fact]
    public async Task A_native_client_is_preferred_while_it_is_newer_than_the_clients_sources()
    {
        Directory.CreateDirectory(In("artifacts/berth/native"));
        Script("artifacts/berth/native/berth-cli", "echo native \"$@\"");
        Write("artifacts/berth/native/stamp");
        Assert.Equal("native acr list", (await RunAsync(["acr", "list"])).Output);
        Assert.Empty(Builds());

        File.SetLastWriteTimeUtc(In("src/Berth.Cli/C.cs"), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal("client", (await RunAsync(["version"])).Output);
    }

    [Fact]
    public async Task Under_the_name_of_a_credential_helper_it_is_one()
    {
        Directory.CreateDirectory(In("artifacts/berth/native"));
        Script("artifacts/berth/native/berth-cli", "echo native \"$@\"");
        Write("artifacts/berth/native/stamp");
        var link = Path.Combine(_folder.Path, "docker-credential-berth");
        File.CreateSymbolicLink(link, In("berth"));
        using var process = Process.Start(Info(link, ["get"], []))!;
        Assert.Equal("native docker-credential get\n", await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
    }

    [Fact]
    public async Task It_may_be_called_through_a_link()
    {
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "link"), In("berth"));
        using var process = Process.Start(Info(Path.Combine(_folder.Path, "link"), ["serve"], []))!;
        Assert.StartsWith("serves as", await process.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        await process.WaitForExitAsync();
    }

    private string In(string path) => Path.Combine(_tree, path);

    private string Write(string path)
    {
        File.WriteAllText(In(path), "");
        return In(path);
    }

    private void Script(string path, string text)
    {
        File.WriteAllText(In(path), $"#!/bin/bash\n{text}\n");
        File.SetUnixFileMode(In(path), (UnixFileMode)0b111_101_101);
    }

    private string[] Builds() => File.Exists(In("notes")) ? File.ReadAllLines(In("notes")) : [];

    private async Task<(int Id, int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] variables)
    {
        using var process = Start(arguments, variables);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.Id, process.ExitCode, output.Trim(), (await errors).Trim());
    }

    private Process Start(string[] arguments, params (string Name, string Value)[] variables) => Process.Start(Info(In("berth"), arguments, variables))!;

    private ProcessStartInfo Info(string launcher, string[] arguments, (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(launcher, arguments)
        {
            WorkingDirectory = In("elsewhere"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{In("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["NOTES"] = In("notes");
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return start;
    }
}
