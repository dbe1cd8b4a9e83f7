using System.Net;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Artifacts;

/// <summary>Lists of tags and manifests by name and by time, page by page, while others push and delete.</summary>
public sealed class ArtifactListTests
{
    private const string App = "/acr/v1/team/app";

    [Fact]
    public async Task Tags_come_by_the_time_of_their_last_move_in_both_orders()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var tag in (string[])["v2", "v1", "v3"])
        {
            await PushAsync(host, "team/app", tag, tag);
            host.Time.Advance(TimeSpan.FromSeconds(1));
        }

        await PushAsync(host, "team/app", "another", "v2");

        Assert.Equal(["v1", "v3", "v2"], await host.Client.WalkAsync($"{App}/_tags?orderby=timeasc", "tags", "name"));
        Assert.Equal(["v2", "v3", "v1"], await host.Client.WalkAsync($"{App}/_tags?orderby=timedesc&n=1", "tags", "name"));
        Assert.Equal(["v1", "v2", "v3"], await host.Client.WalkAsync($"{App}/_tags?orderby=none&n=2", "tags", "name"));
        var (_, next) = await host.Client.PageAsync($"{App}/_tags?orderby=timedesc&n=1");
        Assert.StartsWith($"{App}/_tags?last=v2&n=1&orderby=timedesc&", next, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timeasc")]
    [InlineData("timedesc")]
    public async Task Each_tag_that_stays_as_it_is_comes_exactly_once_whatever_happens_to_the_others(string order)
    {
        await using var host = await RegistryHost.StartAsync();
        var stay = new List<string>();
        for (var i = 0; i < 24; i++)
        {
            // Several have the same time: the name decides then.
            if (i % 3 == 0) host.Time.Advance(TimeSpan.FromMilliseconds(1));
            await PushAsync(host, "team/app", $"image {i % 5}", $"t{i:d2}");
            if (i % 4 != 0) stay.Add($"t{i:d2}");
        }

        host.Time.Advance(TimeSpan.FromSeconds(1));
        for (var size = 1; size <= 7; size += 2)
        {
            var path = $"{App}/_tags?orderby={order}&n={size}";
            string? next = path;
            var walked = new List<string>();
            for (var pages = 0; next is not null; pages++)
            {
                Assert.InRange(pages, 0, 200);
                (var body, next) = await host.Client.PageAsync(next);
                var names = body.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()!).ToList();
                walked.AddRange(names);

                // The one that the next page goes on after is moved or removed, if it is none that stays.
                if (names.Count == 0 || stay.Contains(names[^1])) continue;
                host.Time.Advance(TimeSpan.FromMilliseconds(1));
                if (pages % 2 == 0 || order == "timeasc")
                    Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri($"{App}/_tags/{names[^1]}", UriKind.Relative))).StatusCode);
                else
                    await PushAsync(host, "team/app", $"moved {size} {pages}", names[^1]);
            }

            Assert.Equal(stay, walked.Where(stay.Contains).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_client_that_names_the_last_tag_alone_goes_on_after_it_even_when_it_was_deleted_since()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var tag in (string[])["a", "b", "c"])
        {
            await PushAsync(host, "team/app", tag, tag);
            host.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(["b", "a"], await host.Client.WalkAsync($"{App}/_tags?orderby=timedesc&last=c", "tags", "name"));
        await host.Client.DeleteManifestAsync("team/app", "b");
        Assert.Equal(["a"], await host.Client.WalkAsync($"{App}/_tags?orderby=timedesc&last=b", "tags", "name"));
        Assert.Equal(["c"], await host.Client.WalkAsync($"{App}/_tags?orderby=timeasc&last=b", "tags", "name"));
        foreach (var wrong in (string[])["last=never", "last=%2F", "last=a&lasttime=soon", "n=none"])
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, (await host.Client.GetAsync(new Uri($"{App}/_tags?orderby=timedesc&{wrong}", UriKind.Relative))).StatusCode));
    }

    [Fact]
    public async Task Azures_own_client_goes_on_after_the_last_entry_until_there_is_no_list()
    {
        await using var host = await RegistryHost.StartAsync();
        var digests = new List<string>();
        foreach (var tag in (string[])["a", "b", "c"]) digests.Add((await PushAsync(host, "team/app", tag, tag)).ToString());

        Assert.Equal(["a", "b", "c"], await WalkByLastAsync("_tags?n=2", "tags", "name"));
        Assert.Equal(digests.Order(StringComparer.Ordinal), await WalkByLastAsync("_manifests?n=2", "manifests", "digest"));

        // To who follows links it is a list to its end, and the first page of nothing is one.
        var (first, link) = await host.Client.PageAsync($"{App}/_tags?n=2");
        Assert.Equal("a", first.GetProperty("tags")[0].GetProperty("name").GetString());
        await host.Client.DeleteManifestAsync("team/app", "c");
        Assert.Empty((await host.Client.JsonAsync(link!)).GetProperty("tags").EnumerateArray());
        Assert.Empty((await host.Client.JsonAsync($"{App}/_tags?digest={Digest.Compute(DigestAlgorithm.Sha256, "other"u8)}")).GetProperty("tags").EnumerateArray());

        async Task<List<string>> WalkByLastAsync(string path, string list, string name)
        {
            var walked = new List<string>();
            while (true)
            {
                Assert.InRange(walked.Count, 0, 10);
                var page = (await host.Client.JsonAsync($"{App}/{path}{(walked.Count == 0 ? "" : $"&last={walked[^1]}")}")).GetProperty(list);
                if (page.ValueKind == JsonValueKind.Null) return walked;
                walked.AddRange(page.EnumerateArray().Select(entry => entry.GetProperty(name).GetString()!));
            }
        }
    }

    [Fact]
    public async Task A_manifest_without_tags_has_no_list_of_them()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushAsync(host, "team/app", "untagged");
        Assert.False((await host.Client.JsonAsync($"{App}/_manifests/{digest}")).GetProperty("manifest").TryGetProperty("tags", out _));
        Assert.False(Assert.Single((await host.Client.JsonAsync($"{App}/_manifests")).GetProperty("manifests").EnumerateArray()).TryGetProperty("tags", out _));
    }

    [Fact]
    public async Task Tags_of_one_manifest_come_by_time_too()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushAsync(host, "team/app", "image", "z");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 30; i++) await PushAsync(host, "team/app", "other", $"o{i}");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await PushAsync(host, "team/app", "image", "a");

        // Thirty tags of another manifest lie between the two: a page that has looked at ten ends, and says that there are more.
        Assert.Equal(["z", "a"], await host.Client.WalkAsync($"{App}/_tags?orderby=timeasc&digest={digest}&n=1", "tags", "name"));
        Assert.Equal(["a", "z"], await host.Client.WalkAsync($"{App}/_tags?orderby=timedesc&digest={digest}&n=1", "tags", "name"));
    }

    [Fact]
    public async Task Manifests_come_by_digest_and_by_time_page_by_page()
    {
        await using var host = await RegistryHost.StartAsync();
        var pushed = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            pushed.Add((await PushAsync(host, "team/app", $"image {i}")).ToString());
            host.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(pushed.Order(StringComparer.Ordinal), await host.Client.WalkAsync($"{App}/_manifests?n=2", "manifests", "digest"));
        Assert.Equal(pushed, await host.Client.WalkAsync($"{App}/_manifests?orderby=timeasc&n=3", "manifests", "digest"));
        Assert.Equal(Enumerable.Reverse(pushed), await host.Client.WalkAsync($"{App}/_manifests?orderby=timedesc&n=2", "manifests", "digest"));

        // A tag that begins or ceases to name a manifest is news of it.
        await PushAsync(host, "team/app", "image 2", "v1");
        Assert.Equal(pushed[2], (await host.Client.WalkAsync($"{App}/_manifests?orderby=timedesc", "manifests", "digest"))[0]);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await PushAsync(host, "team/app", "image 4", "v1");
        var (body, _) = await host.Client.PageAsync($"{App}/_manifests?orderby=timedesc&n=2");
        Assert.Equal(
            new[] { pushed[2], pushed[4] }.Order(), body.GetProperty("manifests").EnumerateArray().Select(manifest => manifest.GetProperty("digest").GetString()!).Order());

        // Named alone, the last one may be gone by then.
        await host.Client.DeleteManifestAsync("team/app", pushed[5]);
        Assert.Equal([pushed[6]], (await host.Client.WalkAsync($"{App}/_manifests?orderby=timeasc&last={pushed[5]}", "manifests", "digest")).Take(1));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.GetAsync(new Uri($"{App}/_manifests?last=v1", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task What_is_not_there_is_answered_with_404_and_its_name()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team/app", "image", "v1");
        var absent = Digest.Compute(DigestAlgorithm.Sha256, "absent"u8);
        foreach (var (path, code) in new[]
        {
            ("/acr/v1/absent/app", "NAME_UNKNOWN"), ("/acr/v1/absent/app/_tags?orderby=timedesc", "NAME_UNKNOWN"), ("/acr/v1/absent/app/_manifests", "NAME_UNKNOWN"),
            ("/acr/v1/absent/app/_manifests?orderby=timeasc", "NAME_UNKNOWN"), ($"{App}/_tags/v2", "TAG_UNKNOWN"), ("/acr/v1/absent/app/_tags/v1", "TAG_UNKNOWN"),
            ($"{App}/_manifests/{absent}", "MANIFEST_UNKNOWN"), ($"{App}/_manifests/v1", "NAME_UNKNOWN"), ($"{App}/_tags/-", "NAME_UNKNOWN"), ($"{App}/_other", "NAME_UNKNOWN"),
        })
        {
            using var answer = await host.Client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal((path, HttpStatusCode.NotFound), (path, answer.StatusCode));
            Assert.Contains($"\"{code}\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.ChangeAsync($"team/app/_manifests/{absent}", "{}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.ChangeAsync("team/app/_tags/v2", "{}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.DeleteAsync(new Uri($"{App}/_tags/v2", UriKind.Relative))).StatusCode);
        using var wrong = await host.Client.PutAsync(new Uri($"{App}/_tags/v1", UriKind.Relative), new StringContent(""));
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET, PATCH, DELETE"), (wrong.StatusCode, string.Join(", ", wrong.Content.Headers.Allow)));
    }
}
