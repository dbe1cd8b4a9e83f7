using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>A server with short waits for requests, and few connections for one address.</summary>
public sealed class ShortWaits : ServerFixture
{
    /// <summary>How many connections one address may have open.</summary>
    public const int PerAddress = 12;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["BERTH_Connections__PerAddress"] = $"{PerAddress}",
        ["BERTH_Connections__HeadersTimeout"] = "2s",
        ["BERTH_Connections__KeepAliveTimeout"] = "2s",
        ["BERTH_Connections__MaxHeaders"] = "20",
        ["BERTH_RateLimits__Registries"] = "local:Referrers=0/2",
    };
}

/// <summary>Clients that send their requests drop by drop, with too many headers, or on too many connections.</summary>
public sealed class ConnectionTests(ShortWaits fixture) : EndToEndTest<ShortWaits>(fixture)
{
    [Fact]
    public async Task Headers_that_come_drop_by_drop_are_waited_for_no_longer_than_the_limit()
    {
        using var socket = await ConnectAsync("127.0.0.21");
        await socket.SendAsync(Encoding.ASCII.GetBytes("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n"));
        var clock = Stopwatch.StartNew();
        var drops = Task.Run(async () =>
        {
            try
            {
                for (var i = 0; i < 100; i++)
                {
                    await socket.SendAsync(Encoding.ASCII.GetBytes($"X-{i}: a\r\n"));
                    await Task.Delay(500);
                }
            }
            catch (SocketException)
            {
                // The server has closed it.
            }
        });
        Assert.Contains("408", await ReadToEndAsync(socket), StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(20));
        socket.Dispose();
        await drops.WaitAsync(TimeSpan.FromSeconds(60)).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_connection_that_rests_is_closed()
    {
        using var socket = await ConnectAsync("127.0.0.22");
        await socket.SendAsync(Encoding.ASCII.GetBytes("GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        var clock = Stopwatch.StartNew();
        Assert.StartsWith("HTTP/1.1 200", await ReadToEndAsync(socket), StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData(21, 1, 431)]
    [InlineData(1, 40_000, 431)]
    [InlineData(18, 100, 401)]
    public async Task Too_many_headers_or_too_large_ones_are_refused(int count, int length, int status)
    {
        using var socket = await ConnectAsync("127.0.0.23");
        var head = new StringBuilder("GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (var i = 0; i < count; i++) head.Append($"X-{i}: {new string('a', length)}\r\n");
        await socket.SendAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        Assert.StartsWith($"HTTP/1.1 {status} ", await ReadToEndAsync(socket), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_without_end_is_refused()
    {
        using var socket = await ConnectAsync("127.0.0.24");
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /v2/{new string('a', 20_000)}"));
        Assert.StartsWith("HTTP/1.1 414 ", await ReadToEndAsync(socket), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_never_begins_is_not_waited_for()
    {
        using var socket = await ConnectAsync("127.0.0.25", IPEndPoint.Parse(Fixture.Server.Https).Port);
        var clock = Stopwatch.StartNew();
        Assert.Equal("", await ReadToEndAsync(socket));
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task One_address_has_so_many_connections_and_no_more_and_another_has_its_own()
    {
        var open = new List<Socket>();
        try
        {
            for (var i = 0; i < ShortWaits.PerAddress; i++) open.Add(await ConnectAsync("127.0.0.26"));
            await Task.Delay(300);
            Assert.Equal("", await ConnectAndAskAsync("127.0.0.26"));
            Assert.StartsWith("HTTP/1.1 200", await ConnectAndAskAsync("127.0.0.27"), StringComparison.Ordinal);
        }
        finally
        {
            foreach (var socket in open) socket.Dispose();
        }

        for (var i = 0; i < 100; i++)
        {
            if ((await ConnectAndAskAsync("127.0.0.26")).StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) return;
            await Task.Delay(100);
        }

        Assert.Fail("The places of closed connections are not given back.");
    }

    [Fact]
    public async Task A_limit_of_a_registry_is_given_by_a_setting_and_health_has_none()
    {
        var target = $"/v2/{Repo}/referrers/{Content.UnknownDigest()}";
        for (var i = 0; i < 2; i++) (await Client.GetAsync(target)).Expect(200);
        var refused = (await Client.GetAsync(target)).ExpectError(429, "TOOMANYREQUESTS");
        Assert.InRange(int.Parse(refused.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 30);
        for (var i = 0; i < 20; i++) (await Client.GetAsync("/healthz/ready")).Expect(200);
        var metrics = (await Client.GetAsync("/metrics")).Expect(200).Text;
        Assert.Matches("""berth_limit_refused_total\{[^}]*class="referrers"[^}]*registry="local"[^}]*scope="caller"[^}]*\} 1""", metrics);
    }

    private async Task<Socket> ConnectAsync(string source, int? port = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port ?? Fixture.Endpoint.Address.Port);
        return socket;
    }

    // Nothing where the connection is refused, which may be seen before it counts as made.
    private async Task<string> ConnectAndAskAsync(string source)
    {
        try
        {
            using var socket = await ConnectAsync(source);
            return await AskAsync(socket);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<string> AskAsync(Socket socket)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes("GET /healthz/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            return await ReadToEndAsync(socket);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var read) text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // Reset: the server has closed it with bytes unread.
        }

        return text.ToString();
    }
}
