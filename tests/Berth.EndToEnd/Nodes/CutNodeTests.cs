using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>
/// Three nodes and the host of their stores, each in a network of its own. The node that collects garbage, keeps the schedule and takes an upload is cut off by its wire, in the middle of all
/// three: the others go on, and it comes back by itself.
/// </summary>
public sealed class CutNodeTests : IAsyncLifetime
{
    private const string Repo = "wired/app";
    private const int Loose = 60;
    private const int Cut = 0;
    private static readonly string[] Jobs = ["garbage-collection", "lifecycle-schedule"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Takeover = TimeSpan.FromSeconds(60);

    // What is due goes slowly, so that a round is there to be cut off.
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["BERTH_Distribution__StallLimit"] = "00:00:03",
        ["BERTH_Lifecycle__Interval"] = "00:00:01",
        ["BERTH_Lifecycle__Grace"] = "00:00:10",
        ["BERTH_Lifecycle__BatchesPerSecond"] = "1",
    };

    private readonly List<RegistryClient> _clients = [];
    private WiredNodes? _wired;

    private WiredNodes Wired => _wired ?? throw new InvalidOperationException("There are no nodes yet.");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _wired = await WiredNodes.StartAsync(3, nameof(CutNodeTests), Settings);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) client.Dispose();
        if (_wired is null) return;
        if (TestContext.Current.TestState?.Result == TestResult.Failed) _wired.Nodes.ForEach(node => node.KeepLog = true);
        await _wired.DisposeAsync();
    }

    [Fact]
    public async Task A_node_that_is_cut_off_in_an_upload_in_collection_and_with_the_schedule_is_replaced_by_the_others_and_comes_back_by_itself()
    {
        IReadOnlyDictionary<string, (string Holder, long Fence)> before = new Dictionary<string, (string, long)>();
        await EventuallyAsync(async () => Jobs.All((before = await Wired.Stores.ListLeasesAsync()).ContainsKey));
        await Task.WhenAll(Wired.Nodes.Skip(1).Select(node => node.StartAsync(Takeover)));
        var (first, second, third) = (Client(0), Client(1), Client(2));
        var image = await first.PushImageAsync(Repo, "first");
        await second.PushImageAsync(Repo, "second");

        // An upload of which the cut-off node acknowledged a part, and takes more at this moment.
        var bytes = Content.Random(9_000_000);
        var location = await first.StartUploadAsync(Repo);
        location = (await first.PatchChunkAsync(location, bytes[..6_000_000], 0)).Expect(202).Location;
        using var release = new ManualResetEventSlim();
        var late = Task.Run(() => first.StreamAsync("PATCH", location, Slowly(bytes[6_000_000..], release)));

        // And blobs that nobody wants, of which it has removed some; where an upload goes on, nothing would be.
        await Parallel.ForAsync(0, Loose, new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (_, _) => await second.PushAsync($"{Repo}/loose", BlobContent.Layer(), PushStyle.Post));
        var most = await Wired.Stores.CountAsync("SELECT count(*) FROM memberships");
        await EventuallyAsync(async () => await Wired.Stores.CountAsync("SELECT count(*) FROM memberships") <= most - 10);

        // Whoever has a token goes on with it; without one, none is to be had.
        foreach (var client in (RegistryClient[])[first, second]) (await client.GetManifestAsync(Repo, "first")).Expect(200);
        (await first.GetAsync($"/v2/{Repo}/tags/list")).Expect(200);
        await Wired.CutAsync(Cut);
        var clock = Stopwatch.StartNew();
        foreach (var refusal in await Task.WhenAll(
            first.GetManifestAsync(Repo, "first"), first.HeadManifestAsync(Repo, image.Digest), first.GetAsync($"/v2/{Repo}/tags/list"), first.GetAsync("/healthz/ready")))
        {
            Assert.True(refusal.Expect(503).Header("Retry-After") is not null, refusal.ToString());
        }

        Assert.True(clock.Elapsed < Limit, $"It took {clock.Elapsed}.");
        TestContext.Current.SendDiagnosticMessage($"the cut node answered 503 after {clock.Elapsed.TotalMilliseconds:0} ms");
        Assert.True(await Wired.Stores.CountAsync("SELECT count(*) FROM memberships") > 12, "The round was over.");
        clock.Restart();
        (await second.GetManifestAsync(Repo, "first")).Expect(200).ExpectBody(image.Bytes);
        Assert.True(clock.Elapsed < Limit, $"It took {clock.Elapsed} at another node.");

        // The upload goes on at another node once the hold of its writer is over.
        var standing = (await second.GetAsync(location)).Expect(204);
        var offset = End(standing);
        Assert.True(offset >= 6_000_000, standing.ToString());
        Reply? reply = null;
        await EventuallyAsync(async () => (reply = await second.PatchChunkAsync(standing.Location, bytes[offset..8_000_000], offset)).Status != 409);
        location = reply!.Expect(202).Location;
        var digest = Content.Digest(bytes);
        (await third.PutAsync(RegistryActions.With(location, $"digest={digest}"), bytes[8_000_000..], ("Content-Range", "8000000-8999999"))).Expect(201);
        var layer = new BlobContent(bytes);
        var continued = await third.PushAsync(Repo, ManifestContent.Image(await third.PushAsync(Repo, BlobContent.Config()), [layer]), "continued");
        TestContext.Current.SendDiagnosticMessage($"the upload went on after {clock.Elapsed.TotalSeconds:0.0} s");

        // Its jobs are another's, with a higher fence, and that one ends what it began.
        var after = before;
        await EventuallyAsync(async () => Jobs.All((after = await Wired.Stores.ListLeasesAsync()).ContainsKey) && Jobs.All(job => after[job].Holder != before[job].Holder));
        TestContext.Current.SendDiagnosticMessage($"the jobs were taken over after {clock.Elapsed.TotalSeconds:0.0} s");
        foreach (var job in Jobs) Assert.True(after[job].Fence > before[job].Fence, job);
        await EventuallyAsync(async () => await Wired.Stores.CountAsync("SELECT count(*) FROM memberships") == 6);

        // The wire is there again: what the node still wanted to write is refused, and it serves.
        await Wired.MendAsync(Cut);
        clock.Restart();
        await EventuallyAsync(async () => (await first.GetAsync("/healthz/ready")).Status == 200);
        Assert.True(clock.Elapsed < 5 * Limit, $"It took {clock.Elapsed} to be ready again.");
        TestContext.Current.SendDiagnosticMessage($"the node was ready again after {clock.Elapsed.TotalMilliseconds:0} ms");
        (await first.GetManifestAsync(Repo, "continued")).Expect(200).ExpectBody(continued.Bytes);
        (await first.GetAsync($"/v2/{Repo}/blobs/{digest}")).Expect(200).ExpectBody(bytes);
        release.Set();
        Assert.False(await IsTakenAsync(late), "The late upload was acknowledged.");
        await first.PushImageAsync(Repo, "back");
        var now = await Wired.Stores.ListLeasesAsync();
        foreach (var job in Jobs) Assert.Equal(after[job], now[job]);

        foreach (var node in Wired.Nodes) Assert.Equal(0, await node.StopAsync(TimeSpan.FromSeconds(60)));
        (await Wired.RunBesideStoresAsync("storage", "verify", "--data", Wired.Nodes[1].Data)).Succeeded();
    }

    private static int End(Reply status) => int.Parse(status.Header("Range")!.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture) + 1;

    // Whoever sends this is not done before it is released.
    private static IEnumerable<byte[]> Slowly(byte[] bytes, ManualResetEventSlim release)
    {
        foreach (var piece in bytes.Chunk(30_000))
        {
            yield return piece;
            release.Wait(TimeSpan.FromSeconds(0.5));
        }
    }

    private static async Task<bool> IsTakenAsync(Task<Reply> sent)
    {
        try
        {
            return (await sent.WaitAsync(TimeSpan.FromMinutes(3))).Status is >= 200 and < 300;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return false;
        }
    }

    private RegistryClient Client(int node)
    {
        var client = new RegistryClient(Wired.Nodes[node].Endpoint);
        _clients.Add(client);
        return client;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < Takeover, "It does not come to hold.");
            await Task.Delay(100);
        }
    }
}
