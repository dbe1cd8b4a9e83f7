using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Conformance.Metadata;

/// <summary>Random operations: after each one the figures that are kept are what a recount finds, and no quota is exceeded.</summary>
public abstract class UsagePlaySuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Gen<(int Kind, int A, int B, int C)> AnyStep = Gen.Select(Gen.Int[0, 15], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 3]);

    [Fact]
    public async Task Figures_are_what_a_recount_finds_after_any_operation()
    {
        await AnyStep.List[1, 60].SampleAsync(PlayAsync, iter: 40, threads: 1);
    }

    private static async Task PlayAsync(List<(int Kind, int A, int B, int C)> steps)
    {
        await using var database = new TDatabase();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var store = await database.OpenAsync(time, NoSteps.Instance);
        var play = await Play.StartAsync(store, time);
        foreach (var (kind, a, b, c) in steps) await play.DoAsync(kind, a, b, c);
        await play.CollectEverythingAsync();
    }

    private sealed class Play(IMetadataStore store, FakeTimeProvider time, long registry)
    {
        private const long Limit = 400;

        private static readonly TimeSpan Grace = TimeSpan.FromHours(24);
        private static readonly Caller Player = new(1, "player", null, null);
        private static readonly RepositoryName[] Repositories = [.. new[] { "a", "a/b", "b" }.Select(RepositoryName.Parse)];
        private static readonly Descriptor[] Contents = [.. Enumerable.Range(0, 4).Select(i => Describe(new string((char)('a' + i), 20 * (i + 1))))];

        private readonly List<UploadRecord> _uploads = [];
        private long _limit = long.MaxValue;
        private int _ids;

        private static CancellationToken Token => TestContext.Current.CancellationToken;

        private DateTimeOffset Now => time.GetUtcNow();

        public static async Task<Play> StartAsync(IMetadataStore store, FakeTimeProvider time)
        {
            await store.CreateInstallationAsync(new InstallationRecord("store", "tenant", "subscription", "home", 1), "local", Token);
            return new Play(store, time, (await store.FindRegistryAsync("local", Token))!.Id);
        }

        public async Task DoAsync(int kind, int a, int b, int c)
        {
            try
            {
                await ActAsync(kind, Repositories[a], b, c);
            }
            catch (QuotaException refused)
            {
                Assert.True(refused.Standing.Wanted > refused.Standing.Limit - refused.Standing.Used - refused.Standing.Reserved, refused.Message);
            }

            await CompareAsync();
        }

        public async Task CollectEverythingAsync()
        {
            for (var i = 0; i < 6; i++) await AdvanceAsync(TimeSpan.FromDays(20));
            await CompareAsync();
            Assert.Equal(0, (await store.ReadUsageAsync(registry, Token))!.Reserved);
        }

        private async Task ActAsync(int kind, RepositoryName repository, int b, int c)
        {
            switch (kind)
            {
                case 0 or 1:
                    await PushAsync(repository, Contents[b]);
                    break;
                case 2:
                    await store.MountBlobAsync(registry, repository, Contents[b].Digest, Repositories[c % 3], [], Now + Grace, Player, Token);
                    break;
                case 3 or 4:
                    await store.PutManifestAsync(Image(repository, b, c, kind == 3 ? $"v{c}" : null), Player, Token);
                    break;
                case 5:
                    await store.PutManifestAsync(Index(repository, b, c), Player, Token);
                    break;
                case 6:
                    await store.DeleteManifestAsync(registry, repository, (c == 3 ? Index(repository, b, 0) : Image(repository, b, c, null)).Digest, Now + Grace, Player, Token);
                    break;
                case 7:
                    await store.DeleteTagAsync(registry, repository, Tag.Parse($"v{c}"), Player, Token);
                    break;
                case 8:
                    await store.DeleteBlobAsync(registry, repository, Contents[b].Digest, Player, Token);
                    break;
                case 9:
                    await store.RestoreManifestAsync(registry, repository, Image(repository, b, c, null).Digest, null, true, Player, Token);
                    break;
                case 10:
                    if (c == 0) await DeleteRepositoryAsync(repository);
                    else await store.PurgeManifestAsync(registry, repository, Image(repository, b, c, null).Digest, Now, Player, Token);
                    break;
                case 11:
                    await store.UpdateRegistryAsync(registry, new RegistryChanges { SoftDelete = new(c > 0, 5), Retention = new(b > 1, 3) }, Player, Token);
                    break;
                case 12:
                    await ReserveAsync(repository, b, c);
                    break;
                case 14:
                    await PushTogetherAsync(b, c);
                    break;
                case 13:
                    _limit = c == 0 ? long.MaxValue : Math.Max(Limit, await HeldAsync());
                    await store.SetQuotaAsync(registry, null, new QuotaLimits(_limit == long.MaxValue ? null : _limit, 100), Player, Token);
                    await store.SetQuotaAsync(registry, repository, c == 1 ? new QuotaLimits(null, 50) : default, Player, Token);
                    break;
                default:
                    await AdvanceAsync(TimeSpan.FromHours(7 * (1 + b + (c * 8))));
                    break;
            }
        }

        private async Task<long> HeldAsync() => (await store.ReadUsageAsync(registry, Token))! is var held ? held.Bytes + held.Reserved : 0;

        private async Task CompareAsync()
        {
            Assert.Empty(await store.RecountUsageAsync(repair: false, Token));
            Assert.Empty(await store.CheckAsync(Token));
            var held = (await store.ReadUsageAsync(registry, Token))!;
            Assert.InRange(held.Bytes + held.Reserved, 0, Math.Max(_limit, held.Bytes));
            Assert.Equal(held.Bytes, (await store.ReadRegistryUsageAsync(registry, Token)).Bytes);
        }

        private async Task<UploadRecord> OpenAsync(RepositoryName repository, long declared)
        {
            var id = $"u{_ids++:d4}";
            return await store.OpenUploadAsync(
                new NewUpload(id, registry, repository, $"at/{id}", DigestAlgorithm.Sha256, Now + Grace, Now.AddMinutes(1)) { Declared = declared }, Player, Token);
        }

        private async Task PushAsync(RepositoryName repository, Descriptor blob)
        {
            var upload = await OpenAsync(repository, blob.Size);
            _uploads.Add(upload);
            await store.CompleteUploadAsync(upload, blob.Digest, blob.Size, Now + Grace, Now + Grace, Player, Token);
            _uploads.Remove(upload);
        }

        /// <summary>Several clients at once, some of the same content, in every repository where that may be done.</summary>
        private async Task PushTogetherAsync(int first, int second)
        {
            var pushes = new List<Task<WholeUploadOutcome>>();
            foreach (var repository in Repositories)
            {
                if ((await store.FindOpenRepositoryAsync(Player.PrincipalId, registry, repository, Token)).Value is not { } open) continue;
                foreach (var blob in new[] { Contents[first], Contents[second], Contents[0] })
                {
                    var id = $"w{_ids++:d4}";
                    await store.ReserveLocationsAsync([$"at/{id}"], Now + Grace, Token);
                    pushes.Add(store.CompleteWholeAsync(new WholeUpload(id, registry, open.Id, repository, $"at/{id}", blob.Digest, blob.Size) { Others = 8 }, Now + Grace, Player, Token));
                }
            }

            Assert.All(await Task.WhenAll(pushes), outcome => Assert.Equal(WholeUploadOutcome.Completed, outcome));
        }

        private async Task ReserveAsync(RepositoryName repository, int b, int c)
        {
            if (b == 0 || _uploads.Count == 0)
            {
                _uploads.Add(await OpenAsync(repository, c * 30));
                return;
            }

            var upload = _uploads[c % _uploads.Count];
            if (b == 1) await store.ReserveUploadAsync(upload.Id, upload.Epoch, 20 * (c + 1), 90, Token);
            else if (b == 2) await store.RecordUploadAsync(upload.Id, upload.Epoch, 10 * c, DigestAlgorithm.Sha256, null, null, Now + Grace, Token);
            else await store.AbortUploadAsync(upload.Id, null, Player, Token);
        }

        private async Task DeleteRepositoryAsync(RepositoryName repository)
        {
            RepositoryDeletionCursor? cursor = null;
            do cursor = (await store.DeleteRepositoryStepAsync(registry, repository, cursor, Now + Grace, Player, Token)).Next;
            while (cursor is not null);
        }

        private async Task AdvanceAsync(TimeSpan by)
        {
            time.Advance(by);
            await store.ExpireUploadsAsync(100, Token);
            while ((await store.DeleteUntaggedAsync(Grace, 100, Token)).More)
            {
            }

            while ((await store.ExpireDeletedAsync(Grace, 100, Token)).More)
            {
            }

            while ((await store.ReviewMembershipsAsync(5, Token)).Reviewed > 0)
            {
            }

            while ((await store.ReviewBlobsAsync(5, Token)).Reviewed > 0)
            {
            }

            await store.TidyAsync(TimeSpan.FromDays(365), 100, Token);
        }

        private NewManifest Image(RepositoryName repository, int config, int layer, string? tag)
        {
            var bytes = Encoding.UTF8.GetBytes($"image {config} {layer}");
            var body = new Manifest(MediaTypes.OciManifest, null, Contents[config], [Contents[layer]], [], null, null);
            return new NewManifest(registry, repository, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes, body, tag is null ? [] : [Tag.Parse(tag)], false);
        }

        private NewManifest Index(RepositoryName repository, int first, int second)
        {
            var children = new[] { Image(repository, first, 0, null), Image(repository, second, 1, null) };
            var bytes = Encoding.UTF8.GetBytes($"index {first} {second}");
            var body = new Manifest(
                MediaTypes.OciIndex, null, null, [], [.. children.Select(child => new Descriptor(MediaTypes.OciManifest, child.Digest, child.Bytes.Length))], null, null);
            return new NewManifest(registry, repository, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes, body, [Tag.Parse("multi")], false);
        }

        private static Descriptor Describe(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return new Descriptor(MediaTypes.OctetStream, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes.Length);
        }
    }
}
