using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>A server that collects what is over after seconds.</summary>
public sealed class FastCollection : ServerFixture
{
    /// <summary>How long content is kept that nothing names.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["BERTH_Lifecycle__Grace"] = Grace.ToString(),
        ["BERTH_Lifecycle__Interval"] = "00:00:01",
        ["BERTH_Distribution__UploadExpiry"] = "00:00:04",
    };
}

/// <summary>Garbage collection in the running server: it takes what is over, gives its space back, and never what was promised.</summary>
public sealed class CollectionTests(FastCollection fixture) : EndToEndTest<FastCollection>(fixture, onlyEmbedded: true)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_nothing_names_is_collected_and_what_something_names_stays()
    {
        await QuietAsync();
        var loose = await Client.PushAsync(Repo, BlobContent.Layer(3_000_000));
        var image = await Client.PushImageAsync(Repo, "latest");
        // An open session holds back the collection of its own repository for a while, so this one is elsewhere.
        var expired = await Client.StartUploadAsync($"{Repo}-upload");
        expired = (await Client.PatchAsync(expired, Content.Random(3_000_000))).Expect(202).Location;
        var before = BytesOnDisk();
        Assert.True(before >= 6_000_000, $"{before} bytes are on disk");

        // Nothing else is pushed here meanwhile; a look at the blob would be a promise that keeps it.
        var clock = Stopwatch.StartNew();
        while (BytesOnDisk() > before - 6_000_000 && clock.Elapsed < Limit) await Task.Delay(500);

        (await Client.HeadAsync($"/v2/{Repo}/blobs/{loose.Digest}")).Expect(404);
        (await Client.GetAsync(expired)).ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
        Assert.InRange(BytesOnDisk(), 0, before - 6_000_000);
        foreach (var digest in Blobs(image)) (await Client.GetAsync($"/v2/{Repo}/blobs/{digest}")).Expect(200);

        await Client.PushAsync(Repo, loose);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{loose.Digest}")).Expect(200).ExpectBody(loose.Bytes);
    }

    [Fact]
    public async Task The_blobs_of_a_deleted_image_are_collected_except_those_that_another_image_uses()
    {
        await QuietAsync();
        var shared = await Client.PushAsync(Repo, BlobContent.Layer(1_000_000));
        var own = await Client.PushAsync(Repo, BlobContent.Layer(2_000_000));
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var gone = await Client.PushAsync(Repo, ManifestContent.Image(config, [shared, own]), "gone");
        await Client.PushAsync(Repo, ManifestContent.Image(config, [shared]), "kept");
        var before = BytesOnDisk();
        (await Client.DeleteAsync($"/v2/{Repo}/manifests/{gone.Digest}")).Expect(202);

        var clock = Stopwatch.StartNew();
        while (BytesOnDisk() > before - 2_000_000 && clock.Elapsed < Limit) await Task.Delay(500);

        Assert.InRange(BytesOnDisk(), 0, before - 2_000_000);
        (await Client.HeadAsync($"/v2/{Repo}/blobs/{own.Digest}")).Expect(404);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{shared.Digest}")).Expect(200).ExpectBody(shared.Bytes);
    }

    /// <summary>Waits until what earlier tests left is collected.</summary>
    private async Task QuietAsync()
    {
        var clock = Stopwatch.StartNew();
        var (size, since) = (BytesOnDisk(), clock.Elapsed);
        while (clock.Elapsed - since < FastCollection.Grace + TimeSpan.FromSeconds(4) && clock.Elapsed < Limit)
        {
            await Task.Delay(500);
            if (BytesOnDisk() is var now && now != size) (size, since) = (now, clock.Elapsed);
        }
    }

    private static IEnumerable<string> Blobs(ManifestContent image)
    {
        var json = System.Text.Json.JsonDocument.Parse(image.Bytes).RootElement;
        yield return json.GetProperty("config").GetProperty("digest").GetString()!;
        foreach (var layer in json.GetProperty("layers").EnumerateArray()) yield return layer.GetProperty("digest").GetString()!;
    }

    /// <summary>The size of all files of the blob store but its reserve; a file that goes away meanwhile counts nothing.</summary>
    private long BytesOnDisk() =>
        new DirectoryInfo(Path.Combine(Fixture.Server.Data, "store", "blobs")).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.Exists).Sum(f => f.Length);
}
