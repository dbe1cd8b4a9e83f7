using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Listing Tags" (end-8).</summary>
public sealed class TagListTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private string Tags => $"/v2/{Repo}/tags/list";

    [Fact]
    public async Task Tags_come_in_the_order_of_their_bytes()
    {
        await Client.PushImageAsync(Repo, "b", "a", "c10", "c9", "c", "A", "Z", "_x", "1", "a.b", "a-b", "a_b", "ab", "a0");
        var reply = (await Client.GetAsync(Tags)).Expect(200);
        Assert.Equal(Repo, reply.Json.GetProperty("name").GetString());
        Assert.Equal("application/json", reply.Header("Content-Type")!.Split(';')[0]);
        Assert.Equal(
            ["1", "A", "Z", "_x", "a", "a-b", "a.b", "a0", "a_b", "ab", "b", "c", "c10", "c9"],
            reply.Json.GetProperty("tags").EnumerateArray().Select(t => t.GetString()!));
        Assert.Null(reply.NextLink());
    }

    [Fact]
    public async Task An_unknown_repository_has_no_list() => (await Client.GetAsync(Tags)).ExpectError(404, "NAME_UNKNOWN");

    [Fact]
    public async Task A_page_has_exactly_n_entries_and_links_to_the_next_only_where_there_is_one()
    {
        await Client.PushImageAsync(Repo, "a", "b", "c", "d", "e");
        await ExpectAsync("?n=2", true, "a", "b");
        await ExpectAsync("?n=2&last=b", true, "c", "d");
        await ExpectAsync("?n=2&last=d", false, "e");
        await ExpectAsync("?n=5", false, "a", "b", "c", "d", "e");
        await ExpectAsync("?n=4", true, "a", "b", "c", "d");
        await ExpectAsync("?n=100", false, "a", "b", "c", "d", "e");
        await ExpectAsync("?n=0", false);
        await ExpectAsync("?n=0&last=b", false);
        await ExpectAsync("?last=c", false, "d", "e");
        await ExpectAsync("?last=e", false);
    }

    [Fact]
    public async Task The_last_entry_need_not_exist()
    {
        await Client.PushImageAsync(Repo, "a", "c", "e");
        await ExpectAsync("?last=b", false, "c", "e");
        await ExpectAsync("?last=A", false, "a", "c", "e");
        await ExpectAsync("?last=zzz", false);
        await ExpectAsync("?last=a0", false, "c", "e");
        await ExpectAsync("?n=1&last=b", true, "c");
    }

    [Fact]
    public async Task The_links_lead_through_all_tags_and_no_further()
    {
        var tags = Enumerable.Range(0, 25).Select(i => $"v{i:d2}").ToArray();
        await PushTagsAsync(tags);
        foreach (var n in (int[])[1, 2, 7, 24, 25, 26, 1000])
        {
            var (entries, pages) = await Client.WalkAsync($"{Tags}?n={n}", "tags");
            Assert.Equal(tags, entries);
            Assert.Equal((tags.Length + n - 1) / n, pages);
        }
    }

    [Fact]
    public async Task Without_n_a_long_list_still_ends()
    {
        var tags = Enumerable.Range(0, 260).Select(i => $"v{i:d3}").ToArray();
        await PushTagsAsync(tags);
        Assert.Equal(tags, (await Client.WalkAsync(Tags, "tags")).Entries);
    }

    [Fact]
    public async Task A_deleted_tag_is_gone_from_the_list_at_once()
    {
        await Client.PushImageAsync(Repo, "a", "b", "c");
        (await Client.DeleteAsync(ManifestPath(Repo, "b"))).Expect(202);
        await ExpectAsync("", false, "a", "c");
        await ExpectAsync("?last=b", false, "c");
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("1.5")]
    [InlineData("0x10")]
    [InlineData("1e3")]
    [InlineData("%2B5")]
    [InlineData(" 5")]
    [InlineData("5 ")]
    [InlineData("٣")]
    [InlineData("99999999999999999999999999")]
    [InlineData("-9223372036854775808")]
    public async Task An_n_that_is_no_number_of_entries_is_refused(string n)
    {
        await Client.PushImageAsync(Repo, "a");
        (await RawAsync("GET", $"{Tags}?n={n.Replace(" ", "%20", StringComparison.Ordinal).Replace("٣", "%D9%A3", StringComparison.Ordinal)}"))
            .ExpectError(400, "PAGINATION_NUMBER_INVALID");
    }

    [Theory]
    [InlineData("100000", 200)]
    [InlineData("2147483647", 200)]
    [InlineData("2147483648", 400)]
    [InlineData("4294967297", 400)]
    [InlineData("9223372036854775807", 400)]
    public async Task A_huge_n_is_cut_to_a_bounded_page_and_one_beyond_31_bits_is_refused(string n, int status)
    {
        await Client.PushImageAsync(Repo, "a", "b");
        var reply = await Client.GetAsync($"{Tags}?n={n}");
        if (status == 200) Assert.Equal(2, reply.Expect(200).Json.GetProperty("tags").GetArrayLength());
        else reply.ExpectError(400, "PAGINATION_NUMBER_INVALID");
    }

    [Theory]
    [InlineData("%00")]
    [InlineData("a%00b")]
    [InlineData("%FF")]
    [InlineData("../..")]
    [InlineData("%27%20OR%201=1--")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public async Task A_last_that_is_no_tag_is_refused_or_only_a_place_in_the_order(string last)
    {
        await Client.PushImageAsync(Repo, "a");
        var reply = await RawAsync("GET", $"{Tags}?n=5&last={last}");
        if (reply.Status != 200) reply.ExpectError(400);
    }

    [Fact]
    public async Task Other_parameters_do_not_matter()
    {
        await Client.PushImageAsync(Repo, "a", "b");
        await ExpectAsync("?unknown=1&n=1&ns=docker.io", true, "a");
    }

    [Fact]
    public async Task Any_set_of_tags_is_walked_whole_in_order_and_each_once()
    {
        var tag = Gen.String[Gen.Char["ab01AZ._-"], 0, 5].Select(Gen.Char["ab0A_"], (rest, first) => first + rest);
        var config = BlobContent.Config();
        var manifest = ManifestContent.Image(config, []);
        await Gen.Select(tag.HashSet[1, 30], Gen.Int[1, 12]).SampleAsync(
            async (tags, n) =>
            {
                var repository = NewRepo();
                await Client.PushAsync(repository, config);
                (await PutTagsAsync(repository, manifest, tags)).Expect(201);
                var sorted = tags.Order(StringComparer.Ordinal).ToList();
                Assert.Equal(sorted, (await Client.WalkAsync($"/v2/{repository}/tags/list?n={n}", "tags")).Entries);
                foreach (var (index, last) in sorted.Index().Where(t => t.Index % 5 == 0))
                {
                    var page = (await Client.GetAsync($"/v2/{repository}/tags/list?n={n}&last={last}")).Expect(200).Json.GetProperty("tags");
                    Assert.Equal(sorted.Skip(index + 1).Take(n), page.EnumerateArray().Select(t => t.GetString()!));
                }
            },
            iter: TestRun.IsLong ? 1000 : 25,
            threads: 2);
    }

    private async Task ExpectAsync(string query, bool more, params string[] tags)
    {
        var reply = (await Client.GetAsync(Tags + query)).Expect(200);
        Assert.Equal(tags, reply.Json.GetProperty("tags").EnumerateArray().Select(t => t.GetString()!));
        Assert.True(more == reply.NextLink() is not null, reply.ToString());
    }

    private async Task PushTagsAsync(string[] tags)
    {
        var manifest = ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), []);
        foreach (var some in tags.Chunk(30)) (await PutTagsAsync(Repo, manifest, some)).Expect(201);
    }

    private Task<Reply> PutTagsAsync(string repository, ManifestContent manifest, IEnumerable<string> tags) =>
        Client.PutAsync($"{ManifestPath(repository, manifest.Digest)}?{string.Join('&', tags.Select(t => $"tag={t}"))}", manifest.Bytes, ("Content-Type", manifest.MediaType));
}
