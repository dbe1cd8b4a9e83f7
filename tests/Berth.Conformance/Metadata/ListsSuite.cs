using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Lists of tags, repositories and referrers, page by page.</summary>
public abstract class ListsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    // Names that are prefixes of one another, and whose byte order is not that of a dictionary.
    private static readonly Gen<string> AnyTag =
        Gen.OneOf<string>(Gen.OneOf("a", "a.", "a-", "a_", "a0", "A", "Z", "aa", "a.b", "a-b", "_"), Gen.String[Gen.Char["aAbz09._-"], 1, 6])
            .Where(text => Tag.TryParse(text, out _));

    private static readonly Gen<string> AnyRepository =
        Gen.OneOf<string>(Gen.OneOf("a", "a/b", "a-b", "a.b", "a0", "ab", "a/b/c", "a_b", "a__b"), Gen.String[Gen.Char["ab0./-_"], 1, 6])
            .Where(text => RepositoryName.IsValid(text));

    [Fact]
    public async Task A_walk_over_tags_returns_each_once_in_byte_order()
    {
        await AnyTag.HashSet[0, 30].Select(Gen.Int[1, 7], Gen.OneOf<string>(AnyTag, Gen.Const(""))).SampleAsync(
            async (names, limit, after) =>
            {
                var repository = RepositoryName.Parse($"walk/{Interlocked.Increment(ref _walk)}");
                await PutAsync(Index(Registry, repository, [], tags: [.. names]));

                var walked = await WalkAsync(after, limit, last => Store.ListTagsAsync(Registry, repository, last, limit, Token));

                Assert.Equal(names.Where(name => string.CompareOrdinal(name, after) > 0).Order(StringComparer.Ordinal), walked);
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public async Task A_walk_over_repositories_returns_each_readable_one_once_in_byte_order()
    {
        var registry = Registry;
        var all = new HashSet<string>();
        await AnyRepository.HashSet[0, 6]
            .Select(Ranges, Gen.Int[1, 5], Gen.OneOf<string>(AnyRepository, Gen.Const("")))
            .SampleAsync(
                async (added, ranges, limit, after) =>
                {
                    foreach (var name in added) await PutAsync(Index(registry, RepositoryName.Parse(name), []));
                    all.UnionWith(added);

                    var walked = await WalkAsync(
                        after, limit, async last => await Store.ListRepositoriesAsync(registry, ranges, last, limit, Token));

                    var expected = all.Where(name => string.CompareOrdinal(name, after) > 0 && ranges.Any(range => range.Contains(RepositoryName.Parse(name))));
                    Assert.Equal(expected.Order(StringComparer.Ordinal), walked);
                },
                iter: 150,
                threads: 1);
    }

    [Fact]
    public async Task A_range_that_begins_where_the_one_before_ends_loses_no_name()
    {
        var grants = new List<NameRange> { new("a/", "a0"), NameRange.Of(RepositoryName.Parse("a0")) };
        await PutAsync(Index(Registry, RepositoryName.Parse("a0"), []));

        Assert.Equal(["a0"], (await Store.ListRepositoriesAsync(Registry, grants, null, 10, Token)).Items);
        Assert.Equal(["a0"], await WalkAsync("", 1, async last => await Store.ListRepositoriesAsync(Registry, grants, last, 1, Token)));
    }

    [Fact]
    public async Task A_page_over_many_empty_ranges_returns_what_it_has_and_the_walk_goes_on()
    {
        await PutAsync(Index(Registry, RepositoryName.Parse("zzz"), []));
        var ranges = Enumerable.Range(0, 500).Select(i => NameRange.Of(RepositoryName.Parse($"r{i:d4}"))).Append(NameRange.Of(RepositoryName.Parse("zzz"))).ToList();

        var page = await Store.ListRepositoriesAsync(Registry, ranges, null, 5, Token);
        var walked = await WalkAsync("", 5, async last => await Store.ListRepositoriesAsync(Registry, ranges, last, 5, Token));

        Assert.Empty(page.Items);
        Assert.True(page.More);
        Assert.Equal(["zzz"], walked);
    }

    [Fact]
    public async Task A_page_ends_exactly_where_the_list_does()
    {
        await PutAsync(Index(Registry, App, [], tags: ["a", "b", "c"]));

        Assert.False((await Store.ListTagsAsync(Registry, App, null, 3, Token))!.More);
        Assert.True((await Store.ListTagsAsync(Registry, App, null, 2, Token))!.More);
        Assert.Equal("b", (await Store.ListTagsAsync(Registry, App, null, 2, Token))!.Last);
        Assert.Empty((await Store.ListTagsAsync(Registry, App, null, 0, Token))!.Items);
        Assert.Empty((await Store.ListTagsAsync(Registry, App, "zzz \0 ü", 10, Token))!.Items);
    }

    [Fact]
    public async Task Repositories_that_hold_only_blobs_are_not_listed()
    {
        await PushBlobAsync(Other, "blob");
        await PutAsync(Index(Registry, App, []));

        Assert.Equal([App.Value], (await Store.ListRepositoriesAsync(Registry, [NameRange.All], null, 10, Token)).Items);
        Assert.Empty((await Store.ListRepositoriesAsync(Registry, [], null, 10, Token)).Items);
        Assert.Empty((await Store.ListRepositoriesAsync(Registry + 1, [NameRange.All], null, 10, Token)).Items);
    }

    [Fact]
    public async Task Referrers_come_in_the_order_they_came_filtered_by_type_and_paged()
    {
        var subject = await PushImageAsync(App, "subject");
        var config = subject.Manifest.Config!.Value;
        var pushed = new List<NewManifest>();
        for (var i = 0; i < 7; i++)
        {
            pushed.Add(Image(Registry, App, config, [], Describe(subject), $"type/{i % 2}"));
            pushed[i] = pushed[i] with { Bytes = Content($"referrer {i}"), Digest = Describe(Content($"referrer {i}")).Digest };
            await PutAsync(pushed[i]);
        }

        var all = await WalkReferrersAsync(subject.Digest, null, 3);
        var odd = await WalkReferrersAsync(subject.Digest, "type/1", 2);

        Assert.Equal(pushed.Select(manifest => manifest.Digest), all.Select(entry => entry.Digest));
        Assert.Equal(pushed.Where((_, i) => i % 2 == 1).Select(manifest => manifest.Digest), odd.Select(entry => entry.Digest));
        Assert.All(all, entry => Assert.Equal(("""{"k":"v"}""", MediaTypes.OciManifest), (entry.Annotations, entry.MediaType)));
        Assert.Empty((await Store.ListReferrersAsync(Registry, Other, subject.Digest, null, 0, 10, Token)).Items);
        Assert.Empty((await Store.ListReferrersAsync(Registry, App, config.Digest, null, 0, 10, Token)).Items);
    }

    [Fact]
    public async Task Referrers_that_are_locked_against_lists_or_pulls_are_left_out_and_walked_past()
    {
        var config = await PushBlobAsync(App, "config");
        var subject = Describe(Content("subject"));
        var pushed = new List<NewManifest>();
        for (var i = 0; i < 30; i++)
        {
            pushed.Add(Image(Registry, App, config, [], subject, $"type/{i}"));
            await PutAsync(pushed[i]);
            var locks = i == 29 ? Locks.Write | Locks.Delete : i % 2 == 0 ? Locks.List : Locks.Read;
            await Store.LockManifestAsync(Registry, App, pushed[i].Digest, new LockChanges(locks, Locks.None), Alice, Token);
        }

        Assert.Empty((await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 1, Token)).Items);
        Assert.Equal([pushed[29].Digest], (await WalkReferrersAsync(subject.Digest, null, 1)).Select(entry => entry.Digest));
        Assert.Empty(await WalkReferrersAsync(subject.Digest, "type/3", 1));
    }

    [Fact]
    public async Task A_page_of_referrers_ends_when_their_annotations_fill_it()
    {
        var config = await PushBlobAsync(App, "config");
        var subject = Describe(Content("subject"));
        var annotations = $$"""{"k":"{{new string('v', ReferrerRecord.MaxAnnotationsOfPage / 2)}}"}""";
        for (var i = 0; i < 5; i++)
        {
            var referrer = Image(Registry, App, config, [], subject, $"type/{i}");
            await PutAsync(referrer with { Manifest = referrer.Manifest with { Annotations = annotations } });
        }

        Assert.Equal(2, (await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 100, Token)).Items.Count);
        Assert.Equal(5, (await WalkReferrersAsync(subject.Digest, null, 100)).Count);
    }

    [Fact]
    public async Task A_subject_may_come_after_its_referrers()
    {
        var config = await PushBlobAsync(App, "config");
        var subject = Image(Registry, App, config, []);
        var referrer = Image(Registry, App, config, [], Describe(subject));
        await PutAsync(referrer);

        var entry = Assert.Single((await Store.ListReferrersAsync(Registry, App, subject.Digest, null, 0, 10, Token)).Items);

        Assert.Equal((referrer.Digest, config.MediaType), (entry.Digest, entry.ArtifactType));
        Assert.Equal(subject.Digest, (await FindAsync(App, referrer.Digest))!.Subject);
    }

    private static readonly Gen<List<NameRange>> Ranges = Gen.OneOf<List<NameRange>>(
        Gen.Const(new List<NameRange> { NameRange.All }),
        Gen.Select(AnyRepository, Gen.Bool).List[0, 8].Select(Disjoint));

    private int _walk;

    private static List<NameRange> Disjoint(List<(string Name, bool Prefix)> grants)
    {
        var ranges = new List<NameRange>();
        var granted = grants.Select(grant => grant.Prefix ? new NameRange(grant.Name + "/", grant.Name + "0") : NameRange.Of(RepositoryName.Parse(grant.Name)));
        foreach (var range in granted.OrderBy(range => range.From, StringComparer.Ordinal))
        {
            if (ranges.Count == 0 || string.CompareOrdinal(ranges[^1].Until, range.From) <= 0) ranges.Add(range);
        }

        return ranges;
    }

    private static async Task<List<string>> WalkAsync(string after, int limit, Func<string, ValueTask<Page<string>?>> list)
    {
        var walked = new List<string>();
        for (var pages = 0; pages < 2000; pages++)
        {
            var page = (await list(after))!;
            Assert.True(page.Items.Count <= limit);
            walked.AddRange(page.Items);
            if (!page.More) return walked;
            Assert.NotNull(page.Last);
            after = page.Last;
        }

        throw new InvalidOperationException("The walk does not end.");
    }

    private async Task<List<ReferrerRecord>> WalkReferrersAsync(Digest subject, string? artifactType, int limit)
    {
        var walked = new List<ReferrerRecord>();
        for (var after = 0L; ;)
        {
            var page = await Store.ListReferrersAsync(Registry, App, subject, artifactType, after, limit, Token);
            walked.AddRange(page.Items);
            if (!page.More) return walked;
            after = long.Parse(page.Last!, System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
