using System.Net.Sockets;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>A server with little memory, and room for a known number of connections.</summary>
public sealed class SmallMemory : ServerFixture
{
    /// <summary>How many connections may be open.</summary>
    public const int Connections = 2_200;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["DOTNET_GCHeapHardLimit"] = $"{384 << 20:X}",
        ["BERTH_Memory__MaxConnections"] = $"{Connections}",
    };
}

/// <summary>Clients that begin requests and do not go on.</summary>
public sealed class HalfRequestTests(SmallMemory fixture) : EndToEndTest<SmallMemory>(fixture)
{
    [Fact]
    public async Task Thousands_of_them_leave_room_for_a_push_and_a_pull_and_no_more_than_the_limit_are_open()
    {
        var half = new List<Socket>();
        try
        {
            for (var i = 0; i < 2_000; i++) half.Add(await OpenHalfAsync());
            var blob = await Client.PushAsync(Repo, BlobContent.Layer(20_000_000));
            (await Client.GetAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(200).ExpectBody(blob.Bytes);

            var refused = 0;
            for (var i = 0; i < 300; i++)
            {
                var socket = await OpenHalfAsync();
                half.Add(socket);
                if (await IsClosedAsync(socket)) refused++;
            }

            Assert.InRange(refused, 50, 200);
        }
        finally
        {
            foreach (var socket in half) socket.Dispose();
        }

        await EventuallyAsync(async () => (await Client.GetAsync("/v2/")).Status == 200);
        Assert.True(Fixture.Server.IsRunning);
    }

    private async Task<Socket> OpenHalfAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(Fixture.Endpoint.Address.Host, Fixture.Endpoint.Address.Port);
            await socket.SendAsync("GET /v2/ HTTP/1.1\r\nHost: localh"u8.ToArray());
        }
        catch (SocketException)
        {
            // Closed by the server between the two: that is what the limit does.
        }

        return socket;
    }

    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        if (!socket.Connected) return true;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        try
        {
            return await socket.ReceiveAsync(new byte[1], patience.Token) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 100; i++)
        {
            try
            {
                if (await condition()) return;
            }
            catch (HttpRequestException)
            {
                // A connection that came while the others were still being closed.
            }

            await Task.Delay(100);
        }

        Assert.Fail("The server does not answer again.");
    }
}
