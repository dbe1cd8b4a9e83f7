using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Distribution;

/// <summary>A client that goes away at the worst moment: what it sent last is neither stored nor hashed.</summary>
public sealed class BrokenConnectionTests
{
    [Fact]
    public async Task Bytes_that_came_just_before_the_connection_broke_are_no_part_of_the_blob()
    {
        var moment = new BeforeTheWrite();
        await using var host = await RegistryHost.StartAsync(moment);
        var session = (await host.Client.PostAsync("/v2/broken/blobs/uploads/", null)).Headers.Location!.OriginalString;
        byte[] first = [.. "0123456789"u8], lost = [.. "abcdefghij"u8];

        using (var socket = new TcpClient { LingerState = new LingerOption(true, 0) })
        {
            await socket.ConnectAsync(host.Client.BaseAddress!.Host, host.Client.BaseAddress.Port);
            await using var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"PATCH {session} HTTP/1.1\r\nHost: localhost\r\nX-Actor: leaving\r\n" +
                $"Authorization: {await host.Endpoint.AuthorizeAsync("PATCH", session)}\r\nContent-Length: 100\r\n\r\n"));
            await stream.WriteAsync(first);
            await UntilStoredAsync(host, first.Length);

            // Long enough after the session was taken that its hold is renewed before the next write.
            host.Time.Advance(TimeSpan.FromSeconds(21));
            await stream.WriteAsync(lost);
            await moment.Renewed.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        await moment.Recorded.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("0-9", (await host.Client.GetAsync(session)).Headers.GetValues("Range").Single());
        var whole = Digest.Compute(DigestAlgorithm.Sha256, [.. first, .. lost]);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.PutAsync($"{session}?digest={whole}", new ByteArrayContent([]))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("broken", whole));
    }

    [Fact]
    public async Task A_connection_that_breaks_after_its_session_was_taken_over_takes_nothing_from_the_successor()
    {
        var moment = new BeforeTheSync();
        await using var host = await RegistryHost.StartAsync(moment);
        var session = (await host.Client.PostAsync("/v2/broken/blobs/uploads/", null)).Headers.Location!.OriginalString;
        byte[] stale = [.. "0123456789"u8], good = [.. "the successor's"u8];
        using (var socket = new TcpClient { LingerState = new LingerOption(true, 0) })
        {
            await socket.ConnectAsync(host.Client.BaseAddress!.Host, host.Client.BaseAddress.Port);
            await using var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"PATCH {session} HTTP/1.1\r\nHost: localhost\r\nX-Actor: leaving\r\n" +
                $"Authorization: {await host.Endpoint.AuthorizeAsync("PATCH", session)}\r\nContent-Length: 100\r\n\r\n"));
            await stream.WriteAsync(stale);
            await UntilStoredAsync(host, stale.Length);
            host.Time.Advance(TimeSpan.FromMinutes(3));
            Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(session, new ByteArrayContent(good))).StatusCode);
        }

        await moment.Reached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await host.Client.GetAsync(session)).StatusCode);
            await Task.Delay(10);
        }

        var digest = Digest.Compute(DigestAlgorithm.Sha256, good);
        Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync($"{session}?digest={digest}", new ByteArrayContent([]))).StatusCode);
        Assert.Equal(good, (await host.Client.GetBlobAsync("broken", digest)).Body);
    }

    [Fact]
    public async Task A_connection_that_is_reset_within_a_manifest_is_no_fault_of_the_server()
    {
        await using var host = await RegistryHost.StartAsync();
        var authorization = await host.Endpoint.AuthorizeAsync("PUT", "/v2/broken/manifests/latest");
        var statuses = new ConcurrentQueue<int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, meter) =>
        {
            // Other tests beside this one have meters of their own.
            var isOurs = instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>();
            if (isOurs && instrument.Name == "berth.distribution.request.duration") meter.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag is { Key: "http.response.status_code", Value: int status }) statuses.Enqueue(status);
            }
        });
        listener.Start();
        // A reset that comes before the request does leaves nothing to count.
        for (var i = 0; i < 200 && statuses.Count < 10; i++)
        {
            using var socket = new TcpClient { LingerState = new LingerOption(true, 0) };
            await socket.ConnectAsync(host.Client.BaseAddress!.Host, host.Client.BaseAddress.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"PUT /v2/broken/manifests/latest HTTP/1.1\r\nHost: localhost\r\nContent-Type: {MediaTypes.OciManifest}\r\n" +
                $"Authorization: {authorization}\r\nContent-Length: 3000000\r\n\r\n{new string(' ', 200_000)}"));
            await Task.Delay(10 * (1 + (i % 3)));
        }

        Assert.True(statuses.Count >= 10);
        Assert.All(statuses, status => Assert.Equal(499, status));
    }

    private static async Task UntilStoredAsync(RegistryHost host, int length)
    {
        var location = (await host.Metadata.ListUploadsAsync(0, null, 10, CancellationToken.None)).Items.Single().Location;
        var file = new FileInfo(Path.Combine(host.StoreFolder, "blobs", location));
        for (var i = 0; i < 2_000 && !(file.Exists && file.Length == length); i++)
        {
            await Task.Delay(10);
            file.Refresh();
        }

        Assert.Equal(length, file.Length);
    }

    /// <summary>Says when the leaving client's request is about to sync.</summary>
    private sealed class BeforeTheSync : ISteps
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask ReachAsync(string point)
        {
            if (Actor.Current == "leaving" && point == "upload.before-sync") Reached.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Stands between the renewal of a session's hold and the write that follows it, until the connection is lost.</summary>
    private sealed class BeforeTheWrite : ISteps
    {
        private bool _opened;

        public TaskCompletionSource Renewed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Recorded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask ReachAsync(string point)
        {
            if (Actor.Current != "leaving") return;
            _opened |= point == "upload.before-open";
            if (point != "metadata.after-commit" || !_opened) return;
            if (Renewed.TrySetResult())
            {
                var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await using var registration = Actor.Aborted.Register(lost.SetResult);
                await lost.Task.WaitAsync(TimeSpan.FromSeconds(20));
            }
            else
            {
                Recorded.TrySetResult();
            }
        }
    }
}
