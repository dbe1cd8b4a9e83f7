using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Sessions that have no row until their blob is committed: what they may be promised in, their reserved locations, and the commit.</summary>
public abstract class WholeUploadsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private long _repository;

    [Fact]
    public async Task A_session_may_be_promised_where_opening_it_would_neither_reserve_nor_refuse()
    {
        Assert.Null((await FindOpenAsync(App)).Value);
        var id = await RepositoryIdAsync();

        var found = await FindOpenAsync(App);

        Assert.Equal(id, found.Value!.Id);
        Assert.Equal(await Store.ReadEpochsAsync(Alice.PrincipalId, Registry, Token), found.Epochs);
        Assert.Null((await FindOpenAsync(Other)).Value);
        Assert.Null((await FindOpenAsync(App, Registry + 1)).Value);

        await Store.SetQuotaAsync(Registry, App, new QuotaLimits(null, 10), Alice, Token);
        Assert.NotNull((await FindOpenAsync(App)).Value);
        await Store.SetQuotaAsync(Registry, App, new QuotaLimits(10, null), Alice, Token);
        Assert.Null((await FindOpenAsync(App)).Value);
        await Store.SetQuotaAsync(Registry, App, default, Alice, Token);
        await Store.SetQuotaAsync(Registry, null, new QuotaLimits(10_000, null), Alice, Token);
        Assert.Null((await FindOpenAsync(App)).Value);
        await Store.SetQuotaAsync(Registry, null, default, Alice, Token);
        Assert.NotNull((await FindOpenAsync(App)).Value);
        await LockAsync(Locks.Write);
        Assert.Null((await FindOpenAsync(App)).Value);
        await LockAsync(Locks.Delete);
        Assert.NotNull((await FindOpenAsync(App)).Value);
    }

    [Fact]
    public async Task A_whole_upload_leaves_what_a_session_leaves()
    {
        await RepositoryIdAsync();
        var usage = (await Store.ReadUsageAsync(Registry, Token))!;
        var last = await LastNumberAsync();
        var upload = await ReserveAsync("second");

        Assert.True(await CompleteAsync(upload));

        var blob = (await Store.FindBlobAsync(Registry, App, upload.Digest, Token))!;
        Assert.Equal((upload.Size, upload.Location), (blob.Size, blob.Location));
        Assert.Equal(upload.Digest, await Store.FindPushedAsync(upload.Id, Token));
        Assert.Equal(usage.Bytes + upload.Size, (await Store.ReadUsageAsync(Registry, Token))!.Bytes);
        Assert.Equal([LedgerKinds.BlobPushed], await KindsAfterAsync(last));
        Time.Advance(Kept * 2);
        Assert.DoesNotContain(await DiscardedAsync(100), discarded => discarded.Location == upload.Location);
    }

    [Fact]
    public async Task A_session_is_completed_once()
    {
        await RepositoryIdAsync();
        var one = await ReserveAsync("one");
        var other = await ReserveAsync("other") with { Id = one.Id };

        Assert.True(await CompleteAsync(one));
        Assert.Equal(WholeUploadOutcome.Taken, await OutcomeAsync(other));

        Assert.Null(await Store.FindBlobAsync(Registry, App, other.Digest, Token));
        Time.Advance(Kept * 2);
        Assert.Contains(await DiscardedAsync(100), discarded => discarded.Location == other.Location);
    }

    [Fact]
    public async Task Of_many_that_complete_one_session_at_once_one_does()
    {
        await RepositoryIdAsync();
        for (var round = 0; round < 10; round++)
        {
            var id = NewId();
            var uploads = new List<WholeUpload>();
            for (var i = 0; i < 4; i++) uploads.Add(await ReserveAsync($"{round} by {i}") with { Id = id });

            var completed = await Task.WhenAll(uploads.Select(CompleteAsync));

            Assert.Single(completed, isCompleted => isCompleted);
            for (var i = 0; i < 4; i++) Assert.Equal(completed[i], await Store.FindBlobAsync(Registry, App, uploads[i].Digest, Token) is not null);
        }
    }

    [Fact]
    public async Task A_session_that_is_completed_whole_while_it_is_opened_is_two_that_both_end_well()
    {
        await RepositoryIdAsync();
        var last = await LastNumberAsync();
        var opened = await OpenAsync(App);
        var whole = await ReserveAsync("whole") with { Id = opened.Id };
        Assert.True(await CompleteAsync(whole));
        Assert.True(await Store.CompleteUploadAsync(opened, Describe(Content("opened")).Digest, 6, Now + Grace, Now.AddHours(1), Alice, Token));

        Assert.NotNull(await Store.FindBlobAsync(Registry, App, whole.Digest, Token));
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, Describe(Content("opened")).Digest, Token));
        Assert.Equal([LedgerKinds.UploadOpened, LedgerKinds.BlobPushed, LedgerKinds.BlobPushed], await KindsAfterAsync(last));
    }

    [Fact]
    public async Task A_session_that_was_completed_is_not_ended()
    {
        await RepositoryIdAsync();
        var upload = await ReserveAsync("completed");
        Assert.True(await CompleteAsync(upload));
        Assert.False(await Store.EndPromisedUploadAsync(upload.Id, Registry, App, "at/end", Alice, Token));
        Assert.True((await Store.FindPushedAsync(NewId(), Token)).IsDefault);
    }

    [Fact]
    public async Task A_promised_session_is_opened_or_ended_once_whatever_locks_there_are()
    {
        await RepositoryIdAsync();
        var upload = new NewUpload(NewId(), Registry, App, "at/promised", DigestAlgorithm.Sha256, Now + Grace, Now.AddMinutes(1)) { IsPromised = true };
        Assert.Equal(1, (await Store.OpenUploadAsync(upload, Alice, Token)).Epoch);
        await Assert.ThrowsAsync<UploadTakenException>(() => Store.OpenUploadAsync(upload with { Location = "at/other" }, Alice, Token));
        Assert.False(await Store.EndPromisedUploadAsync(upload.Id, Registry, App, "at/end", Alice, Token));

        await LockAsync(Locks.Write);
        var (id, last) = (NewId(), await LastNumberAsync());
        Assert.True(await Store.EndPromisedUploadAsync(id, Registry, App, "at/end", Alice, Token));
        Assert.False(await Store.EndPromisedUploadAsync(id, Registry, App, "at/again", Alice, Token));
        Assert.Equal(UploadState.Aborting, (await Store.FindUploadAsync(Registry, App, id, Token))!.State);
        Assert.Equal([LedgerKinds.UploadAborted], await KindsAfterAsync(last));
        await LockAsync(Locks.None);

        var many = Enumerable.Range(0, 6).Select(i => upload with { Id = "many", Location = $"at/many{i}" }).ToList();
        var opened = await Task.WhenAll(many.Select(async one =>
        {
            try
            {
                return await Store.OpenUploadAsync(one, Alice, Token);
            }
            catch (UploadTakenException)
            {
                return null;
            }
        }));
        Assert.Single(opened, one => one is not null);
    }

    [Fact]
    public async Task A_location_is_taken_only_where_it_was_reserved_and_long_before_it_is_discarded()
    {
        await RepositoryIdAsync();
        var never = new WholeUpload(NewId(), Registry, _repository, App, "at/never", Describe(Content("never")).Digest, 5);
        Assert.Equal(WholeUploadOutcome.NotReserved, await OutcomeAsync(never));
        var late = await ReserveAsync("late");
        Time.Advance(Kept - TimeSpan.FromMinutes(30));
        Assert.Equal(WholeUploadOutcome.NotReserved, await OutcomeAsync(late));
        Assert.DoesNotContain(await DiscardedAsync(100), discarded => discarded.Location == late.Location);
        Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Contains(await DiscardedAsync(100), discarded => discarded.Location == late.Location);
        Assert.Null(await Store.FindBlobAsync(Registry, App, late.Digest, Token));
    }

    [Fact]
    public async Task What_stands_keeps_its_location_and_what_is_damaged_gets_the_new_one()
    {
        await RepositoryIdAsync();
        var first = await ReserveAsync("same");
        Assert.True(await CompleteAsync(first));
        var second = await ReserveAsync("same");
        Assert.True(await CompleteAsync(second));
        Assert.Equal(first.Location, (await Store.FindBlobAsync(Registry, App, first.Digest, Token))!.Location);

        Assert.True(await Store.MarkDamagedAsync(first.Digest, first.Location, Token));
        var third = await ReserveAsync("same");
        var last = await LastNumberAsync();
        Assert.True(await CompleteAsync(third));

        Assert.Equal(third.Location, (await Store.FindBlobAsync(Registry, App, first.Digest, Token))!.Location);
        Assert.Equal([LedgerKinds.BlobPushed, LedgerKinds.BlobHealed], await KindsAfterAsync(last));
        Time.Advance(Kept * 2);
        Assert.Equal(new[] { first.Location, second.Location }.Order(), (await DiscardedAsync(100)).Select(discarded => discarded.Location).Where(at => at.StartsWith("at/whole", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task A_lock_or_a_quota_that_came_meanwhile_refuses_the_commit_and_changes_nothing()
    {
        await RepositoryIdAsync();
        var locked = await ReserveAsync("locked");
        await LockAsync(Locks.Write);
        await Assert.ThrowsAsync<LockedException>(() => CompleteAsync(locked));
        await LockAsync(Locks.None);
        await Store.SetQuotaAsync(Registry, App, new QuotaLimits(10, null), Alice, Token);
        var large = await ReserveAsync("more than ten bytes");
        await Assert.ThrowsAsync<QuotaException>(() => CompleteAsync(large));

        Assert.True((await Store.FindPushedAsync(locked.Id, Token)).IsDefault);
        Assert.True((await Store.FindPushedAsync(large.Id, Token)).IsDefault);
        Assert.Null(await Store.FindBlobAsync(Registry, App, large.Digest, Token));
        await Store.SetQuotaAsync(Registry, App, default, Alice, Token);
        Assert.True(await CompleteAsync(locked));
        Assert.True(await CompleteAsync(large));
    }

    [Fact]
    public async Task Who_finishes_a_session_finds_its_repository_without_a_row()
    {
        var id = await RepositoryIdAsync();
        var blob = Describe(Content("stored"));
        var session = NewId();

        var found = (await Store.FindUploadAsync(Alice.PrincipalId, Registry, App, session, blob.Digest, Token)).Value!;
        Assert.Equal((id, null, null), (found.Repository!.Id, found.Upload, found.Stored));

        var upload = await ReserveAsync("stored") with { Id = session };
        Assert.True(await CompleteAsync(upload));
        found = (await Store.FindUploadAsync(Alice.PrincipalId, Registry, App, session, blob.Digest, Token)).Value!;
        Assert.Equal((id, upload.Location), (found.Repository!.Id, found.Stored!.Location));
        Assert.Equal(UploadState.Done, found.Upload!.State);
        var next = await ReserveAsync("stored next") with { Id = NewId() };
        Assert.True(await CompleteAsync(next));
        Assert.Null((await Store.FindUploadAsync(Alice.PrincipalId, Registry, App, next.Id, next.Digest, Token)).Value!.Upload);
        await LockAsync(Locks.Write);
        Assert.Null((await Store.FindUploadAsync(Alice.PrincipalId, Registry, App, NewId(), blob.Digest, Token)).Value!.Repository);
        await LockAsync(Locks.None);
        await Store.SetQuotaAsync(Registry, null, new QuotaLimits(10_000, null), Alice, Token);
        Assert.Null((await Store.FindUploadAsync(Alice.PrincipalId, Registry, App, NewId(), blob.Digest, Token)).Value!.Repository);
        Assert.Null((await Store.FindUploadAsync(Alice.PrincipalId, Registry, Other, session, blob.Digest, Token)).Value);
    }

    [Fact]
    public async Task Many_that_are_completed_at_once_each_end_by_themselves()
    {
        await RepositoryIdAsync();
        var usage = (await Store.ReadUsageAsync(Registry, Token))!;
        var last = await LastNumberAsync();
        var uploads = new List<WholeUpload>();
        for (var i = 0; i < 40; i++) uploads.Add(await ReserveAsync($"{i % 30} of thirty") with { Others = 39 });
        var taken = await ReserveAsync("taken");
        Assert.True(await CompleteAsync(taken));
        uploads.Add(await ReserveAsync("taken already") with { Id = taken.Id, Others = 39 });
        uploads.Add(new WholeUpload(NewId(), Registry, _repository, App, "at/never", Describe(Content("never")).Digest, 5) { Others = 39 });

        var outcomes = await Task.WhenAll(uploads.Select(OutcomeAsync));

        Assert.All(outcomes[..40], outcome => Assert.Equal(WholeUploadOutcome.Completed, outcome));
        Assert.Equal([WholeUploadOutcome.Taken, WholeUploadOutcome.NotReserved], outcomes[40..]);
        var bytes = uploads[..30].Sum(upload => upload.Size) + taken.Size;
        var after = (await Store.ReadUsageAsync(Registry, Token))!;
        Assert.Equal((usage.Bytes + bytes, usage.Blobs + 31), (after.Bytes, after.Blobs));
        Assert.Equal(Enumerable.Repeat(LedgerKinds.BlobPushed, 41), await KindsAfterAsync(last));
        foreach (var upload in uploads[..40])
        {
            Assert.Equal(upload.Size, (await Store.FindBlobAsync(Registry, App, upload.Digest, Token))!.Size);
            Assert.Equal(upload.Digest, await Store.FindPushedAsync(upload.Id, Token));
        }

        // Each location holds a blob, or is discarded.
        Time.Advance(Kept * 2);
        var discarded = (await DiscardedAsync(100)).Select(one => one.Location).ToHashSet();
        foreach (var upload in uploads[..40])
            Assert.NotEqual((await Store.FindBlobAsync(Registry, App, upload.Digest, Token))!.Location == upload.Location, discarded.Contains(upload.Location));
    }

    [Fact]
    public async Task Many_in_two_repositories_that_share_blobs_are_counted_once_in_the_registry()
    {
        await RepositoryIdAsync();
        await PushImageAsync(Other, "the first of the others");
        var other = (await FindOpenAsync(Other)).Value!.Id;
        var usage = (await Store.ReadUsageAsync(Registry, Token))!;
        var uploads = new List<WholeUpload>();
        for (var i = 0; i < 10; i++)
        {
            uploads.Add(await ReserveAsync($"shared {i}") with { Others = 19 });
            uploads.Add(await ReserveAsync($"shared {i}") with { Others = 19, RepositoryId = other, Repository = Other });
        }

        Assert.All(await Task.WhenAll(uploads.Select(CompleteAsync)), Assert.True);

        var after = (await Store.ReadUsageAsync(Registry, Token))!;
        Assert.Equal((usage.Bytes + (uploads.Sum(upload => upload.Size) / 2), usage.Blobs + 10), (after.Bytes, after.Blobs));
        Assert.Empty(await Store.RecountUsageAsync(repair: false, Token));
    }

    private ValueTask<WithEpochs<OpenRepository>> FindOpenAsync(RepositoryName repository, long? registry = null) =>
        Store.FindOpenRepositoryAsync(Alice.PrincipalId, registry ?? Registry, repository, Token);

    private Task<WholeUploadOutcome> OutcomeAsync(WholeUpload upload) => Store.CompleteWholeAsync(upload, Now + Grace, Alice, Token);

    private async Task<bool> CompleteAsync(WholeUpload upload) => await OutcomeAsync(upload) == WholeUploadOutcome.Completed;

    /// <summary>The id of the repository, which is made where it is not there.</summary>
    private async Task<long> RepositoryIdAsync()
    {
        await PushImageAsync(App, "the first of all");
        return _repository = (await FindOpenAsync(App)).Value!.Id;
    }

    private async Task<WholeUpload> ReserveAsync(string text)
    {
        var (id, blob) = (NewId(), Describe(Content(text)));
        await Store.ReserveLocationsAsync([$"at/whole-{id}"], Now + Kept, Token);
        return new WholeUpload(id, Registry, _repository, App, $"at/whole-{id}", blob.Digest, blob.Size);
    }

    private async Task LockAsync(Locks locks) => Assert.True(
        await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(new LockChanges(locks, (Locks.Write | Locks.Delete) & ~locks)), Alice, Token));
}
