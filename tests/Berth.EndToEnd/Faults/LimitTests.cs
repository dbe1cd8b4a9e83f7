using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>A server with small limits, which allows sparse indexes.</summary>
public sealed class SmallLimits : ServerFixture
{
    /// <summary>How many sessions may be open.</summary>
    public const int OpenUploads = 20;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["BERTH_Distribution__StallLimit"] = "00:00:03",
        ["BERTH_Distribution__MaxOpenUploads"] = $"{OpenUploads}",
        ["BERTH_Distribution__AllowSparseIndexes"] = "true",
    };
}

/// <summary>Clients that stand still, and clients that open too much.</summary>
public sealed class LimitTests(SmallLimits fixture) : EndToEndTest<SmallLimits>(fixture)
{
    [Fact]
    public async Task An_upload_that_stands_still_is_ended_and_goes_on_where_it_was()
    {
        var bytes = Content.Random(100_000);
        var location = await Client.StartUploadAsync(Repo);
        await using (var stalled = await RawConnection.OpenAsync(Fixture.Endpoint))
        {
            await stalled.SendHeadAsync("PATCH", new Uri(Fixture.Endpoint.Address, location).PathAndQuery, ("Content-Length", $"{bytes.Length}"));
            await stalled.SendAsync(bytes.AsMemory(0, 50_000));
            var clock = Stopwatch.StartNew();
            var reply = await stalled.ReceiveAsync(TimeSpan.FromSeconds(40));
            Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30));
            reply.ExpectError(408);
            Assert.True(await stalled.IsClosedWithinAsync(TimeSpan.FromSeconds(10)), "the connection stays open");
        }

        var status = (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-49999");
        location = (await Client.PatchChunkAsync(status.Location, bytes[50_000..], 50_000)).Expect(202).Location;
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(bytes)}"), [])).Expect(201);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    public async Task A_body_that_stands_still_leaves_nothing(string method)
    {
        var digest = Content.UnknownDigest();
        await using var stalled = await RawConnection.OpenAsync(Fixture.Endpoint);
        await stalled.SendHeadAsync(
            method,
            method == "POST" ? $"/v2/{Repo}/blobs/uploads/?digest={digest}" : $"/v2/{Repo}/manifests/latest",
            ("Content-Length", "1000"),
            ("Content-Type", Types.Manifest));
        await stalled.SendAsync("{\"schemaVersion\":"u8.ToArray());
        (await stalled.ReceiveAsync(TimeSpan.FromSeconds(40))).ExpectError(408);
        (await Client.HeadManifestAsync(Repo, "latest")).Expect(404);
        (await Client.HeadAsync($"/v2/{Repo}/blobs/{digest}")).Expect(404);
    }

    [Fact]
    public async Task A_download_that_stands_still_is_ended()
    {
        const int Size = 60_000_000;
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(Size));
        await using var stalled = await RawConnection.OpenAsync(Fixture.Endpoint);
        await stalled.SendHeadAsync("GET", $"/v2/{Repo}/blobs/{blob.Digest}");
        await Task.Delay(TimeSpan.FromSeconds(15));
        var ended = await Assert.ThrowsAnyAsync<Exception>(() => stalled.ReceiveAsync(TimeSpan.FromSeconds(30)));
        Assert.True(ended is ExpectationException or IOException, $"{ended}");
        (await Client.GetAsync($"/v2/{Repo}/blobs/{blob.Digest}")).Expect(200).ExpectBody(blob.Bytes);
    }

    [Fact]
    public async Task An_index_may_lack_children_where_the_setting_allows_it_but_an_image_no_blobs()
    {
        var child = await Client.PushImageAsync(Repo);
        var absent = ManifestContent.Image(BlobContent.Config(), []);
        var index = await Client.PushAsync(Repo, ManifestContent.Index([child.Descriptor(), absent.Descriptor()]), "sparse");
        (await Client.GetManifestAsync(Repo, "sparse")).Expect(200).ExpectBody(index.Bytes);
        (await Client.GetManifestAsync(Repo, absent.Digest)).ExpectError(404, "MANIFEST_UNKNOWN");
        (await Client.DeleteAsync($"/v2/{Repo}/manifests/{child.Digest}")).ExpectError(409, "DENIED");
        (await Client.PutManifestAsync(Repo, absent, "image")).ExpectError(400, "MANIFEST_BLOB_UNKNOWN");
    }

    [Fact]
    public async Task Too_many_open_sessions_are_refused_until_some_end()
    {
        var open = new List<string>();
        Reply reply;
        while ((reply = await Client.PostAsync($"/v2/{Repo}/blobs/uploads/")).Status == 202)
        {
            // One that holds nothing yet is none that counts.
            open.Add((await Client.PatchChunkAsync(reply.Location, [0], 0)).Expect(202).Location);
            Assert.True(open.Count <= SmallLimits.OpenUploads, $"{open.Count} sessions are open");
        }

        reply.ExpectError(429, "TOOMANYREQUESTS");
        Assert.InRange(open.Count, SmallLimits.OpenUploads - 5, SmallLimits.OpenUploads);
        (await Client.PutAsync(RegistryActions.With(open[0], $"digest={Content.Digest([0, 1, 2])}"), [1, 2])).Expect(201);
        (await Client.DeleteAsync(open[1])).Expect(204);
        for (var i = 0; i < 2; i++) open[i] = (await Client.PatchChunkAsync(await Client.StartUploadAsync(Repo), [0], 0)).Expect(202).Location;
        foreach (var location in open) (await Client.DeleteAsync(location)).Expect(204);
    }
}
