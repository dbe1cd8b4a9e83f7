using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>The catalog <c>/v2/_catalog</c> (Docker Registry HTTP API V2); other tests add to it meanwhile, so each looks at its own part.</summary>
public sealed class CatalogTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private readonly string _prefix = $"catalog-{Content.Name()}";

    [Fact]
    public async Task The_whole_catalog_is_walked_in_order_and_each_name_once()
    {
        string[] mine = [_prefix, $"{_prefix}/a", $"{_prefix}/b", $"zzz/{_prefix}", $"0/{_prefix}"];
        await PushAllAsync(mine);

        var (entries, _) = await Client.WalkAsync("/v2/_catalog?n=50", "repositories");

        Assert.Equal(entries.Distinct().Order(StringComparer.Ordinal), entries);
        Assert.All(mine, m => Assert.Contains(m, entries));
    }

    [Fact]
    public async Task Without_n_the_catalog_still_ends()
    {
        await PushAllAsync([_prefix]);
        Assert.Contains(_prefix, (await Client.WalkAsync("/v2/_catalog", "repositories")).Entries);
    }

    [Fact]
    public async Task Names_that_begin_alike_are_neither_dropped_nor_doubled()
    {
        string[] mine =
        [
            _prefix, $"{_prefix}-a", $"{_prefix}.a", $"{_prefix}/a", $"{_prefix}/a-b", $"{_prefix}/a.b", $"{_prefix}/a/b", $"{_prefix}/a/b/c", $"{_prefix}/a0",
            $"{_prefix}/a_b", $"{_prefix}/aa", $"{_prefix}0", $"{_prefix}_a", $"{_prefix}a",
        ];
        await PushAllAsync(mine);
        foreach (var n in (int[])[1, 2, 3, 5, 14, 100]) Assert.Equal(mine.Order(StringComparer.Ordinal), await MineAsync(n));
    }

    [Fact]
    public async Task A_page_begins_after_last_and_has_n_entries()
    {
        string[] mine = [$"{_prefix}/a", $"{_prefix}/b", $"{_prefix}/c", $"{_prefix}/d"];
        await PushAllAsync(mine);
        Assert.Equal(mine[1..3], await PageAsync($"?n=2&last={Uri.EscapeDataString(mine[0])}"));
        Assert.Equal(mine[1..3], await PageAsync($"?n=2&last={mine[0]}"));
        Assert.Equal(mine[2..4], await PageAsync($"?n=2&last={mine[1]}0"));
        Assert.Empty(await PageAsync("?n=0"));
    }

    [Fact]
    public async Task A_page_of_no_entries_has_no_link()
    {
        await PushAllAsync([_prefix]);
        Assert.Null((await Client.GetAsync("/v2/_catalog?n=0")).Expect(200).NextLink());
        var after = (await Client.GetAsync("/v2/_catalog?last=zzzzzzzzzzzzzzzzzzzzzzzzzz")).Expect(200);
        Assert.Equal(0, after.Json.GetProperty("repositories").GetArrayLength());
        Assert.Null(after.NextLink());
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999999999")]
    public async Task An_n_that_is_no_number_of_entries_is_refused(string n) =>
        (await RawAsync("GET", $"/v2/_catalog?n={n}")).ExpectError(400, "PAGINATION_NUMBER_INVALID");

    [Theory]
    [InlineData("2147483647", 200)]
    [InlineData("2147483648", 400)]
    [InlineData("9223372036854775807", 400)]
    public async Task A_huge_n_is_cut_to_a_bounded_page_and_one_beyond_31_bits_is_refused(string n, int status)
    {
        var reply = await Client.GetAsync($"/v2/_catalog?n={n}");
        if (status == 200) Assert.InRange(reply.Expect(200).Json.GetProperty("repositories").GetArrayLength(), 0, 10_000);
        else reply.ExpectError(400, "PAGINATION_NUMBER_INVALID");
    }

    [Theory]
    [InlineData("%00")]
    [InlineData("UPPER")]
    [InlineData("..%2F..")]
    [InlineData("%27%20OR%201=1--")]
    public async Task A_last_that_is_no_name_is_refused_or_only_a_place_in_the_order(string last)
    {
        var reply = await RawAsync("GET", $"/v2/_catalog?n=1&last={last}");
        if (reply.Status != 200) reply.ExpectError(400);
    }

    [Fact]
    public async Task Any_set_of_names_is_walked_whole_in_order_and_each_once()
    {
        var component = Gen.OneOf("a", "b", "a-b", "a--b", "a.b", "a_b", "a__b", "a0", "aa", "0", "blobs", "tags");
        var name = component.Array[0, 3].Select(Gen.OneOf("", "-a", ".a", "_a", "0", "a"), (path, suffix) => suffix + string.Concat(path.Select(p => "/" + p)));
        await Gen.Select(name.HashSet[1, 10], Gen.Int[1, 6]).SampleAsync(
            async (names, n) =>
            {
                var prefix = $"walk-{Content.Name()}";
                var mine = names.Select(s => prefix + s).Order(StringComparer.Ordinal).ToList();
                await PushAllAsync(mine);
                Assert.Equal(mine, await MineAsync(n, prefix));
            },
            iter: TestRun.IsLong ? 300 : 10,
            threads: 2);
    }

    private async Task PushAllAsync(IEnumerable<string> repositories)
    {
        var config = BlobContent.Config();
        var manifest = ManifestContent.Image(config, []);
        foreach (var repository in repositories)
        {
            await Client.PushAsync(repository, config);
            await Client.PushAsync(repository, manifest, "latest");
        }
    }

    private async Task<List<string>> PageAsync(string query) =>
        [.. (await Client.GetAsync("/v2/_catalog" + query)).Expect(200).Json.GetProperty("repositories").EnumerateArray().Select(r => r.GetString()!)];

    /// <summary>The names that begin with the prefix, walked in pages of n from the place just before it.</summary>
    private async Task<List<string>> MineAsync(int n, string? prefix = null)
    {
        prefix ??= _prefix;
        var before = prefix[..^1];
        bool Passed(List<string> e) => e.Count > 0 && string.CompareOrdinal(e[^1], prefix) > 0 && !e[^1].StartsWith(prefix, StringComparison.Ordinal);
        var (entries, _) = await Client.WalkAsync($"/v2/_catalog?n={n}&last={before}", "repositories", Passed);
        return [.. entries.Where(e => e.StartsWith(prefix, StringComparison.Ordinal))];
    }
}
