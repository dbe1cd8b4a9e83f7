using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Quotas: a hard one is never exceeded, whatever runs at once, and what was reserved is given back whatever becomes of an upload.</summary>
public abstract class QuotasSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task An_upload_reserves_what_it_declares_and_gives_it_back_when_it_is_done()
    {
        await LimitAsync(null, 1_000);
        await LimitAsync(App, 900);

        var upload = await DeclareAsync(App, 600);

        Assert.Equal((600, 600), await ReservedAsync());
        Assert.Equal(new StandingQuota("local", "team/app", 900, 0, 600, 301), await RefusedAsync(() => DeclareAsync(App, 301)));
        Assert.Equal(new StandingQuota("local", null, 1_000, 0, 600, 401), await RefusedAsync(() => DeclareAsync(Other, 401)));
        await CompleteAsync(upload, new byte[600]);
        Assert.Equal((0, 0), await ReservedAsync());
        Assert.Equal(new StandingQuota("local", null, 1_000, 600, 0, 401), await RefusedAsync(() => DeclareAsync(Other, 401)));
        Assert.NotNull(await DeclareAsync(Other, 400));
    }

    [Fact]
    public async Task What_an_upload_reserved_is_free_again_when_it_is_cancelled_or_expires_and_survives_a_restart_until_then()
    {
        await LimitAsync(null, 1_000);
        var cancelled = await DeclareAsync(App, 500);
        await DeclareAsync(App, 500, expiresAt: Now.AddHours(1));
        await RefusedAsync(() => DeclareAsync(App, 1));

        Assert.True(await Store.AbortUploadAsync(cancelled.Id, null, Alice, Token));
        Assert.False(await Store.AbortUploadAsync(cancelled.Id, null, Alice, Token));
        Assert.Equal((500, 0), await ReservedAsync());
        await ReopenAsync();
        Assert.Equal((500, 0), await ReservedAsync());
        Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(1, await Store.ExpireUploadsAsync(10, Token));

        Assert.Equal((0, 0), await ReservedAsync());
        Assert.NotNull(await DeclareAsync(App, 1_000));
    }

    [Fact]
    public async Task Of_two_uploads_that_together_exceed_the_quota_one_fails_whoever_comes_first()
    {
        await LimitAsync(App, 1_000);
        var uploads = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                return await DeclareAsync(App, 300);
            }
            catch (QuotaException)
            {
                return null;
            }
        }));

        Assert.Equal(3, uploads.Count(upload => upload is not null));
        Assert.Equal((0, 900), await ReservedAsync());
    }

    [Fact]
    public async Task An_upload_that_says_nothing_reserves_as_it_grows_and_keeps_only_what_it_holds()
    {
        await LimitAsync(null, 1_000);
        var upload = await OpenAsync(App, writing: true);
        Assert.Equal(0, upload.CoveredTo);

        Assert.Equal(800, await Store.ReserveUploadAsync(upload.Id, 1, 100, 800, Token));
        Assert.Equal(1_000, await Store.ReserveUploadAsync(upload.Id, 1, 850, 5_000, Token)); // as far as there is room
        Assert.Equal(new StandingQuota("local", null, 1_000, 0, 0, 1_001), await RefusedAsync(() => Store.ReserveUploadAsync(upload.Id, 1, 1_001, 5_000, Token)));
        Assert.Equal((1_000, 0), await ReservedAsync());
        Assert.Null(await Store.ReserveUploadAsync(upload.Id, 2, 10, 10, Token)); // another writer has it

        Assert.True(await Store.RecordUploadAsync(upload.Id, 1, 250, DigestAlgorithm.Sha256, null, null, Now + Grace, Token));
        Assert.Equal((250, 0), await ReservedAsync());
        Assert.Equal(250, (await Store.FindUploadAsync(Registry, App, upload.Id, Token))!.CoveredTo);
    }

    [Fact]
    public async Task Without_a_quota_nothing_is_reserved()
    {
        var upload = await DeclareAsync(App, 600);

        Assert.Equal(long.MaxValue, upload.CoveredTo);
        Assert.Equal((0, 0), await ReservedAsync());
        Assert.Equal(long.MaxValue, await Store.ReserveUploadAsync(upload.Id, 1, 100, 200, Token));
    }

    [Fact]
    public async Task A_quota_that_was_set_during_an_upload_is_kept_when_it_completes_and_leaves_nothing_of_it()
    {
        var upload = await DeclareAsync(App, 600);
        await LimitAsync(App, 599);
        var last = await LastNumberAsync();

        Assert.Equal(new StandingQuota("local", "team/app", 599, 0, 0, 600), await RefusedAsync(() => CompleteAsync(upload, new byte[600])));

        Assert.Equal(last, await LastNumberAsync());
        Assert.Equal(UploadState.Open, (await Store.FindUploadAsync(Registry, App, upload.Id, Token))!.State);
        Assert.Null(await Store.FindStoredBlobAsync(Describe(new byte[600]).Digest, Token));
    }

    [Fact]
    public async Task What_the_registry_has_already_costs_it_nothing_and_the_repository_its_size()
    {
        var layer = await PushBlobAsync(App, new byte[600]);
        await LimitAsync(null, 600);

        // By upload, by mount, and declared for what it is.
        var upload = await DeclareAsync(Other, 600, layer.Digest, readable: [NameRange.All]);
        Assert.Equal((0, 0), await ReservedAsync(Other));
        await CompleteAsync(upload, new byte[600]);
        var third = RepositoryName.Parse("team/third");
        await LimitAsync(third, 599);
        Assert.Equal(
            new StandingQuota("local", "team/third", 599, 0, 0, 600),
            await RefusedAsync(() => Store.MountBlobAsync(Registry, third, layer.Digest, App, [], Now + Grace, Alice, Token)));
        Assert.Equal("team/third", (await RefusedAsync(() => DeclareAsync(third, 600, layer.Digest, readable: [NameRange.All]))).Repository);
        await LimitAsync(third, 600);
        Assert.NotNull(await Store.MountBlobAsync(Registry, third, layer.Digest, App, [], Now + Grace, Alice, Token));
        Assert.NotNull(await Store.MountBlobAsync(Registry, third, layer.Digest, App, [], Now + Grace, Alice, Token)); // it holds it by now
    }

    [Fact]
    public async Task A_manifest_counts_too_and_one_that_stands_may_be_tagged_in_a_full_registry()
    {
        var image = await PushImageAsync(App, "image", "v1");
        var full = (await Store.ReadUsageAsync(Registry, Token))!.Bytes;
        await LimitAsync(null, full);

        await PutAsync(image with { Tags = [Tag.Parse("v2")] });
        var other = Image(Registry, App, image.Manifest.Config!.Value, [], tags: "v3");
        Assert.Equal(other.Bytes.Length, (await RefusedAsync(() => Store.PutManifestAsync(other, Alice, Token))).Wanted);
        await LimitAsync(null, full + other.Bytes.Length);
        await PutAsync(other);
    }

    [Fact]
    public async Task A_soft_limit_lets_pushes_pass_and_says_once_that_it_was_passed()
    {
        await Store.SetQuotaAsync(Registry, App, new QuotaLimits(null, 100), Alice, Token);
        var last = await LastNumberAsync();
        var first = await PushBlobAsync(App, new byte[101]);
        await PushBlobAsync(App, new byte[50]);

        var passed = Assert.Single(await Store.ListPassedSoftLimitsAsync(10, Token));
        Assert.Equal(("local", "team/app", 100, 151, Now), (passed.Registry, passed.Repository, passed.Limit, passed.Bytes, passed.PassedAt));
        Assert.Single(await KindsAfterAsync(last), LedgerKinds.SoftLimitPassed);
        Assert.Equal(Now, (await Store.ReadRepositoryUsageAsync(Registry, App, Token))!.Figures.SoftLimitPassedAt);
        await Store.MarkToldAsync([passed], Token);
        Assert.Empty(await Store.ListPassedSoftLimitsAsync(10, Token));

        // Below it and above it again: another time.
        await Store.DeleteBlobAsync(Registry, App, first.Digest, Alice, Token);
        Assert.Null((await Store.ReadRepositoryUsageAsync(Registry, App, Token))!.Figures.SoftLimitPassedAt);
        Time.Advance(TimeSpan.FromHours(1));
        await PushBlobAsync(App, new byte[51]);
        Assert.Equal(2, (await KindsAfterAsync(last)).Count(kind => kind == LedgerKinds.SoftLimitPassed));
        Assert.Single(await Store.ListPassedSoftLimitsAsync(10, Token));
    }

    [Fact]
    public async Task A_soft_limit_that_is_set_below_what_is_held_was_passed_by_that()
    {
        await PushBlobAsync(App, new byte[500]);

        await Store.SetQuotaAsync(Registry, null, new QuotaLimits(null, 499), Alice, Token);
        await Store.SetQuotaAsync(Registry, null, new QuotaLimits(null, 400), Alice, Token);

        Assert.Equal(400, Assert.Single(await Store.ListPassedSoftLimitsAsync(10, Token)).Limit);
    }

    [Fact]
    public async Task A_quota_is_set_listed_changed_and_taken_away_and_says_so_in_the_ledger()
    {
        var last = await LastNumberAsync();
        Assert.True(await Store.SetQuotaAsync(Registry, Other, new QuotaLimits(10, 5), Alice, Token));
        Assert.True(await Store.SetQuotaAsync(Registry, Other, new QuotaLimits(10, 5), Alice, Token));
        Assert.True(await Store.SetQuotaAsync(Registry, App, new QuotaLimits(null, 7), Alice, Token));
        Assert.True(await Store.SetQuotaAsync(Registry, null, new QuotaLimits(20, null), Alice, Token));
        Assert.False(await Store.SetQuotaAsync(Registry + 1, null, new QuotaLimits(20, null), Alice, Token));

        Assert.Equal([LedgerKinds.QuotaSet, LedgerKinds.QuotaSet, LedgerKinds.QuotaSet], await KindsAfterAsync(last));
        Assert.Equal(["team/app", "team/other"], await WalkAsync(after => Store.ListLimitedRepositoriesAsync(Registry, after, 1, Token), one => one.Name));
        Assert.Equal(new QuotaLimits(10, 5), (await Store.ReadRepositoryUsageAsync(Registry, Other, Token))!.Figures.Limits);
        Assert.Equal(20, (await Store.ReadRegistryUsageAsync(Registry, Token)).Quota);
        await Store.SetQuotaAsync(Registry, Other, default, Alice, Token);
        Assert.Null(await Store.ReadRepositoryUsageAsync(Registry, Other, Token));
    }

    [Fact]
    public async Task What_is_held_needs_its_room_once_more_of_whoever_may_not_read_it()
    {
        var held = Describe(new byte[600]).Digest;
        await CompleteAsync(await DeclareAsync(Other, 600), new byte[600]);
        await LimitAsync(null, 1_000);
        await LimitAsync(App, 1_000);
        var refusal = new StandingQuota("local", null, 1_000, 600, 0, 600);

        foreach (var readable in (IReadOnlyList<NameRange>[])[[], [NameRange.Of(App)]])
        {
            Assert.Equal(refusal, await RefusedAsync(() => DeclareAsync(App, 600, held, readable: readable)));
            Assert.Equal(refusal, await RefusedAsync(() => DeclareAsync(App, 600, Describe(new byte[601]).Digest, readable: readable)));
        }

        Assert.NotNull(await DeclareAsync(Other, 600, held));
        Assert.Equal((0, 0), await ReservedAsync());
        Assert.NotNull(await DeclareAsync(App, 600, held, readable: [NameRange.Of(App), NameRange.Of(Other)]));
        Assert.Equal((0, 600), await ReservedAsync());
    }

    [Fact]
    public async Task A_repository_keeps_its_quota_when_it_is_deleted()
    {
        await LimitAsync(App, 1_000);
        await PushImageAsync(App, "image", "v1");

        Assert.Null((await Store.DeleteRepositoryStepAsync(Registry, App, null, Now, Alice, Token)).Next);

        await RefusedAsync(() => DeclareAsync(App, 1_001));
    }

    private Task<bool> LimitAsync(RepositoryName? repository, long limit) => Store.SetQuotaAsync(Registry, repository, new QuotaLimits(limit, null), Alice, Token);

    private Task<UploadRecord> DeclareAsync(
        RepositoryName repository, long length, Digest expected = default, DateTimeOffset? expiresAt = null, IReadOnlyList<NameRange>? readable = null)
    {
        var id = NewId();
        return Store.OpenUploadAsync(
            new NewUpload(id, Registry, repository, $"at/{id}", DigestAlgorithm.Sha256, expiresAt ?? Now + Grace, Now.AddMinutes(1))
            {
                Declared = length,
                Expected = expected,
                Readable = readable ?? [],
            },
            Alice, Token);
    }

    private async Task CompleteAsync(UploadRecord upload, byte[] content) => Assert.True(
        await Store.CompleteUploadAsync(upload, Describe(content).Digest, content.Length, Now + Grace, Now + Grace, Alice, Token));

    private async Task<(long OfRegistry, long OfRepository)> ReservedAsync(RepositoryName? repository = null) => (
        (await Store.ReadUsageAsync(Registry, Token))!.Reserved, (await Store.ReadRepositoryUsageAsync(Registry, repository ?? App, Token))?.Figures.Reserved ?? 0);

    private static async Task<StandingQuota> RefusedAsync(Func<Task> push) => (await Assert.ThrowsAsync<QuotaException>(push)).Standing;
}
