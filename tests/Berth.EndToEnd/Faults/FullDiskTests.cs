using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>A server whose data folder is a small volume of its own, where one may be mounted.</summary>
public sealed class SmallVolume : ServerFixture
{
    private readonly string _data = Directory.CreateTempSubdirectory("berth-volume-").FullName;
    private bool _mounted;

    /// <inheritdoc/>
    protected override string? Data => _data;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["BERTH_Lifecycle__Grace"] = "00:00:06",
        ["BERTH_Lifecycle__Interval"] = "00:00:01",
    };

    /// <summary>Skips the test where no volume can be mounted, or fails it on continuous integration.</summary>
    public void RequireVolume()
    {
        if (!_mounted) Tool.Lacking("A volume cannot be mounted here.");
    }

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        var mount = await Tool.RunAsync(Tool.Find("mount") ?? "/bin/mount", ["-t", "tmpfs", "-o", "size=450m", "tmpfs", _data], Folder);
        _mounted = mount.Status == 0;
        if (_mounted) await base.InitializeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_mounted) await Tool.RunAsync(Tool.Find("umount") ?? "/bin/umount", [_data], "/");
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>A full volume: pushes are refused clearly, everything else goes on, and it recovers by itself.</summary>
public sealed class FullDiskTests(SmallVolume fixture) : EndToEndTest<SmallVolume>(fixture, onlyEmbedded: true)
{
    private const int LayerSize = 8_000_000;

    public override ValueTask InitializeAsync()
    {
        Fixture.RequireVolume();
        return base.InitializeAsync();
    }

    [Fact]
    public async Task A_full_volume_refuses_pushes_serves_pulls_takes_deletions_and_recovers_by_itself()
    {
        var kept = await Client.PushImageAsync(Repo, "kept");
        var images = new List<ManifestContent>();
        var full = await FillAsync(images);
        full.ExpectError(507, "STORAGE_FULL");
        Assert.InRange(images.Count, 3, 60);

        foreach (var style in (PushStyle[])[PushStyle.Stream, PushStyle.PostPut, PushStyle.Chunks]) await FillAsync(style);
        await ExpectServedAsync(kept, images);

        await Fixture.Server.KillAsync();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
        await ExpectServedAsync(kept, images);
        await FillAsync(PushStyle.Post);

        foreach (var image in images) (await Client.DeleteAsync($"/v2/{Repo}/manifests/{image.Digest}")).Expect(202);
        var clock = Stopwatch.StartNew();
        Reply push;
        do
        {
            await Task.Delay(500);
            var layer = BlobContent.Layer(LayerSize);
            push = await Client.SendBlobAsync(Repo, layer.Bytes, layer.Digest, PushStyle.Post);
            if (push.Status != 201) push.ExpectError(507, "STORAGE_FULL");
        }
        while (push.Status != 201 && clock.Elapsed < TimeSpan.FromSeconds(90));

        push.Expect(201);
        await ExpectServedAsync(kept, []);
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        (await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", Fixture.Server.Data], Fixture.Folder)).Succeeded();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Room_comes_back_at_once_beside_clients_that_ask_for_much()
    {
        var kept = await Client.PushImageAsync(Repo, "kept");
        var images = new List<ManifestContent>();
        (await FillAsync(images, layers: 25)).ExpectError(507, "STORAGE_FULL");
        foreach (var image in images) (await Client.DeleteAsync($"/v2/{Repo}/manifests/{image.Digest}")).Expect(202);

        var asked = 0;
        using var done = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (; !done.IsCancellationRequested; Interlocked.Increment(ref asked)) (await Client.GetManifestAsync(Repo, "kept")).Expect(200).ExpectBody(kept.Bytes);
        })).ToList();
        var clock = Stopwatch.StartNew();
        var rested = await RestedAsync();
        var big = BlobContent.Layer(images.Count * LayerSize * 3 / 4);
        Reply push;
        do
        {
            await Task.Delay(500);
            push = await Client.SendBlobAsync(Repo, big.Bytes, big.Digest, PushStyle.Post);
        }
        while (push.Status == 507 && clock.Elapsed < TimeSpan.FromSeconds(90));

