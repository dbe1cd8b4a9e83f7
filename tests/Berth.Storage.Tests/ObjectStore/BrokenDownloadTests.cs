using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Storage.AzureBlob;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>A service that breaks off while a blob is read, and again when the SDK asks for the rest.</summary>
public sealed class BrokenDownloadTests : IDisposable
{
    private const int Length = 1000;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_ends_the_reading_is_a_broken_connection_to_who_reads(bool answersAgain)
    {
        _listener.Start();
        var serving = ServeAsync(answersAgain);
        var options = new AzureBlobOptions { Container = "c", Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}"), Account = "none", AccountKey = "bm9uZQ==" };
        using var client = new AzureBlobClient(options, TimeProvider.System);

        await using var stream = await client.GetAsync("key", 0, Token);
        var buffer = new byte[Length];
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            for (var read = 1; read > 0;) read = await stream.ReadAsync(buffer, Token);
        });

        _listener.Stop();
        await serving;
    }

    [Fact]
    public async Task Who_gives_up_a_read_gives_up_what_is_asked_anew_for_it()
    {
        _listener.Start();
        var silent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var serving = ServeOnceAsync(silent);
        var options = new AzureBlobOptions { Container = "c", Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}"), Account = "none", AccountKey = "bm9uZQ==" };
        using var client = new AzureBlobClient(options, TimeProvider.System);
        await using var stream = await client.GetAsync("key", 0, Token);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var reading = ReadToEndAsync();
        await silent.Task.WaitAsync(TimeSpan.FromSeconds(20), Token);

        await given.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromSeconds(20), Token));
        await serving;

        async Task ReadToEndAsync()
        {
            var buffer = new byte[Length];
            for (var read = 1; read > 0;) read = await stream.ReadAsync(buffer, given.Token);
        }
    }

    // The first request gets a little of what it asks for; the second is read, and not answered until its client is gone.
    private async Task ServeOnceAsync(TaskCompletionSource silent)
    {
        var request = new byte[8192];
        using (var first = await _listener.AcceptSocketAsync(Token))
        {
            await first.ReceiveAsync(request, Token);
            var head = $"HTTP/1.1 200 OK\r\nContent-Length: {Length}\r\nETag: \"1\"\r\nLast-Modified: Sat, 28 Nov 2026 12:00:00 GMT\r\n";
            await first.SendAsync(Encoding.ASCII.GetBytes(head + "x-ms-blob-type: BlockBlob\r\n\r\n0123456789"), Token);
            first.Shutdown(SocketShutdown.Both);
        }

        using var second = await _listener.AcceptSocketAsync(Token);
        await second.ReceiveAsync(request, Token);
        silent.SetResult();
        try
        {
            while (await second.ReceiveAsync(request, Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset.
        }
    }

    private async Task ServeAsync(bool answersAgain)
    {
        try
        {
            for (var requests = 0; requests < 50; requests++)
            {
                using var socket = await _listener.AcceptSocketAsync(Token);
                var request = new byte[8192];
                var length = await socket.ReceiveAsync(request, Token);
                var isFirst = requests == 0;
                if (isFirst || answersAgain)
                {
                    var status = isFirst ? "200 OK" : $"206 Partial Content\r\nContent-Range: bytes 10-{Length - 1}/{Length}";
                    var head = $"HTTP/1.1 {status}\r\nContent-Length: {(isFirst ? Length : Length - 10)}\r\nETag: \"1\"\r\nLast-Modified: Sat, 28 Nov 2026 12:00:00 GMT\r\nx-ms-blob-type: BlockBlob\r\n\r\n";
                    await socket.SendAsync(Encoding.ASCII.GetBytes(isFirst ? $"{head}0123456789" : head), Token);
                }

                // Ends in order, so that what was sent arrives: it is less than was promised.
                socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
