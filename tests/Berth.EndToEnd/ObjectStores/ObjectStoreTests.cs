using System.Diagnostics;
using System.Net;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>The built server on an object store: real clients, links, restarts, kills.</summary>
public abstract class ObjectStoreTests<TFixture>(TFixture fixture) : EndToEndTest<TFixture>(fixture)
    where TFixture : ObjectStoreFixture
{
    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        ObjectStore.Require(Fixture.LackingStore);
        return base.InitializeAsync();
    }

    [Fact]
    public async Task Skopeo_pushes_an_image_and_pulls_it_as_it_was()
    {
        var image = ImageLayout.Large(NewFolder("layout"), 3, 12_000_000);
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--dest-tls-verify=false", image.Reference, $"docker://{Host}/{Repo}:1")).Succeeded();
        Assert.Equal(image.Digest, await ServedDigestAsync(Repo, "1"));
        var folder = NewFolder("pulled");
        (await Fixture.RunAsync("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{Host}/{Repo}@{image.Digest}", $"dir:{folder}")).Succeeded();
        Assert.Equal(image.Digest, Content.Digest(await File.ReadAllBytesAsync(Path.Combine(folder, "manifest.json"))));
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file).Length == 64))
            Assert.Equal("sha256:" + Path.GetFileName(file), Content.Digest(await File.ReadAllBytesAsync(file)));
    }

    [Fact]
    public async Task A_reader_of_a_blob_gets_a_link_that_needs_no_credentials_and_ends()
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(700_000));
        var reply = (await Client.GetAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(307).ExpectHeader("Cache-Control", "no-store");
        Assert.Equal(blob.Digest, reply.Digest);
        Assert.Empty(reply.Body);

        using var store = new HttpClient();
        Assert.Equal(blob.Bytes, await store.GetByteArrayAsync(reply.Location));
        using var ranged = new HttpRequestMessage(HttpMethod.Get, reply.Location) { Headers = { Range = new(100, 199) } };
        using var part = await store.SendAsync(ranged);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(blob.Bytes[100..200], await part.Content.ReadAsByteArrayAsync());

        // Of this object only, and not without its signature.
        var bare = new Uri(reply.Location).GetLeftPart(UriPartial.Path);
        using var refused = await store.GetAsync(bare);
        Assert.True(refused.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Unauthorized, refused.StatusCode.ToString());

        (await Client.HeadAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(200);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{Content.Digest([9])}")).ExpectError(404, "BLOB_UNKNOWN");
        (await Client.GetAsync($"/v2/{Repo}/blobs/{blob.Digest}", ("If-None-Match", $"\"{blob.Digest}\""))).Expect(304);
    }

    [Fact]
    public async Task A_blob_whose_object_is_gone_is_absent_once_somebody_was_sent_there_and_a_push_heals_it()
    {
        var before = await Fixture.ListAsync();
        var layer = BlobContent.Layer(300_000);
        await Client.PushAsync(Repo, layer);
        var key = (await Fixture.ListAsync()).Keys.Except(before.Keys).Single();
        await Fixture.RemoveAsync(key);

        await EventuallyAsync(async () => (await Client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).Status == 404);
        (await Client.HeadAsync($"/v2/{Repo}/blobs/{layer.Digest}")).Expect(404);
        await Client.PushAsync(Repo, layer);
        await ExpectAsync(layer.Digest, layer.Bytes);
    }

    [Theory]
    [InlineData("sha256", false)]
    [InlineData("sha512", true)]
    public async Task An_upload_goes_on_after_a_restart_with_less_than_a_part_and_with_more(string algorithm, bool killed)
    {
        var bytes = Content.Random(12_500_000);
        var location = await Client.StartUploadAsync(Repo, algorithm);
        location = (await Client.PatchChunkAsync(location, bytes[..200_001], 0)).Expect(202).Location;
        await AgainAsync(killed);
        var status = (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-200000");
        location = (await Client.PatchChunkAsync(status.Location, bytes[200_001..7_000_000], 200_001)).Expect(202).Location;
        await AgainAsync(killed);
        location = (await Client.PatchChunkAsync(location, bytes[7_000_000..12_000_000], 7_000_000)).Expect(202).Location;
        var digest = Content.Digest(bytes, algorithm);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={digest}"), bytes[12_000_000..], ("Content-Range", "12000000-12499999"))).Expect(201);
        await ExpectAsync(digest, bytes);

        // Nothing of the way there is left.
        await EventuallyAsync(async () => !(await Fixture.ListAsync()).Keys.Any(key => key.Contains(".tail.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_digest_of_another_algorithm_than_the_uploads_is_computed_from_what_stands()
    {
        var bytes = Content.Random(6_000_000);
        var location = await Client.StartUploadAsync(Repo);
        location = (await Client.PatchChunkAsync(location, bytes, 0)).Expect(202).Location;
        var digest = Content.Digest(bytes, "sha512");
        (await Client.PutAsync(RegistryActions.With(location, $"digest={digest}"), [])).Expect(201);
        await ExpectAsync(digest, bytes);
    }

    [Fact]
    public async Task A_push_that_a_kill_cut_off_is_pushed_again_and_what_was_acknowledged_stands()
    {
        var kept = await Client.PushAsync(Repo, BlobContent.Layer(6_000_000));
        var large = BlobContent.Layer(60_000_000);
        var push = Client.SendBlobAsync(Repo, large.Bytes, large.Digest, PushStyle.PostPut);
        await Task.Delay(150);
        await Fixture.Server.KillAsync();
        try
        {
            await push;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The server is gone.
        }

        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(60));
        await Client.PushAsync(Repo, large);
        await ExpectAsync(large.Digest, large.Bytes);
        await ExpectAsync(kept.Digest, kept.Bytes);
    }

    private async Task ExpectAsync(string digest, byte[] bytes)
    {
        var link = (await Client.GetAsync($"/v2/{Repo}/blobs/{digest}")).Expect(307).Location;
        using var store = new HttpClient();
        Assert.Equal(bytes, await store.GetByteArrayAsync(link));
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "it does not come to hold");
            await Task.Delay(200);
        }
    }

    private async Task AgainAsync(bool killed)
    {
        if (!killed)
        {
            await Fixture.RestartAsync();
            return;
        }

        await Fixture.Server.KillAsync();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(60));
    }
}

/// <summary>On Azurite.</summary>
public sealed class AzuriteTests(AzuriteServer fixture) : ObjectStoreTests<AzuriteServer>(fixture);

/// <summary>On Ceph's S3 gateway.</summary>
[Trait(RadosGateway.TraitName, RadosGateway.Trait)]
public sealed class RadosGatewayTests(RadosGatewayServer fixture) : ObjectStoreTests<RadosGatewayServer>(fixture);
