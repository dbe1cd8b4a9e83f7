using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>Garbage collection on an object store: objects go, unfinished uploads with what they left, and nothing else.</summary>
public abstract class ObjectCollectionTests<TFixture>(TFixture fixture) : EndToEndTest<TFixture>(fixture)
    where TFixture : ObjectStoreFixture
{
    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        ObjectStore.Require(Fixture.LackingStore);
        return base.InitializeAsync();
    }

    [Fact]
    public async Task Objects_that_nothing_names_and_uploads_that_ended_are_removed()
    {
        var standing = (await Fixture.ListAsync()).Count;
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(50_000));
        await Client.PushAsync(Repo, ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), [layer]), "latest");
        var loose = await Client.PushAsync(Repo, BlobContent.Layer(6_000_000));
        var expired = await Client.StartUploadAsync($"{Repo}-upload");
        expired = (await Client.PatchAsync(expired, Content.Random(7_000_000))).Expect(202).Location;
        var before = await Fixture.ListAsync();
        Assert.Contains(before, entry => entry.Key.Contains(".tail.", StringComparison.Ordinal));

        // What is left beside what stood are the image's two blobs.
        var clock = Stopwatch.StartNew();
        while ((await Fixture.ListAsync()).Count > standing + 2 && clock.Elapsed < TimeSpan.FromSeconds(60)) await Task.Delay(500);
        Assert.Equal(standing + 2, (await Fixture.ListAsync()).Count);
        (await Client.GetAsync(expired)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        (await Client.HeadAsync($"/v2/{Repo}/blobs/{loose.Digest}")).Expect(404);

        // So short a grace leaves no time for links: the server sends the bytes itself.
        (await Client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).Expect(200).ExpectBody(layer.Bytes);
    }

    [Fact]
    public async Task Verification_reads_every_object_and_finds_nothing_wrong()
    {
        await Client.PushImageAsync(Repo, "latest");
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        try
        {
            var verified = await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", Fixture.Server.Data], Fixture.Folder, Fixture.StoreSettings);
            Assert.True(verified.Status == 0, verified.ToString());
        }
        finally
        {
            await Fixture.Server.StartAsync(TimeSpan.FromSeconds(60));
        }
    }
}

/// <summary>On Azurite.</summary>
public sealed class AzuriteCollectionTests(CollectingAzuriteServer fixture) : ObjectCollectionTests<CollectingAzuriteServer>(fixture);

/// <summary>On Ceph's S3 gateway.</summary>
[Trait(RadosGateway.TraitName, RadosGateway.Trait)]
public sealed class RadosGatewayCollectionTests(CollectingRadosGatewayServer fixture) : ObjectCollectionTests<CollectingRadosGatewayServer>(fixture);
