using System.IO.Pipelines;
using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>A request that stood still for longer than its hold on a session, before it opened the location, must not touch what came of it.</summary>
public sealed class StalledWriterTests
{
    [Theory]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    public async Task A_writer_that_wakes_after_its_session_was_committed_leaves_the_blob_whole(string method)
    {
        var stall = new Stall();
        await using var host = await RegistryHost.StartAsync(stall);
        var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
        var content = Encoding.UTF8.GetBytes("the successor's bytes");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, content);

        var stalled = SendAsync(host, method, method == "PUT" ? $"{session}?digest={digest}" : session, "bytes"u8.ToArray(), "stalled");
        await stall.Reached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        host.Time.Advance(TimeSpan.FromMinutes(10)); // its hold is over
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(host, "PUT", $"{session}?digest={digest}", content, "successor")).StatusCode);
        stall.Over.SetResult();

        Assert.Equal(HttpStatusCode.NotFound, (await stalled).StatusCode);
        var (status, body) = await host.Client.GetBlobAsync("app", digest);
        Assert.Equal((HttpStatusCode.OK, "the successor's bytes"), (status, Encoding.UTF8.GetString(body)));
    }

    [Fact]
    public async Task A_writer_that_wakes_after_its_session_was_reaped_leaves_no_file()
    {
        var stall = new Stall();
        await using var host = await RegistryHost.StartAsync(stall);
        var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;

        var stalled = SendAsync(host, "PATCH", session, "bytes"u8.ToArray(), "stalled");
        await stall.Reached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync(session)).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(10));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty((await host.Metadata.ListDiscardedAsync(default, 10, CancellationToken.None)).Items);
        stall.Over.SetResult();

        Assert.Equal(HttpStatusCode.NotFound, (await stalled).StatusCode);
        Assert.Empty(await host.Blobs.ListAsync(CancellationToken.None).ToListAsync());
    }

    [Fact]
    public async Task A_request_for_a_session_that_is_written_to_is_told_when_to_come_again_at_the_latest()
    {
        var stall = new Stall();
        await using var host = await RegistryHost.StartAsync(stall);
        var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
        var stalled = SendAsync(host, "PATCH", session, "bytes"u8.ToArray(), "stalled");
        await stall.Reached.Task.WaitAsync(TimeSpan.FromSeconds(20));

        await RefusedAsync(TimeSpan.FromSeconds(30));
        host.Time.Advance(TimeSpan.FromSeconds(115));
        await RefusedAsync(TimeSpan.FromSeconds(5));
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(host, "PATCH", session, "others"u8.ToArray(), "other")).StatusCode);

        stall.Over.SetResult();
        Assert.Equal(HttpStatusCode.NotFound, (await stalled).StatusCode);

        async Task RefusedAsync(TimeSpan wait)
        {
            var refused = await SendAsync(host, "PATCH", session, "others"u8.ToArray(), "other");
            Assert.Equal((HttpStatusCode.Conflict, wait), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        }
    }

    [Fact]
    public async Task A_writer_that_makes_progress_keeps_its_session_under_a_short_stall_limit()
    {
        const int Piece = 64 << 10;
        var options = new RegistryOptions { Distribution = new DistributionOptions { StallLimit = TimeSpan.FromSeconds(10) } };
        await using var host = await RegistryHost.StartAsync(options: options);
        var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
        var location = (await host.Metadata.ListUploadsAsync(0, null, 10, CancellationToken.None)).Items.Single().Location;
        var body = new Pipe();
        var writing = host.Client.PatchAsync(session, new StreamContent(body.Reader.AsStream()));
        for (var i = 1; i <= 3; i++)
        {
            await body.Writer.WriteAsync(new byte[Piece]); // the client may keep the end of it to itself
            await WaitForLengthAsync(Path.Combine(host.StoreFolder, "blobs", location), (Piece * i) - 4096);
            host.Time.Advance(TimeSpan.FromSeconds(8));
        }

        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(host, "PATCH", session, "others"u8.ToArray(), "other")).StatusCode);
        await body.Writer.CompleteAsync();
        var written = await writing;
        Assert.Equal((HttpStatusCode.Accepted, $"0-{(3 * Piece) - 1}"), (written.StatusCode, written.Headers.GetValues("Range").Single()));
    }

    private static async Task WaitForLengthAsync(string path, long least)
    {
        for (var i = 0; i < 2_000 && !(File.Exists(path) && new FileInfo(path).Length >= least); i++) await Task.Delay(10);
        Assert.True(new FileInfo(path).Length >= least);
    }

    private static Task<HttpResponseMessage> SendAsync(RegistryHost host, string method, string uri, byte[] content, string actor) =>
        host.Client.SendAsAsync(new HttpRequestMessage(new HttpMethod(method), uri) { Content = new ByteArrayContent(content) }, actor);

    /// <summary>Holds the stalled request before it opens the location.</summary>
    private sealed class Stall : ISteps
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask ReachAsync(string point)
        {
            if (point != "upload.before-open" || Actor.Current != "stalled") return;
            Reached.SetResult();
            await Over.Task;
        }
    }
}
