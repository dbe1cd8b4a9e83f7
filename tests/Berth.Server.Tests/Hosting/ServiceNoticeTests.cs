using System.Net.Sockets;
using System.Text;

namespace Berth.Server.Tests.Hosting;

/// <summary>What systemd hears of the real program.</summary>
public sealed class ServiceNoticeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Systemd_hears_when_it_serves_and_how_long_its_end_may_take(bool isAbstract)
    {
        var name = isAbstract ? $"berth-{Guid.NewGuid():N}" : Path.Combine(Path.GetTempPath(), $"berth-{Guid.NewGuid():N}");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + name : name));
        var variables = new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = isAbstract ? '@' + name : name, ["BERTH_Shutdown__DrainTimeout"] = "90s", ["BERTH_Shutdown__Delay"] = "2s" };

        await using (var run = await ServerRun.StartAsync(_folder.Data, variables: variables))
        {
            Assert.Equal("READY=1", await ReceiveAsync(systemd));
            using var http = ServerRun.Client();
            Assert.True((await http.GetAsync(new Uri(run.Http, "/healthz/ready"))).IsSuccessStatusCode);

            run.Terminate();
            Assert.Equal("STOPPING=1\nEXTEND_TIMEOUT_USEC=107000000", await ReceiveAsync(systemd));
            Assert.Equal(0, await run.WaitForEndAsync());
        }

        if (!isAbstract) File.Delete(name);
    }

    [Fact]
    public async Task A_socket_that_nobody_reads_is_a_warning_and_it_serves()
    {
        var variables = new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = "/nonexistent/notify" };
        await using var run = await ServerRun.StartAsync(_folder.Data, variables: variables);
        using var http = ServerRun.Client();
        Assert.True((await http.GetAsync(new Uri(run.Http, "/healthz/ready"))).IsSuccessStatusCode);
        run.Terminate();
        Assert.Equal(0, await run.WaitForEndAsync());
        Assert.Contains("systemd was not told READY=1 at /nonexistent/notify", run.Errors, StringComparison.Ordinal);
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[512];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
    }
}
