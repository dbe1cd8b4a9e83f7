using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Artifacts;

/// <summary>What is locked against listing or reading, against every list there is.</summary>
public sealed class LockedListTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task What_must_not_be_listed_is_left_out_of_every_list_and_answers_when_it_is_named()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await LockRig.StartAsync(host);

        await host.Client.SetAsync($"{Repo}/_tags/v1", "listEnabled", enabled: false);
        Assert.Equal("""{"name":"team/app","tags":["other"]}""", await host.Client.GetStringAsync(new Uri($"/v2/{Repo}/tags/list", UriKind.Relative)));
        foreach (var order in (string[])["none", "timeasc", "timedesc"])
            Assert.Equal(["other"], await host.Client.WalkAsync($"/acr/v1/{Repo}/_tags?orderby={order}", "tags", "name"));
        Assert.Empty(await host.Client.WalkAsync($"/acr/v1/{Repo}/_tags?digest={rig.Digest}", "tags", "name"));
        var manifest = (await host.Client.JsonAsync($"/acr/v1/{Repo}/_manifests/{rig.Digest}")).GetProperty("manifest");
        Assert.False(manifest.TryGetProperty("tags", out _));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));

        await host.Client.SetAsync($"{Repo}/_manifests/{rig.Digest}", "listEnabled", enabled: false);
        foreach (var order in (string[])["none", "timeasc", "timedesc"])
            Assert.Equal([rig.Other.ToString()], await host.Client.WalkAsync($"/acr/v1/{Repo}/_manifests?orderby={order}&n=1", "manifests", "digest"));
        Assert.Equal(["listEnabled"], (await LockRig.ShownAsync(host, $"{Repo}/_manifests/{rig.Digest}")).Locked());

        await host.Client.SetAsync(Repo, "listEnabled", enabled: false);
        Assert.Equal("""{"repositories":["other/app"]}""", await host.Client.GetStringAsync(new Uri("/v2/_catalog", UriKind.Relative)));
        Assert.Equal("""{"repositories":["other/app"]}""", await host.Client.GetStringAsync(new Uri("/acr/v1/_catalog", UriKind.Relative)));
        Assert.Equal(["listEnabled"], (await LockRig.ShownAsync(host, Repo)).Locked());
    }

    [Fact]
    public async Task Referrers_that_must_not_be_listed_or_pulled_are_in_neither_of_their_lists()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await LockRig.StartAsync(host);
        var api = $"/v2/{Repo}/referrers/{rig.Digest}";
        var tag = $"/v2/{Repo}/manifests/{rig.Digest.ToString().Replace(':', '-')}";
        var (first, second) = (await AttachAsync(rig, "first"), await AttachAsync(rig, "second"));
        await ExpectListedAsync(first, second);

        foreach (var flag in (string[])["listEnabled", "readEnabled"])
        {
            await host.Client.SetAsync($"{Repo}/_manifests/{first}", flag, enabled: false);
            await ExpectListedAsync(second);
            await host.Client.SetAsync($"{Repo}/_manifests/{second}", flag, enabled: false);
            await ExpectListedAsync();
            await host.Client.SetAsync($"{Repo}/_manifests/{first}", flag, enabled: true);
            await host.Client.SetAsync($"{Repo}/_manifests/{second}", flag, enabled: true);
            await ExpectListedAsync(first, second);
        }

        // What is left out of the catalog is listed when it is named; what must not be pulled tells nothing.
        await host.Client.SetAsync(Repo, "listEnabled", enabled: false);
        await ExpectListedAsync(first, second);
        await host.Client.SetAsync(Repo, "readEnabled", enabled: false);
        foreach (var path in (string[])[api, tag])
        {
            using var refused = await rig.SendAsync("GET", path);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("is locked: readEnabled is false", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        async Task ExpectListedAsync(params Digest[] referrers)
        {
            var texts = referrers.Select(referrer => referrer.ToString());
            Assert.Equal(texts, (await host.Client.JsonAsync(api)).GetProperty("manifests").EnumerateArray().Select(entry => entry.GetProperty("digest").GetString()!));
            using var view = await rig.SendAsync("GET", tag);
            if (referrers.Length == 0)
            {
                Assert.Equal(HttpStatusCode.NotFound, view.StatusCode);
                return;
            }

            using var index = JsonDocument.Parse(await view.Content.ReadAsStringAsync());
            Assert.Equal(texts, index.RootElement.GetProperty("manifests").EnumerateArray().Select(entry => entry.GetProperty("digest").GetString()!));
        }
    }

    [Fact]
    public async Task The_walk_of_referrers_finds_those_behind_many_that_are_left_out()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await LockRig.StartAsync(host);
        for (var i = 0; i < 25; i++)
        {
            var hidden = await AttachAsync(rig, $"hidden {i}");
            await host.Client.SetAsync($"{Repo}/_manifests/{hidden}", "listEnabled", enabled: false);
        }

        var last = await AttachAsync(rig, "last");
        Assert.Equal([last.ToString()], await host.Client.WalkAsync($"/v2/{Repo}/referrers/{rig.Digest}?n=1", "manifests", "digest"));
    }

    private static async Task<Digest> AttachAsync(LockRig rig, string name)
    {
        var subject = $$"""{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{rig.Digest}}","size":{{rig.Manifest.Length}} }""";
        var text = Encoding.UTF8.GetString(rig.NewManifest);
        var manifest = Encoding.UTF8.GetBytes($$"""{{text[..^1]}},"subject":{{subject}},"annotations":{"name":"{{name}}"} }""");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, manifest);
        using var answer = await rig.PutAsync(digest.ToString(), manifest);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return digest;
    }

    [Fact]
    public async Task A_page_of_what_is_left_out_ends_with_a_link_and_the_walk_finds_the_rest()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 25; i++)
        {
            await PushAsync(host, $"many/r{i:d2}", "image", "v1");
            await PushAsync(host, Repo, "image", $"t{i:d2}");
            if (i == 23) continue;
            await host.Client.SetAsync($"many/r{i:d2}", "listEnabled", enabled: false);
            await host.Client.SetAsync($"{Repo}/_tags/t{i:d2}", "listEnabled", enabled: false);
        }

        var (page, next) = await host.Client.PageAsync($"/acr/v1/{Repo}/_tags?n=2");
        Assert.Empty(page.GetProperty("tags").EnumerateArray());
        Assert.NotNull(next);
        foreach (var order in (string[])["none", "timeasc", "timedesc"])
            Assert.Equal(["t23"], await host.Client.WalkAsync($"/acr/v1/{Repo}/_tags?n=1&orderby={order}", "tags", "name"));
        foreach (var first in (string[])["/acr/v1/_catalog?n=1", "/v2/_catalog?n=1"])
        {
            var found = new List<string?>();
            for (var at = first; at is not null;)
            {
                (page, at) = await host.Client.PageAsync(at);
                found.AddRange(page.GetProperty("repositories").EnumerateArray().Select(name => name.GetString()));
            }

            Assert.Equal(["many/r23", Repo], found);
        }
    }
}
