using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>The ledger: one record for each mutation, in order, with hybrid time.</summary>
public abstract class LedgerSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task Every_mutation_writes_exactly_its_records_and_nothing_else_writes_any()
    {
        Assert.Equal([LedgerKinds.InstallationChanged], await KindsAfterAsync(0));

        await ExpectAsync(() => Store.SetPasswordAsync("bob \"quoted\"", "hash", Alice, Token), LedgerKinds.PrincipalChanged);
        UploadRecord upload = null!;
        await ExpectAsync(async () => upload = await OpenAsync(App), LedgerKinds.UploadOpened);
        await ExpectAsync(() => Store.AcquireUploadAsync(upload.Id, 0, Now.AddMinutes(1), Token));
        await ExpectAsync(() => Store.TouchUploadAsync(upload.Id, 1, Now.AddMinutes(1), Now + Grace, Token));
        await ExpectAsync(() => Store.RecordUploadAsync(upload.Id, 1, 3, DigestAlgorithm.Sha256, null, null, Now + Grace, Token));
        var blob = Describe(Content("abc"));
        await ExpectAsync(
            () => Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, 3, Now + Grace, Now + Grace, Alice, Token), LedgerKinds.BlobPushed);
        await ExpectAsync(() => Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, 3, Now + Grace, Now + Grace, Alice, Token));
        await ExpectAsync(() => Store.RenewBlobAsync(Registry, App, blob.Digest, Now + Grace + Grace, Token));
        await ExpectAsync(() => Store.MountBlobAsync(Registry, Other, blob.Digest, App, [], Now + Grace, Alice, Token), LedgerKinds.BlobMounted);
        var image = Image(Registry, App, blob, [blob], tags: ["v1", "v2"]);
        await ExpectAsync(() => Store.PutManifestAsync(image, Alice, Token), LedgerKinds.ManifestPushed, LedgerKinds.TagSet, LedgerKinds.TagSet);
        await ExpectAsync(() => Store.PutManifestAsync(image, Alice, Token));
        await ExpectAsync(() => Store.DeleteBlobAsync(Registry, App, blob.Digest, Alice, Token));
        await ExpectAsync(() => Store.DeleteBlobAsync(Registry, Other, blob.Digest, Alice, Token), LedgerKinds.BlobDeleted);
        await ExpectAsync(() => Store.DeleteTagAsync(Registry, App, Tag.Parse("v1"), Alice, Token), LedgerKinds.TagDeleted);
        var changes = new LockChanges(Locks.Read, Locks.None);
        await ExpectAsync(() => Store.LockTagAsync(Registry, App, Tag.Parse("v2"), changes, Alice, Token), LedgerKinds.TagLocked);
        await ExpectAsync(() => Store.LockTagAsync(Registry, App, Tag.Parse("v2"), changes, Alice, Token));
        await ExpectAsync(() => Store.LockManifestAsync(Registry, App, image.Digest, changes, Alice, Token), LedgerKinds.ManifestLocked);
        await ExpectAsync(() => Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(changes, Owner: "a"), Alice, Token), LedgerKinds.RepositoryChanged);
        var location = (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location;
        await ExpectAsync(() => Store.MarkDamagedAsync(blob.Digest, location, Token), LedgerKinds.BlobDamaged);
        await ExpectAsync(() => Store.MarkLiveAsync(blob.Digest, location, Token), LedgerKinds.BlobHealed);
        await ExpectAsync(
            () => Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token), LedgerKinds.TagDeleted, LedgerKinds.ManifestDeleted);
        await ExpectAsync(async () => upload = await OpenAsync(App), LedgerKinds.UploadOpened);
        await ExpectAsync(() => Store.AbortUploadAsync(upload.Id, null, Alice, Token), LedgerKinds.UploadAborted);
        await ExpectAsync(async () => upload = await OpenAsync(App), LedgerKinds.UploadOpened);
        Time.Advance(TimeSpan.FromDays(3));
        await ExpectAsync(() => Store.ExpireUploadsAsync(10, Token), LedgerKinds.UploadAborted);
        await ExpectAsync(() => Store.ReviewMembershipsAsync(10, Token), LedgerKinds.BlobCollected);
        await ExpectAsync(() => Store.ReviewBlobsAsync(10, Token));
        await ExpectAsync(() => Store.TidyAsync(TimeSpan.FromDays(90), 100, Token));
        await ExpectAsync(() => Store.ObserveClockAsync(null, Grace, Token));
        await ExpectAsync(() => Store.AddAccessEventsAsync([new AccessEvent(Now, Registry, AccessEventKinds.Denied, "a", "b", "c", 1, null)], Token));
        await ExpectAsync(() => Store.MarkRestoredAsync(Token), LedgerKinds.InstallationChanged);
    }

    [Fact]
    public async Task A_record_says_who_did_what_where_and_when()
    {
        var image = await PushImageAsync(App, "image", "v1");

        var record = (await Store.ReadLedgerAsync(0, 100, Token))[^1];

        Assert.Equal(
            (LedgerKinds.TagSet, Registry, App.Value, "v1", image.Digest), (record.Kind, record.RegistryId, record.Repository, record.Reference, record.Digest));
        Assert.Equal((Alice.Name, Alice.Address, Alice.RequestId, "home"), (record.Actor, record.Address, record.RequestId, record.Region));
        Assert.Equal(Now.ToUnixTimeMilliseconds(), record.HybridTime >> 16);
    }

    [Fact]
    public async Task Every_kind_is_registered_with_a_sentence()
    {
        await PushImageAsync(App, "image", "v1");

        Assert.All(await KindsAfterAsync(0), kind => Assert.EndsWith(".", LedgerKinds.All[kind], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Hybrid_time_grows_whatever_the_clock_does_and_over_restarts()
    {
        await PushImageAsync(App, "one", "v1");
        Time.AdjustTime(Now.AddYears(1));
        await PushImageAsync(App, "two", "v1");
        Time.AdjustTime(Now.AddYears(-2));
        await ReopenAsync();
        await PushImageAsync(App, "three", "v1");

        var times = (await Store.ReadLedgerAsync(0, 1000, Token)).Select(record => record.HybridTime).ToList();

        Assert.Equal(times.Distinct().Order(), times);
    }

    [Fact]
    public async Task The_last_record_outlives_every_retention_and_numbers_are_never_given_twice()
    {
        await PushImageAsync(App, "image", "v1");
        var last = await LastNumberAsync();
        var highest = (await Store.ReadLedgerAsync(0, 1000, Token)).Max(record => record.HybridTime);
        Time.Advance(TimeSpan.FromDays(200));
        for (var i = 0; i < 10; i++) await Store.TidyAsync(TimeSpan.FromDays(90), 1000, Token);
        Assert.Equal(last, Assert.Single(await Store.ReadLedgerAsync(0, 1000, Token)).Number);
        Time.AdjustTime(Now.AddYears(-1));
        await ReopenAsync();

        await PushBlobAsync(App, "next");

        var next = await Store.ReadLedgerAsync(last, 1000, Token);
        Assert.Equal(2, next.Count);
        Assert.All(next, record => Assert.True(record.HybridTime > highest));
    }

    [Fact]
    public async Task Records_are_read_in_pages()
    {
        for (var i = 0; i < 5; i++) await PushBlobAsync(App, $"{i}");
        var all = await Store.ReadLedgerAsync(0, 1000, Token);

        var paged = new List<LedgerRecord>();
        while (await Store.ReadLedgerAsync(paged.Count == 0 ? 0 : paged[^1].Number, 3, Token) is { Count: > 0 } page) paged.AddRange(page);

        Assert.Equal(all, paged);
    }

    private async Task ExpectAsync(Func<Task> mutation, params string[] kinds)
    {
        var last = await LastNumberAsync();
        await mutation();
        Assert.Equal(kinds, await KindsAfterAsync(last));
    }
}
