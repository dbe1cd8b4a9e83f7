using System.Diagnostics;

namespace Berth.EndToEnd.Harness;

/// <summary>A server and a containerd of its own, on a socket in the clients' folder.</summary>
public class ContainerdFixture : ServerFixture
{
    private Process? _daemon;
    private Task _log = Task.CompletedTask;

    /// <summary>Starts containerd once; without it the test is skipped, or fails on continuous integration.</summary>
    public async Task StartDaemonAsync()
    {
        if (_daemon is not null) return;
        Tool.Require("ctr");
        var home = Directory.CreateDirectory(Path.Combine(Folder, "containerd")).FullName;
        var configuration = Path.Combine(home, "config.toml");
        await File.WriteAllTextAsync(configuration, $"""
            version = 2
            root = "{home}/root"
            state = "{home}/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri"]
            [grpc]
            address = "{Socket}"
            [ttrpc]
            address = "{Socket}.ttrpc"
            """);
        _daemon = Tool.Start(Tool.Require("containerd"), ["-c", configuration], home, ClientEnvironment);
        _daemon.StandardInput.Close();
        _log = Task.WhenAll(_daemon.StandardOutput.BaseStream.CopyToAsync(Stream.Null), LogAsync(_daemon, Path.Combine(home, "log")));
        for (var i = 0; i < 100; i++)
        {
            if ((await CtrAsync("version")).Status == 0) return;
            if (_daemon.HasExited) break;
            await Task.Delay(200);
        }

        Tool.Lacking("containerd does not start here: " + await File.ReadAllTextAsync(Path.Combine(home, "log")));
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_daemon is not null)
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{_daemon.Id}"])) await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            try
            {
                await _daemon.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _daemon.Kill();
                await _daemon.WaitForExitAsync();
            }

            await _log;
            _daemon.Dispose();
        }

        await base.DisposeAsync();
    }

    /// <summary>Runs ctr against the daemon.</summary>
    internal Task<ToolResult> CtrAsync(params string[] arguments) => RunAsync("ctr", ["-a", Socket, .. arguments]);

    private string Socket => Path.Combine(Folder, "c.sock");

    private static async Task LogAsync(Process daemon, string path)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await daemon.StandardError.BaseStream.CopyToAsync(file);
    }
}
