using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Berth.Storage;
using Berth.Storage.FileSystem;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Invariant: what a failed sync leaves is trusted by nobody, not by a writer that took the session meanwhile either.</summary>
public sealed class FailedSyncTests
{
    [Fact]
    public async Task A_session_whose_sync_fails_ends_for_the_writer_that_took_it_over_too()
    {
        RegistryHost.RequireEmbedded();
        var disk = new SickDisk();
        await using var host = await RegistryHost.StartAsync(disk);
        var start = await host.Client.PostAsync(new Uri("/v2/app/blobs/uploads/", UriKind.Relative), null);
        var location = start.Headers.Location!.OriginalString;

        var first = AppendAsync("first");
        await disk.Syncing.Task.WaitAsync(TimeSpan.FromSeconds(20));
        host.Time.Advance(TimeSpan.FromMinutes(10)); // the first writer's hold is over
        var second = AppendAsync("second");
        await disk.Taken.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(2, (await host.Metadata.ListUploadsAsync(0, null, 10, CancellationToken.None)).Items.Single().Epoch);
        disk.Fail.SetResult();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await first).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await second).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync(new Uri(location, UriKind.Relative))).StatusCode);
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty((await host.Metadata.ListDiscardedAsync(default, 10, CancellationToken.None)).Items);

        Task<HttpResponseMessage> AppendAsync(string actor) => host.Client.SendAsAsync(
            new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes("bytes")) }, actor);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blob_whose_sync_fails_is_not_acknowledged_and_not_there(bool atOnce)
    {
        RegistryHost.RequireEmbedded();
        var disk = new SickDisk();
        disk.Fail.SetResult();
        await using var host = await RegistryHost.StartAsync(disk);
        var content = Encoding.UTF8.GetBytes("never durable");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, content);
        var start = "/v2/app/blobs/uploads/";
        if (!atOnce) start = (await host.Client.PostAsync(new Uri(start, UriKind.Relative), null)).Headers.Location!.OriginalString;

        var push = new HttpRequestMessage(atOnce ? HttpMethod.Post : HttpMethod.Put, $"{start}?digest={digest}") { Content = new ByteArrayContent(content) };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Client.SendAsAsync(push, "first")).StatusCode);

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("app", digest));
        Assert.Empty(await host.Metadata.WalkBlobsAsync(default, 10, CancellationToken.None));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", content));
        Assert.Equal(content, (await host.Client.GetBlobAsync("app", digest)).Body);
    }

    /// <summary>The first writer's sync hangs until it is let fail.</summary>
    private sealed class SickDisk : ISteps
    {
        /// <summary>The second writer has the session.</summary>
        public TaskCompletionSource Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Syncing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Fail { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask ReachAsync(string point)
        {
            if (point == "upload.before-open" && Actor.Current == "second") Taken.SetResult();
            if (point != StorageSteps.BeforeSync || Actor.Current != "first") return;
            Syncing.SetResult();
            await Fail.Task;
            throw new StorageUnavailableException("The disk is sick.");
        }
    }
}
