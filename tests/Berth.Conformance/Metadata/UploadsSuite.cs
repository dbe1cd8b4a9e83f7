using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Upload sessions: fencing, progress, completion, expiry.</summary>
public abstract class UploadsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task An_opened_session_is_found_in_its_repository_alone()
    {
        var upload = await OpenAsync(App);

        var found = await Store.FindUploadAsync(Registry, App, upload.Id, Token);

        Assert.Equal(upload, found);
        Assert.Equal(UploadState.Open, upload.State);
        Assert.Equal(0, upload.Epoch);
        Assert.Equal(Alice.PrincipalId, upload.PrincipalId);
        Assert.Null(await Store.FindUploadAsync(Registry, Other, upload.Id, Token));
        Assert.Null(await Store.FindUploadAsync(Registry + 1, App, upload.Id, Token));
    }

    [Fact]
    public async Task Opening_a_session_does_not_bring_the_repository_into_being()
    {
        await OpenAsync(App);

        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
        Assert.Empty((await Store.ListRepositoriesAsync(Registry, [NameRange.All], null, 10, Token)).Items);
        Assert.Null(await Store.ListTagsAsync(Registry, App, null, 10, Token));
    }

    [Fact]
    public async Task A_session_opened_for_writing_starts_with_its_first_epoch_taken()
    {
        var upload = await OpenAsync(App, writing: true);

        Assert.Equal(1, upload.Epoch);
        Assert.Equal(Now.AddMinutes(1), upload.WriterUntil);
        Assert.Null(await Store.AcquireUploadAsync(upload.Id, 1, Now.AddMinutes(2), Token));
    }

    [Fact]
    public async Task Of_two_writers_one_gets_the_session()
    {
        var upload = await OpenAsync(App);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.AcquireUploadAsync(upload.Id, 0, Now.AddMinutes(1), Token)));

        Assert.Equal(1, Assert.Single(taken, record => record is not null)!.Epoch);
    }

    [Fact]
    public async Task A_session_is_opened_as_of_epochs_only_while_they_stand()
    {
        var (caller, asOf) = await SignInAsync();

        var upload = await OpenAsOfAsync(caller, asOf);
        Assert.Equal(upload, await Store.FindUploadAsync(Registry, App, upload.Id, Token));

        foreach (var moved in Moved(asOf)) await Assert.ThrowsAsync<EpochsMovedException>(() => OpenAsOfAsync(caller, moved));
        await Assert.ThrowsAsync<EpochsMovedException>(() => OpenAsOfAsync(Alice, asOf with { Principal = 0 }));
        await Store.UpdatePrincipalAsync(caller.PrincipalId, new PrincipalChanges(Enabled: false), Alice, Token);
        await Assert.ThrowsAsync<EpochsMovedException>(() => OpenAsOfAsync(caller, asOf));
        Assert.Equal(1, await Store.CountUploadsAsync(Registry, 0, Token));
    }

    [Fact]
    public async Task A_caller_takes_its_session_in_one_step_as_of_epochs_that_stand_and_nobody_else_s()
    {
        var (caller, asOf) = await SignInAsync();
        var (other, asOfOther) = await SignInAsync();
        var blob = Describe(Content("stored"));
        var upload = await OpenAsOfAsync(caller, asOf);
        Task<FoundUpload?> TakeAsync(SecurityEpochs epochs, Caller? by = null, RepositoryName? repository = null, string? id = null, long? registry = null, Digest digest = default, long? offset = null) =>
            Store.TakeUploadAsync(registry ?? Registry, repository ?? App, id ?? upload.Id, digest, (by ?? caller).PrincipalId, epochs, offset, Now.AddMinutes(1), Token);

        foreach (var moved in Moved(asOf)) Assert.Null(await TakeAsync(moved));
        Assert.Null(await TakeAsync(asOfOther, by: other));
        Assert.Null(await TakeAsync(asOf, repository: Other));
        Assert.Null(await TakeAsync(asOf, id: NewId()));
        Assert.Null(await TakeAsync(asOf, registry: Registry + 1));
        Assert.Null(await TakeAsync(asOf, offset: 1));
        Assert.Equal(upload, await Store.FindUploadAsync(Registry, App, upload.Id, Token));

        var taken = (await TakeAsync(asOf, digest: blob.Digest, offset: 0))!;
        Assert.Equal((1, Now.AddMinutes(1), null), (taken.Upload!.Epoch, taken.Upload.WriterUntil, taken.Stored));
        Assert.Equal(taken.Upload, await Store.FindUploadAsync(Registry, App, upload.Id, Token));
        Assert.Null(await TakeAsync(asOf));
        Assert.Null(await Store.AcquireUploadAsync(upload.Id, 1, Now.AddMinutes(1), Token));
        Assert.True(await Store.CompleteUploadAsync(taken.Upload, blob.Digest, blob.Size, Now + Grace, Now + Grace, caller, Token));
        Assert.Null(await TakeAsync(asOf));

        var next = await OpenAsOfAsync(caller, asOf);
        var found = (await TakeAsync(asOf, id: next.Id, digest: blob.Digest))!;
        Assert.Equal(new StoredBlobRecord(blob.Digest, blob.Size, upload.Location, BlobState.Live), found.Stored);
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(2, (await TakeAsync(asOf, id: next.Id))!.Upload!.Epoch);
        Time.Advance(TimeSpan.FromMinutes(2));
        await Store.UpdatePrincipalAsync(caller.PrincipalId, new PrincipalChanges(Enabled: false), Alice, Token);
        Assert.Null(await TakeAsync(asOf, id: next.Id));
    }

    [Fact]
    public async Task Of_many_that_take_a_session_at_once_one_gets_it()
    {
        var (caller, asOf) = await SignInAsync();
        var upload = await OpenAsOfAsync(caller, asOf);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.TakeUploadAsync(Registry, App, upload.Id, default, caller.PrincipalId, asOf, null, Now.AddMinutes(1), Token)));

        Assert.Equal(1, Assert.Single(taken, one => one is not null)!.Upload!.Epoch);
    }

    [Fact]
    public async Task A_writer_whose_lease_ran_out_is_followed_and_fenced_off()
    {
        var first = await OpenAsync(App, writing: true);
        Time.Advance(TimeSpan.FromMinutes(2));

        var second = await Store.AcquireUploadAsync(first.Id, first.Epoch, Now.AddMinutes(1), Token);

        Assert.Equal(2, second!.Epoch);
        Assert.False(await Store.TouchUploadAsync(first.Id, first.Epoch, Now.AddMinutes(1), Now + Grace, Token));
        Assert.False(await Store.RecordUploadAsync(first.Id, first.Epoch, 5, DigestAlgorithm.Sha256, null, null, Now + Grace, Token));
        var blob = Describe(Content("late"));
        Assert.False(await Store.CompleteUploadAsync(first, blob.Digest, blob.Size, Now + Grace, Now + Grace, Alice, Token));
        Assert.Null(await Store.FindBlobAsync(Registry, App, blob.Digest, Token));
    }

    [Fact]
    public async Task Recorded_bytes_and_hash_state_are_what_the_next_writer_finds()
    {
        var upload = await OpenAsync(App, writing: true);
        byte[] state = [1, 2, 3];

        Assert.True(await Store.RecordUploadAsync(upload.Id, 1, 1234, DigestAlgorithm.Sha512, state, "where to go on", Now.AddDays(2), Token));
        await ReopenAsync();
        var next = await Store.AcquireUploadAsync(upload.Id, 1, Now.AddMinutes(1), Token);

        Assert.NotNull(next);
        Assert.Equal((1234, DigestAlgorithm.Sha512, Now.AddDays(2)), (next.Offset, next.Algorithm, next.ExpiresAt));
        Assert.Equal(state, next.HashState);
        Assert.Equal("where to go on", next.Checkpoint);
    }

    [Fact]
    public async Task A_completed_session_names_its_blob_and_cannot_be_used_again()
    {
        var blob = Describe(Content("x"));
        var upload = await OpenAsync(App, writing: true);
        Assert.True(await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now.AddHours(1), Alice, Token));

        var done = await Store.FindUploadAsync(Registry, App, upload.Id, Token);

        Assert.Equal((UploadState.Done, blob.Digest, Now.AddHours(1)), (done!.State, done.Digest, done.ExpiresAt));
        Assert.False(await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now, Alice, Token));
        Assert.Null(await Store.AcquireUploadAsync(upload.Id, 1, Now.AddMinutes(1), Token));
        Assert.False(await Store.AbortUploadAsync(upload.Id, null, Alice, Token));
    }

    [Fact]
    public async Task Of_a_completion_and_an_abort_exactly_one_happens()
    {
        for (var round = 0; round < 40; round++)
        {
            var blob = Describe(Content($"round {round}"));
            var upload = await OpenAsync(App, writing: true);
            var complete = () => Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now, Alice, Token);
            var abort = () => Store.AbortUploadAsync(upload.Id, null, Alice, Token);
            var ends = await Task.WhenAll((round % 2 == 0 ? [complete, abort] : new[] { abort, complete }).Select(end => Task.Run(end)));

            var completed = ends[round % 2];
            Assert.NotEqual(completed, ends[1 - (round % 2)]);
            Assert.Equal(completed, await Store.FindBlobAsync(Registry, App, blob.Digest, Token) is not null);
            Assert.Equal(!completed, (await DiscardedAsync(100)).Any(discarded => discarded.UploadId == upload.Id));
        }
    }

    [Fact]
    public async Task An_aborted_session_is_gone_and_its_writer_fenced_off()
    {
        var upload = await OpenAsync(App, writing: true);

        Assert.True(await Store.AbortUploadAsync(upload.Id, null, Alice, Token));

        Assert.False(await Store.AbortUploadAsync(upload.Id, null, Alice, Token));
        Assert.Equal(UploadState.Aborting, (await Store.FindUploadAsync(Registry, App, upload.Id, Token))!.State);
        Assert.False(await Store.TouchUploadAsync(upload.Id, 1, Now.AddMinutes(1), Now + Grace, Token));
    }

    [Fact]
    public async Task An_aborted_sessions_location_is_discarded_only_after_its_writer_let_go()
    {
        var letGo = new Func<UploadRecord, Task>[]
        {
            upload => Store.RecordUploadAsync(upload.Id, 1, 0, DigestAlgorithm.Sha256, null, null, Now + Grace, Token),
            upload => Store.AbortUploadAsync(upload.Id, 1, Alice, Token),
            upload => Store.CompleteUploadAsync(upload with { Epoch = 1 }, Describe(Content("late")).Digest, 4, Now + Grace, Now, Alice, Token),
        };
        foreach (var end in letGo)
        {
            var upload = await OpenAsync(App, writing: true);
            await Store.AbortUploadAsync(upload.Id, null, Alice, Token);
            Assert.Empty(await DiscardedAsync(10));

            await end(upload);

            var discarded = new DiscardedLocation(upload.Location, upload.Id);
            Assert.Equal([discarded], await DiscardedAsync(10));
            await Store.ForgetDiscardedAsync([discarded], Token);
        }
    }

    [Fact]
    public async Task An_aborted_sessions_location_is_discarded_when_its_writers_hold_ended()
    {
        var upload = await OpenAsync(App, writing: true);
        await Store.AbortUploadAsync(upload.Id, null, Alice, Token);

        Time.Advance(TimeSpan.FromHours(2));

        Assert.Equal([new DiscardedLocation(upload.Location, upload.Id)], await DiscardedAsync(10));
    }

    [Fact]
    public async Task A_writer_that_was_fenced_off_aborts_nothing()
    {
        var upload = await OpenAsync(App);
        await Store.AcquireUploadAsync(upload.Id, upload.Epoch, Now.AddMinutes(1), Token);

        Assert.False(await Store.AbortUploadAsync(upload.Id, upload.Epoch, Alice, Token));

        Assert.NotNull(await Store.FindUploadAsync(Registry, App, upload.Id, Token));
    }

    [Fact]
    public async Task Open_sessions_are_listed_in_pages_and_counted()
    {
        var opened = new List<string>();
        for (var i = 0; i < 5; i++) opened.Add((await OpenAsync(i % 2 == 0 ? App : Other)).Id);
        await Store.AbortUploadAsync(opened[1], null, Alice, Token);
        opened.RemoveAt(1);

        foreach (var registry in new[] { 0, Registry })
        {
            var first = await Store.ListUploadsAsync(registry, null, 3, Token);
            var second = await Store.ListUploadsAsync(registry, first.Last, 3, Token);

            Assert.True(first.More);
            Assert.False(second.More);
            Assert.Equal(opened, first.Items.Concat(second.Items).Select(upload => upload.Id));
        }

        Assert.Equal(4, await Store.CountUploadsAsync(Registry, 0, Token));
        Assert.Equal(4, await Store.CountUploadsAsync(Registry, Alice.PrincipalId, Token));
        Assert.Equal(0, await Store.CountUploadsAsync(Registry, Alice.PrincipalId + 1, Token));
        Assert.Equal(0, await Store.CountUploadsAsync(Registry + 1, 0, Token));
    }

    [Fact]
    public async Task A_page_filtered_by_registry_that_finds_none_says_where_to_go_on()
    {
        for (var i = 0; i < 25; i++) await OpenAsync(App);

        var page = await Store.ListUploadsAsync(Registry + 1, null, 2, Token);
        var next = await Store.ListUploadsAsync(Registry + 1, page.Last, 2, Token);

        Assert.Empty(page.Items);
        Assert.True(page.More);
        Assert.NotNull(page.Last);
        Assert.False(next.More);
    }

    [Fact]
    public async Task A_session_expires_after_its_time_unless_its_writer_lives()
    {
        var idle = await OpenAsync(App, expiresAt: Now.AddMinutes(10));
        var busy = await OpenAsync(App, writing: true, expiresAt: Now.AddMinutes(10));
        Time.Advance(TimeSpan.FromMinutes(11));
        Assert.True(await Store.TouchUploadAsync(busy.Id, 1, Now.AddMinutes(1), Now, Token));

        Assert.Equal(1, await Store.ExpireUploadsAsync(10, Token));

        Assert.Equal(UploadState.Aborting, (await Store.FindUploadAsync(Registry, App, idle.Id, Token))!.State);
        Assert.NotNull(await Store.FindUploadAsync(Registry, App, busy.Id, Token));
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await Store.ExpireUploadsAsync(10, Token));
    }

    private static IEnumerable<SecurityEpochs> Moved(SecurityEpochs asOf) =>
        [asOf with { Principal = asOf.Principal + 1 }, asOf with { Principal = asOf.Principal - 1 }, asOf with { Registry = asOf.Registry + 1 }, asOf with { Registry = asOf.Registry - 1 }];

    private async Task<(Caller Caller, SecurityEpochs AsOf)> SignInAsync()
    {
        var principal = (await Store.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.User, NewId(), "Somebody"), Alice, Token)).Record!;
        return (Alice with { PrincipalId = principal.Id }, await Store.ReadEpochsAsync(principal.Id, Registry, Token));
    }

    private Task<UploadRecord> OpenAsOfAsync(Caller caller, SecurityEpochs asOf)
    {
        var id = NewId();
        return Store.OpenUploadAsync(new NewUpload(id, Registry, App, $"at/{id}", DigestAlgorithm.Sha256, Now + Grace, null) { AsOf = asOf }, caller, Token);
    }
}
