using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Clients that lie about a body's length, or write where another writes.</summary>
public sealed class HostileUploadTests
{
    [Fact]
    public async Task A_writer_that_lost_its_session_writes_nothing_over_its_successors_bytes()
    {
        await using var host = await RegistryHost.StartAsync();
        var session = await OpenAsync(host);
        var stale = new byte[4_096];
        var good = Encoding.UTF8.GetBytes(new string('g', 64 * 1024));
        var digest = Digest.Compute(DigestAlgorithm.Sha256, good);

        using var first = new PausedContent(stale);
        var late = host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Patch, session) { Content = first });
        await first.Paused;
        await UntilWrittenAsync(host, stale.Length);
        host.Time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(session, new ByteArrayContent(good))).StatusCode);
        first.GoOn();
        Assert.Equal(HttpStatusCode.NotFound, (await late).StatusCode);

        Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync($"{session}?digest={digest}", new ByteArrayContent([]))).StatusCode);
        Assert.Equal(good, (await host.Client.GetBlobAsync("hostile", digest)).Body);
    }

    [Theory]
    [InlineData("Content-Length: 200000\r\n", "", "")]
    [InlineData("Transfer-Encoding: chunked\r\n", "186a0\r\n", "\r\n")]
    public async Task A_pause_over_the_end_of_a_window_in_which_enough_came_does_not_end_the_transfer(string framing, string before, string after)
    {
        await using var host = await RegistryHost.StartAsync(
            options: new RegistryOptions { Distribution = new() { StallLimit = TimeSpan.FromMilliseconds(300) } });
        var session = await OpenAsync(host);
        byte[] half = [.. Encoding.ASCII.GetBytes(before), .. new byte[100_000], .. Encoding.ASCII.GetBytes(after)];
        var address = host.Client.BaseAddress!;
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port);
        await using var stream = socket.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"PATCH {session} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {await host.Endpoint.AuthorizeAsync("PATCH", session)}\r\n{framing}\r\n"));
        await stream.WriteAsync(half);
        await Task.Delay(TimeSpan.FromSeconds(1)); // the window's timer is a real one
        await stream.WriteAsync(half);
        if (before.Length > 0) await stream.WriteAsync("0\r\n\r\n"u8.ToArray());

        var buffer = new byte[1_024];
        var answer = Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
        Assert.StartsWith("HTTP/1.1 202 ", answer, StringComparison.Ordinal);
        Assert.Contains("Range: 0-199999", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chunk_of_an_impossible_size_is_a_bad_request()
    {
        await using var host = await RegistryHost.StartAsync();
        var session = await OpenAsync(host);

        var answer = await SendRawAsync(host, $"PATCH {session} HTTP/1.1\r\n", "fffffffffffffffff\r\n"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("4000000000000000000")]
    public async Task A_body_larger_than_the_whole_store_is_too_large_and_leaves_the_session(string length)
    {
        await using var host = await RegistryHost.StartAsync();
        var session = (await host.Client.PostAsync("/v2/huge/blobs/uploads/", null)).Headers.Location!.OriginalString;
        using var socket = new TcpClient();
        await socket.ConnectAsync(host.Client.BaseAddress!.Host, host.Client.BaseAddress.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"PATCH {session} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {await host.Endpoint.AuthorizeAsync("PATCH", session)}\r\nContent-Length: {length}\r\n\r\n"));

        // Who takes it waits for bytes that never come.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new byte[4096];
        var read = await socket.GetStream().ReadAsync(answer, patience.Token);

        Assert.StartsWith("HTTP/1.1 413 ", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.GetAsync(session)).StatusCode);
    }

    [Fact]
    public async Task A_manifest_whose_body_stands_still_is_given_up()
    {
        await using var host = await RegistryHost.StartAsync(
            options: new RegistryOptions { Distribution = new() { StallLimit = TimeSpan.FromMilliseconds(200) } });

        var answer = SendRawAsync(host, "PUT /v2/hostile/manifests/slow HTTP/1.1\r\n", "2\r\n{ \r\n"u8.ToArray());
        while (!answer.IsCompleted)
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(answer, Task.Delay(20));
        }

        Assert.StartsWith("HTTP/1.1 408 ", await answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_of_the_largest_size_may_come_in_chunks()
    {
        await using var host = await RegistryHost.StartAsync();
        var blob = "{}"u8.ToArray();
        await host.Client.PushBlobAsync("hostile", blob);
        var image = Encoding.UTF8.GetString(RegistryClientExtensions.Image(blob));
        var head = image[..^1] + ",\"annotations\":{\"a\":\"";
        var manifest = Encoding.UTF8.GetBytes(head + new string('x', OciLimits.ManifestBytes - head.Length - 3) + "\"}}");
        Assert.Equal(OciLimits.ManifestBytes, manifest.Length);

        Assert.Equal(HttpStatusCode.Created, (await PutChunkedAsync(host, manifest)).StatusCode);
        var refused = await PutChunkedAsync(host, [.. manifest, (byte)' ']);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Contains("SIZE_INVALID", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starts_that_were_refused_do_not_count_as_open_sessions()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Distribution = new() { MaxOpenUploads = 2 } });
        await host.Client.PushBlobAsync("hostile", [0]);

        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.PostAsync("/v2/hostile/blobs/uploads/?digest=nonsense", null)).StatusCode);

        for (var i = 0; i < 2; i++)
        {
            // A session that is only promised is none that counts.
            Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PostAsync("/v2/hostile/blobs/uploads/", null)).StatusCode);
            Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(await OpenAsync(host), new ByteArrayContent([1]))).StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.Client.PostAsync("/v2/hostile/blobs/uploads/", null)).StatusCode);
    }

    [Fact]
    public async Task A_session_whose_writer_is_long_gone_can_be_finished_without_more_bytes()
    {
        await using var host = await RegistryHost.StartAsync();
        var session = await OpenAsync(host);
        var content = "all of it"u8.ToArray();
        await host.Client.PatchAsync(session, new ByteArrayContent(content));
        var upload = (await host.Metadata.ListUploadsAsync(0, null, 10, CancellationToken.None)).Items.Single();
        await host.Metadata.AcquireUploadAsync(upload.Id, upload.Epoch, host.Time.GetUtcNow() + TimeSpan.FromMinutes(2), CancellationToken.None);
        var finish = $"{session}?digest={Digest.Compute(DigestAlgorithm.Sha256, content)}";

        Assert.Equal(HttpStatusCode.Conflict, (await host.Client.PutAsync(finish, new ByteArrayContent([]))).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync(finish, new ByteArrayContent([]))).StatusCode);
    }

    private static async Task<string> OpenAsync(RegistryHost host) =>
        (await host.Client.PostAsync("/v2/hostile/blobs/uploads/", null)).Headers.Location!.OriginalString;

    private static Task<HttpResponseMessage> PutChunkedAsync(RegistryHost host, byte[] manifest)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, "/v2/hostile/manifests/big")
        {
            Content = new ByteArrayContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(MediaTypes.OciManifest) } },
        };
        request.Headers.TransferEncodingChunked = true;
        return host.Client.SendAsync(request);
    }

    private static async Task<string> SendRawAsync(RegistryHost host, string line, byte[] body)
    {
        var address = host.Client.BaseAddress!;
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port);
        await using var stream = socket.GetStream();
        var (method, target) = (line.Split(' ')[0], line.Split(' ')[1]);
        var head = $"{line}Host: localhost\r\nAuthorization: {await host.Endpoint.AuthorizeAsync(method, target)}\r\nTransfer-Encoding: chunked\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body);
        var buffer = new byte[1_024];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, patience.Token));
    }

    private static async Task UntilWrittenAsync(RegistryHost host, int length)
    {
        var location = (await host.Metadata.ListUploadsAsync(0, null, 10, CancellationToken.None)).Items.Single().Location;
        for (var i = 0; i < 500; i++)
        {
            if (Directory.EnumerateFiles(host.StoreFolder, Path.GetFileName(location), SearchOption.AllDirectories).Any(f => new FileInfo(f).Length >= length)) return;
            await Task.Delay(10);
        }

        Assert.Fail("The first bytes did not arrive.");
    }

    /// <summary>A body that is sent once, waits, and is then sent again.</summary>
    private sealed class PausedContent(byte[] half) : HttpContent
    {
        private readonly TaskCompletionSource _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Paused => _paused.Task;

        public void GoOn() => _goOn.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(half);
            await stream.FlushAsync();
            _paused.SetResult();
            await _goOn.Task;
            await stream.WriteAsync(half);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
