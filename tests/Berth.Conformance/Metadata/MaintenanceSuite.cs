using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Verification, totals, snapshots.</summary>
public abstract class MaintenanceSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task A_walk_over_blobs_returns_each_once_in_digest_order()
    {
        var pushed = new List<Digest>();
        for (var i = 0; i < 7; i++) pushed.Add((await PushBlobAsync(App, $"blob {i}")).Digest);
        var wide = Digest.Compute(DigestAlgorithm.Sha512, Content("wide"));
        var upload = await OpenAsync(App, writing: true);
        await Store.CompleteUploadAsync(upload with { Epoch = 1 }, wide, 4, Now + Grace, Now, Alice, Token);
        pushed.Add(wide);

        var walked = new List<Digest>();
        while (await Store.WalkBlobsAsync(walked.Count == 0 ? default : walked[^1], 3, Token) is { Count: > 0 } page) walked.AddRange(page.Select(blob => blob.Digest));

        Assert.Equal(pushed.OrderBy(digest => digest.ToString(), StringComparer.Ordinal), walked);
    }

    [Fact]
    public async Task A_stored_blob_is_found_by_its_digest_whatever_its_state()
    {
        var blob = await PushBlobAsync(App, "blob");
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;

        Assert.Equal(new StoredBlobRecord(blob.Digest, "blob".Length, location, BlobState.Live), await Store.FindStoredBlobAsync(blob.Digest, Token));
        await Store.MarkDamagedAsync(blob.Digest, location, Token);
        Assert.Equal(BlobState.Damaged, (await Store.FindStoredBlobAsync(blob.Digest, Token))!.State);
        Assert.Null(await Store.FindStoredBlobAsync(Digest.Compute(DigestAlgorithm.Sha256, Content("never pushed")), Token));
    }

    [Fact]
    public async Task A_walk_over_manifests_brings_their_bytes_and_what_they_lack()
    {
        var image = await PushImageAsync(App, "image");
        var other = await PushImageAsync(Other, "other");
        var config = image.Manifest.Config!.Value.Digest;
        await Store.MarkDamagedAsync(config, (await Store.FindBlobAsync(Registry, App, config, Token))!.Location, Token);

        var first = Assert.Single(await Store.WalkManifestsAsync(0, 1, Token));
        var second = Assert.Single(await Store.WalkManifestsAsync(first.Sequence, 5, Token));

        Assert.Equal(("local", App.Value, image.Digest), (first.Registry, first.Repository, first.Digest));
        Assert.Equal(image.Bytes, first.Bytes);
        Assert.Equal(new[] { config, image.Manifest.Layers[0].Digest }.Order(), first.Blobs.Order());
        Assert.Equal([config], first.Missing);
        Assert.Equal((Other.Value, other.Digest), (second.Repository, second.Digest));
        Assert.Empty(second.Missing);
    }

    [Fact]
    public async Task Totals_count_each_blob_once()
    {
        var image = await PushImageAsync(App, "image");
        await PushImageAsync(Other, "image");
        await OpenAsync(App);

        var totals = await Store.ReadTotalsAsync(Token);

        var bytes = image.Manifest.Config!.Value.Size + image.Manifest.Layers[0].Size;
        Assert.Equal(new MetadataTotals(2, bytes, 2, 2, 1, 2, 0), totals);
    }

    [Fact]
    public async Task Locations_of_blobs_and_of_unfinished_uploads_are_known()
    {
        var blob = await PushBlobAsync(App, "blob");
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        var upload = await OpenAsync(App);

        var known = await Store.KnownLocationsAsync([location, upload.Location, "at/nowhere"], Token);

        Assert.Equal(new[] { location, upload.Location }.Order(), known.Order());
    }

    [Fact]
    public async Task A_restored_copy_starts_a_new_ledger_epoch_with_deletion_suspended_for_one_grace_of_whoever_serves_it()
    {
        await Store.ObserveClockAsync(null, Grace, Token);

        await Store.MarkRestoredAsync(Token);

        Assert.Equal(2, (await Store.FindInstallationAsync(Token))!.LedgerEpoch);
        Time.Advance(Grace);
        var end = Now + (Grace * 2);
        Assert.Equal(end, await Store.ObserveClockAsync(null, Grace * 2, Token));
        Time.Advance(Grace);
        Assert.Equal(end, await Store.ObserveClockAsync(Grace, Grace * 2, Token));
        Time.Advance(Grace);
        Assert.Null(await Store.ObserveClockAsync(Grace, Grace * 2, Token));
    }
}
