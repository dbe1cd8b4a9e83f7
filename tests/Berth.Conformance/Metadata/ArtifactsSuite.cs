using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Tags and manifests as the metadata API has them: lists by time, what is known of each, settings of a repository.</summary>
public abstract class ArtifactsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Gen<(int Tag, int Step)[]> Pushes = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2]).Array[0, 25];

    [Fact]
    public async Task A_walk_by_time_returns_each_tag_once_in_the_order_of_time_and_name()
    {
        await Pushes.Select(Gen.Int[1, 5], Gen.Bool).SampleAsync(
            async (pushes, limit, newestFirst) =>
            {
                var repository = RepositoryName.Parse($"walk/{Interlocked.Increment(ref _walk)}");
                await PutAsync(Index(Registry, repository, []));
                var times = new Dictionary<string, DateTimeOffset>();
                for (var i = 0; i < pushes.Length; i++)
                {
                    Time.Advance(TimeSpan.FromMilliseconds(pushes[i].Step));
                    var tag = $"t{pushes[i].Tag}";
                    await PutAsync(Content($"{repository} {i}"), repository, tag);
                    times[tag] = Now;
                }

                var walked = await WalkAsync(
                    async last => (await Store.ListTagRecordsByTimeAsync(Registry, repository, null, newestFirst, Key(last), limit, Token))!, tag => (tag.Name, tag.UpdatedAt));

                var expected = times.OrderBy(tag => tag.Value).ThenBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => (tag.Key, tag.Value));
                Assert.Equal(newestFirst ? expected.Reverse() : expected, walked);
                Assert.Equal(times.Count, (await Store.FindRepositoryAsync(Registry, repository, Token))!.Tags);
            },
            iter: 40,
            threads: 1);
    }

    [Fact]
    public async Task Manifests_are_listed_by_digest_and_by_time_with_their_tags()
    {
        var images = new List<NewManifest>();
        for (var i = 0; i < 6; i++)
        {
            images.Add(await PushImageAsync(App, $"image {i}", [.. Enumerable.Range(0, i).Select(tag => $"v{i}-{tag}")]));
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        var byDigest = await WalkAsync(
            async last => (await Store.ListManifestDetailsAsync(Registry, App, last is null ? default : Digest.Parse(last), 2, Token))!, manifest => manifest.Digest);
        var oldestFirst = await WalkAsync(
            async last => (await Store.ListManifestDetailsByTimeAsync(Registry, App, newestFirst: false, Key(last), 4, Token))!, manifest => manifest);
        var newestFirst = await WalkAsync(
            async last => (await Store.ListManifestDetailsByTimeAsync(Registry, App, newestFirst: true, Key(last), 1, Token))!, manifest => manifest.Digest);

        Assert.Equal(images.Select(image => image.Digest).Order(), byDigest);
        Assert.Equal(images.Select(image => image.Digest), oldestFirst.Select(manifest => manifest.Digest));
        Assert.Equal(images.Select(image => image.Digest).Reverse(), newestFirst);
        Assert.Equal(["v3-0", "v3-1", "v3-2"], oldestFirst[3].Tags);
        Assert.All(oldestFirst, manifest => Assert.Equal(("alice", true, null), (manifest.PushedBy, manifest.IsDescribed, manifest.PulledAt)));
        Assert.Equal(images[3].Manifest.ContentSize, oldestFirst[3].Description.ImageSize);
        Assert.Null(await Store.ListManifestDetailsAsync(Registry, Other, default, 10, Token));
        Assert.Null(await Store.ListManifestDetailsByTimeAsync(Registry, Other, newestFirst: true, null, 10, Token));
        Assert.Null(await Store.ListTagRecordsByTimeAsync(Registry, Other, null, newestFirst: true, null, 10, Token));
        Assert.Null(await Store.FindManifestDetailsAsync(Registry, Other, images[0].Digest, Token));
    }

    [Fact]
    public async Task A_page_of_manifests_ends_when_their_names_fill_it()
    {
        var tags = Enumerable.Range(0, ManifestDetails.MostNames + 5).Select(i => $"t{i:d5}").ToArray();
        await PutAsync(Index(Registry, App, [], tags: tags));
        for (var i = 0; i < 3; i++) await PushImageAsync(App, $"image {i}");

        var pages = new List<int>();
        string? last = null;
        do
        {
            var page = (await Store.ListManifestDetailsAsync(Registry, App, last is null ? default : Digest.Parse(last), 100, Token))!;
            pages.Add(page.Items.Count);
            Assert.All(page.Items, manifest => Assert.InRange(manifest.Tags.Count, 0, ManifestDetails.MostNames));
            last = page.Last;
        }
        while (last is not null);

        Assert.Equal(4, pages.Sum());
        Assert.InRange(pages.Count, 1, 2);
    }

    [Fact]
    public async Task A_manifest_is_news_when_a_tag_begins_or_ceases_to_name_it()
    {
        var (one, two) = (await PushImageAsync(App, "one", "v1"), await PushImageAsync(App, "two"));
        var pushed = Now;
        Time.Advance(TimeSpan.FromHours(1));
        await PutAsync(one);
        Assert.Equal((pushed, pushed), (await UpdatedAsync(one), await UpdatedAsync(two)));

        await PutAsync(two with { Tags = [Tag.Parse("v1")] });
        Assert.Equal((Now, Now), (await UpdatedAsync(one), await UpdatedAsync(two)));
        var moved = Now;
        Time.Advance(TimeSpan.FromHours(1));
        await Store.DeleteTagAsync(Registry, App, Tag.Parse("v1"), Alice, Token);
        Assert.Equal((moved, Now), (await UpdatedAsync(one), await UpdatedAsync(two)));

        async Task<DateTimeOffset> UpdatedAsync(NewManifest image) => (await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!.UpdatedAt;
    }

    [Fact]
    public async Task What_was_deleted_keeps_its_place_in_a_list_by_time()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await PushImageAsync(App, "other", "v2");
        var made = Now.ToUnixTimeMilliseconds();
        Time.Advance(TimeSpan.FromHours(1));
        var (tag, digest) = (Reference.To(Tag.Parse("v1")), Reference.To(image.Digest));
        Assert.Equal(new TimeKey(made, "v1"), await Store.FindTimeKeyAsync(Registry, App, tag, Token));

        await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token);

        Assert.Equal(new TimeKey(made, "v1"), await Store.FindTimeKeyAsync(Registry, App, tag, Token));
        Assert.Equal(new TimeKey(made, image.Digest.ToString()), await Store.FindTimeKeyAsync(Registry, App, digest, Token));
        Assert.Null(await Store.FindTimeKeyAsync(Registry, App, Reference.To(Tag.Parse("never")), Token));
        Assert.Null(await Store.FindTimeKeyAsync(Registry, Other, tag, Token));
        Assert.Equal(new TimeKey(made, "v1"), TimeKey.Parse(new TimeKey(made, "v1").ToString()));
        foreach (var wrong in (string[])["", "v1", " v1", "-1 v1"]) Assert.Throws<FormatException>(() => TimeKey.Parse(wrong));
    }

    [Fact]
    public async Task A_description_is_kept_of_the_manifest_that_it_is_of()
    {
        var config = await PushBlobAsync(App, Content("config"));
        var image = Image(Registry, App, config with { MediaType = MediaTypes.OciConfig }, [config]);
        await PutAsync(image);
        var found = (await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!;
        Assert.Equal((false, new ManifestDescription(2 * config.Size, MediaTypes.OciConfig, null, null)), (found.IsDescribed, found.Description));
        var last = await LastNumberAsync();
        var says = new ManifestDescription(7, MediaTypes.OciConfig, "arm64", "linux");

        await Store.DescribeManifestsAsync([new DescribedManifest(found.Sequence, config.Digest, says)], Token);
        Assert.False((await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!.IsDescribed);
        await Store.DescribeManifestsAsync([new DescribedManifest(found.Sequence, found.Digest, says)], Token);

        found = (await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!;
        Assert.Equal((true, says), (found.IsDescribed, found.Description));
        Assert.Equal(last, await LastNumberAsync());
    }

    [Fact]
    public async Task An_index_names_what_it_lists_with_what_is_known_of_it()
    {
        var config = await PushBlobAsync(App, Content("config"));
        var image = Image(Registry, App, config with { MediaType = MediaTypes.OciConfig }, [config]);
        await PutAsync(image);
        var absent = new Descriptor(MediaTypes.OciManifest, Describe(Content("absent")).Digest, 6);
        var index = Index(Registry, App, [Describe(image), absent], sparse: true);
        await PutAsync(index);
        var sequence = (await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!.Sequence;
        await Store.DescribeManifestsAsync([new DescribedManifest(sequence, image.Digest, new ManifestDescription(7, MediaTypes.OciConfig, "arm64", "linux"))], Token);

        var found = (await Store.FindManifestDetailsAsync(Registry, App, index.Digest, Token))!;

        Assert.Equal(
            new[] { new ListedManifest(image.Digest, "arm64", "linux"), new ListedManifest(absent.Digest, null, null) }.OrderBy(entry => entry.Digest), found.References);
        Assert.Equal((true, new ManifestDescription(0, null, null, null)), (found.IsDescribed, found.Description));
    }

    [Fact]
    public async Task The_last_pull_of_a_manifest_is_the_last_of_anybody()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.AddConsumersAsync(
            [.. Enumerable.Range(0, 5).Select(i => new ConsumerRecord(Registry, App, image.Digest, $"p{i}", "192.0.2.1", "agent", 1, Now, Now.AddMinutes(i == 2 ? 60 : i)))], Token);

        Assert.Equal(Now.AddMinutes(60), (await Store.FindManifestDetailsAsync(Registry, App, image.Digest, Token))!.PulledAt);
    }

    [Fact]
    public async Task Settings_of_a_repository_change_by_themselves_and_end_with_its_deletion()
    {
        Assert.False(await Store.UpdateRepositoryAsync(Registry, App, new RepositoryChanges(Owner: "a"), Alice, Token));
        await PushImageAsync(App, "image", "v1");
        await ExpectAsync(new RepositoryChanges(Owner: "a", Contact: "b", Description: "c"), 1);
        await ExpectAsync(new RepositoryChanges(Owner: "a", Description: null), 0);
        await ExpectAsync(new RepositoryChanges(new LockChanges(Locks.List | Locks.Read, Locks.Write), Contact: ""), 1);
        var epoch = (await Store.FindRegistryByIdAsync(Registry, Token))!.Epoch;
        await ExpectAsync(new RepositoryChanges(AnonymousPull: true), 1);
        Assert.True((await Store.FindRegistryByIdAsync(Registry, Token))!.Epoch > epoch);

        var found = (await Store.FindRepositoryAsync(Registry, App, Token))!;
        Assert.Equal(
            ("a", null, "c", Locks.List | Locks.Read, true), (found.Owner, found.Contact, found.Description, found.Locks, found.AnonymousPull));
        Assert.Null((await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token)).Next);
        await PushImageAsync(App, "image", "v1");
        found = (await Store.FindRepositoryAsync(Registry, App, Token))!;
        Assert.Equal((null, null, null, Locks.None, false), (found.Owner, found.Contact, found.Description, found.Locks, found.AnonymousPull));

        async Task ExpectAsync(RepositoryChanges changes, int records)
        {
            var last = await LastNumberAsync();
            Assert.True(await Store.UpdateRepositoryAsync(Registry, App, changes, Alice, Token));
            Assert.Equal(Enumerable.Repeat(LedgerKinds.RepositoryChanged, records), await KindsAfterAsync(last));
        }
    }

    private int _walk;

    private static TimeKey? Key(string? last) => last is null ? null : TimeKey.Parse(last);

    private async Task PutAsync(byte[] bytes, RepositoryName repository, string tag)
    {
        var body = new Manifest(MediaTypes.OciIndex, null, null, [], [], null, null);
        await PutAsync(new NewManifest(Registry, repository, Describe(bytes).Digest, bytes, body, [Tag.Parse(tag)], AllowMissingChildren: false));
    }
}