        push.Expect(201);
        var took = clock.Elapsed;
        var restedMeanwhile = await RestedAsync() - rested;
        await done.CancelAsync();
        await Task.WhenAll(clients);
        TestContext.Current.TestOutputHelper?.WriteLine($"{images.Count} images of 25 layers: room after {took}, beside {asked / took.TotalSeconds:F0} requests a second");
        Assert.Equal(0, restedMeanwhile);
        Assert.True(took < TimeSpan.FromSeconds(30), $"room came back after {took}");
    }

    private async Task<double> RestedAsync()
    {
        using var http = new HttpClient { BaseAddress = Fixture.Endpoint.Address };
        var line = (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n').Single(line => line.StartsWith("berth_gc_rested", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Pushes images until the server refuses; returns the refusal.</summary>
    private async Task<Reply> FillAsync(List<ManifestContent> images, int layers = 1)
    {
        while (true)
        {
            BlobContent[] parts = [.. Enumerable.Range(0, layers).Select(_ => BlobContent.Layer(LayerSize / layers))];
            var config = BlobContent.Config();
            var image = ManifestContent.Image(config, parts);
            foreach (var blob in (BlobContent[])[.. parts, config])
            {
                var reply = await Client.SendBlobAsync(Repo, blob.Bytes, blob.Digest, PushStyle.Post);
                if (reply.Status != 201) return reply;
            }

            var put = await Client.PutManifestAsync(Repo, image, $"t{images.Count}");
            if (put.Status != 201) return put;
            images.Add(image);
            Assert.True(images.Count < 100, "the volume does not fill");
        }
    }

    /// <summary>
    /// Pushes blobs in one style until one is refused; a push by several requests may be refused at any of them. What is left of the volume
    /// depends on what was refused before, so a few may still be taken. A session that a client may go on with holds back the collection of its
    /// own repository, so these are in another one.
    /// </summary>
    private async Task FillAsync(PushStyle style)
    {
        var repository = $"{Repo}-{style.ToString().ToLowerInvariant()}";
        for (var taken = 0; taken < 25; taken++)
        {
            var layer = BlobContent.Layer(LayerSize);
            try
            {
                var reply = await Client.SendBlobAsync(repository, layer.Bytes, layer.Digest, style);
                if (reply.Status == 201) continue;
                reply.ExpectError(507, "STORAGE_FULL");
            }
            catch (ExpectationException refused) when (refused.Message.StartsWith("Wanted 202.", StringComparison.Ordinal))
            {
                Assert.Contains("-> 507", refused.Message, StringComparison.Ordinal);
                Assert.Contains("STORAGE_FULL", refused.Message, StringComparison.Ordinal);
            }
            catch (HttpRequestException broken) when (broken.InnerException is IOException)
            {
                // The server need not read a body that it has refused; that it is still there is seen by the next request.
            }

            (await Client.HeadAsync($"/v2/{repository}/blobs/{layer.Digest}")).Expect(404);
            return;
        }

        Assert.Fail($"the volume takes ever more by {style}");
    }

    private async Task ExpectServedAsync(ManifestContent kept, List<ManifestContent> images)
    {
        (await Client.GetManifestAsync(Repo, "kept")).Expect(200).ExpectBody(kept.Bytes);
        for (var i = 0; i < images.Count; i++)
        {
            (await Client.GetManifestAsync(Repo, $"t{i}")).Expect(200).ExpectBody(images[i].Bytes);
            var layer = System.Text.Json.JsonDocument.Parse(images[i].Bytes).RootElement.GetProperty("layers")[0].GetProperty("digest").GetString()!;
            var blob = (await Client.GetAsync($"/v2/{Repo}/blobs/{layer}")).Expect(200);
            Assert.Equal(layer, Content.Digest(blob.Body));
        }
    }
}
