using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Artifacts;

/// <summary>Every lock of a repository, a tag and a manifest, against every route that writes, deletes, reads or lists.</summary>
public sealed class LockTests
{
    private const string Repo = "team/app";

    /// <summary>What a client may try: each changes or removes something, and answers the status.</summary>
    private static readonly IReadOnlyDictionary<string, Func<Rig, Task<HttpResponseMessage>>> Acts = new Dictionary<string, Func<Rig, Task<HttpResponseMessage>>>
    {
        ["overwrite the tag"] = rig => rig.PutAsync("v1", rig.OtherManifest),
        ["overwrite the tag by ?tag="] = rig => rig.PutAsync($"{rig.Other}?tag=free&tag=v1", rig.OtherManifest),
        ["push a new tag of the manifest"] = rig => rig.PutAsync("new", rig.Manifest),
        ["push a new manifest"] = rig => rig.PutAsync("new", rig.NewManifest),
        ["push a new manifest by digest"] = rig => rig.PutAsync(Digest.Compute(DigestAlgorithm.Sha256, rig.NewManifest).ToString(), rig.NewManifest),
        ["start an upload"] = rig => rig.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/"),
        ["push a blob"] = rig => rig.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={Digest.Compute(DigestAlgorithm.Sha256, "new"u8)}", "new"u8.ToArray()),
        ["finish an upload"] = rig => rig.SendAsync("PUT", $"{rig.Upload}?digest={Digest.Compute(DigestAlgorithm.Sha256, "uploaded"u8)}", "uploaded"u8.ToArray()),
        ["mount a blob"] = rig => rig.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/?mount={rig.Elsewhere}&from=other/app"),
        ["mount a blob from anywhere"] = rig => rig.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/?mount={rig.Elsewhere}"),
        ["delete a blob"] = rig => rig.SendAsync("DELETE", $"/v2/{Repo}/blobs/{rig.Free}"),
        ["delete the tag"] = rig => rig.SendAsync("DELETE", $"/v2/{Repo}/manifests/v1"),
        ["untag"] = rig => rig.SendAsync("DELETE", $"/acr/v1/{Repo}/_tags/v1"),
        ["delete the manifest"] = rig => rig.SendAsync("DELETE", $"/v2/{Repo}/manifests/{rig.Digest}"),
        ["delete another tag"] = rig => rig.SendAsync("DELETE", $"/v2/{Repo}/manifests/other"),
        ["delete another manifest"] = rig => rig.SendAsync("DELETE", $"/v2/{Repo}/manifests/{rig.Other}"),
        ["delete the repository"] = rig => rig.SendAsync("DELETE", $"/acr/v1/{Repo}"),
    };

    /// <summary>What each lock refuses; what is not named here goes on as if there were none.</summary>
    public static TheoryData<string, string, string[]> Locked => new()
    {
        { Repo, "writeEnabled", [.. Acts.Keys] },
        { Repo, "deleteEnabled", ["delete the repository"] },
        { $"{Repo}/_tags/v1", "writeEnabled", ["overwrite the tag", "overwrite the tag by ?tag=", "delete the tag", "untag", "delete the manifest", "delete the repository"] },
        { $"{Repo}/_tags/v1", "deleteEnabled", ["delete the tag", "untag", "delete the manifest", "delete the repository"] },
        { $"{Repo}/_manifests/DIGEST", "writeEnabled", ["push a new tag of the manifest", "delete the manifest", "delete the repository"] },
        { $"{Repo}/_manifests/DIGEST", "deleteEnabled", ["delete the manifest", "delete the repository"] },
        { Repo, "readEnabled", [] },
        { Repo, "listEnabled", [] },
        { $"{Repo}/_tags/v1", "listEnabled", [] },
        { $"{Repo}/_manifests/DIGEST", "listEnabled", [] },
    };

    [Theory]
    [MemberData(nameof(Locked))]
    public async Task A_lock_refuses_what_it_is_for_by_every_route_and_nothing_else(string what, string flag, string[] refused)
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var (act, tryAsync) in Acts)
        {
            await using var rig = await Rig.StartAsync(host);
            await host.Client.SetAsync(what.Replace("DIGEST", rig.Digest.ToString(), StringComparison.Ordinal), flag, enabled: false);
            var before = await rig.StateAsync();

            using var answer = await tryAsync(rig);

            if (!refused.Contains(act))
            {
                Assert.True(answer.IsSuccessStatusCode, $"{what} {flag}: {act} gave {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                continue;
            }

            Assert.Equal((act, HttpStatusCode.Conflict), (act, answer.StatusCode));
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            var error = body.RootElement.GetProperty("errors")[0];
            Assert.Equal("DENIED", error.GetProperty("code").GetString());
            var message = error.GetProperty("message").GetString();
            Assert.Contains($"is locked: {flag} is false", message, StringComparison.Ordinal);
            Assert.Contains(flag == "writeEnabled" ? "--write-enabled true" : "--delete-enabled true", message, StringComparison.Ordinal);
            Assert.Equal(before, await rig.StateAsync());

            // Unlocked, the same request does what it is for.
            await host.Client.SetAsync(what.Replace("DIGEST", rig.Digest.ToString(), StringComparison.Ordinal), flag, enabled: true);
            using var again = await tryAsync(rig);
            Assert.True(again.IsSuccessStatusCode, $"{act} after the lock gave {again.StatusCode} {await again.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task A_push_that_changes_nothing_is_taken_whatever_is_locked()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
        foreach (var what in (string[])[Repo, $"{Repo}/_tags/v1", $"{Repo}/_manifests/{rig.Digest}"]) await host.Client.SetAsync(what, "writeEnabled", enabled: false);
        var before = await rig.StateAsync();

        using var byTag = await rig.PutAsync("v1", rig.Manifest);
        using var byDigest = await rig.PutAsync($"{rig.Digest}?tag=v1", rig.Manifest);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (byTag.StatusCode, byDigest.StatusCode));
        Assert.Equal(before, await rig.StateAsync());
    }

    [Fact]
    public async Task What_must_not_be_pulled_is_refused_by_tag_and_by_digest()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
        await rig.PutAsync("latest", rig.Manifest);
        var (byTag, byOther, byDigest) = ($"/v2/{Repo}/manifests/v1", $"/v2/{Repo}/manifests/latest", $"/v2/{Repo}/manifests/{rig.Digest}");
        var blob = $"/v2/{Repo}/blobs/{rig.Free}";
        foreach (var (what, refused) in new (string, string[])[]
        {
            (Repo, [byTag, byOther, byDigest, blob]), ($"{Repo}/_tags/v1", [byTag]), ($"{Repo}/_manifests/{rig.Digest}", [byTag, byOther, byDigest]),
        })
        {
            await host.Client.SetAsync(what, "readEnabled", enabled: false);
            foreach (var path in (string[])[byTag, byOther, byDigest, blob])
            {
                foreach (var method in (string[])["GET", "HEAD"])
                {
                    using var answer = await rig.SendAsync(method, path);
                    Assert.Equal((what, path, refused.Contains(path) ? HttpStatusCode.Forbidden : HttpStatusCode.OK), (what, path, answer.StatusCode));
                    if (!refused.Contains(path) || method == "HEAD") continue;
                    var body = await answer.Content.ReadAsStringAsync();
                    Assert.Contains("\"DENIED\"", body, StringComparison.Ordinal);
                    Assert.Contains("is locked: readEnabled is false", body, StringComparison.Ordinal);
                }
            }

            // What it is stays to be seen, and what it says can be changed back.
            Assert.Equal(["readEnabled"], (await ShownAsync(host, what)).Locked());
            await host.Client.SetAsync(what, "readEnabled", enabled: true);
        }
    }

    [Fact]
    public async Task A_blob_is_not_mounted_from_a_repository_that_must_not_be_pulled_from()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
        await host.Client.SetAsync("other/app", "readEnabled", enabled: false);

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.MountAsync(Repo, rig.Elsewhere, "other/app"));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, rig.Elsewhere));
        await host.Client.SetAsync("other/app", "readEnabled", enabled: true);
        Assert.Equal(HttpStatusCode.Created, await host.Client.MountAsync(Repo, rig.Elsewhere, "other/app"));
    }

    [Fact]
    public async Task What_must_not_be_listed_is_left_out_of_every_list_and_answers_when_it_is_named()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);

        await host.Client.SetAsync($"{Repo}/_tags/v1", "listEnabled", enabled: false);
        Assert.Equal("""{"name":"team/app","tags":["other"]}""", await host.Client.GetStringAsync(new Uri($"/v2/{Repo}/tags/list", UriKind.Relative)));
        foreach (var order in (string[])["none", "timeasc", "timedesc"])
            Assert.Equal(["other"], await host.Client.WalkAsync($"/acr/v1/{Repo}/_tags?orderby={order}", "tags", "name"));
        Assert.Empty(await host.Client.WalkAsync($"/acr/v1/{Repo}/_tags?digest={rig.Digest}", "tags", "name"));
        var manifest = (await host.Client.JsonAsync($"/acr/v1/{Repo}/_manifests/{rig.Digest}")).GetProperty("manifest");
        Assert.Empty(manifest.GetProperty("tags").EnumerateArray());
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));

        await host.Client.SetAsync($"{Repo}/_manifests/{rig.Digest}", "listEnabled", enabled: false);
        foreach (var order in (string[])["none", "timeasc", "timedesc"])
            Assert.Equal([rig.Other.ToString()], await host.Client.WalkAsync($"/acr/v1/{Repo}/_manifests?orderby={order}&n=1", "manifests", "digest"));
        Assert.Equal(["listEnabled"], (await ShownAsync(host, $"{Repo}/_manifests/{rig.Digest}")).Locked());

        await host.Client.SetAsync(Repo, "listEnabled", enabled: false);
        Assert.Equal("""{"repositories":["other/app"]}""", await host.Client.GetStringAsync(new Uri("/v2/_catalog", UriKind.Relative)));
        Assert.Equal("""{"repositories":["other/app"]}""", await host.Client.GetStringAsync(new Uri("/acr/v1/_catalog", UriKind.Relative)));
        Assert.Equal(["listEnabled"], (await ShownAsync(host, Repo)).Locked());
    }

    [Fact]
    public async Task Referrers_that_must_not_be_listed_or_pulled_are_in_neither_of_their_lists()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
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
        await using var rig = await Rig.StartAsync(host);
        for (var i = 0; i < 25; i++)
        {
            var hidden = await AttachAsync(rig, $"hidden {i}");
            await host.Client.SetAsync($"{Repo}/_manifests/{hidden}", "listEnabled", enabled: false);
        }

        var last = await AttachAsync(rig, "last");
        Assert.Equal([last.ToString()], await host.Client.WalkAsync($"/v2/{Repo}/referrers/{rig.Digest}?n=1", "manifests", "digest"));
    }

    private static async Task<Digest> AttachAsync(Rig rig, string name)
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

    [Fact]
    public async Task A_repository_with_something_locked_is_not_deleted_at_all()
    {
        await using var host = await RegistryHost.StartAsync();
        var digests = new List<Digest>();
        for (var i = 0; i < 50; i++) digests.Add(await PushAsync(host, Repo, $"image {i}", $"t{i}"));
        var last = digests.Max();
        await host.Client.ChangeAsync(Repo, """{"anonymousPullEnabled":true}""");
        await host.Client.SetAsync($"{Repo}/_manifests/{last}", "deleteEnabled", enabled: false);

        using var refused = await host.Client.DeleteAsync(new Uri($"/acr/v1/{Repo}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains(last.ToString(), await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var shown = await host.Client.JsonAsync($"/acr/v1/{Repo}");
        Assert.Equal(
            (50, 50, true),
            (shown.GetProperty("manifestCount").GetInt32(), shown.GetProperty("tagCount").GetInt32(), shown.GetProperty("anonymousPullEnabled").GetBoolean()));
    }

    [Fact]
    public async Task Each_change_of_locks_is_recorded_once_with_who_made_it()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
        var before = (await host.Metadata.ReadLedgerAsync(0, 1000, CancellationToken.None))[^1].Number;

        foreach (var what in (string[])[Repo, $"{Repo}/_tags/v1", $"{Repo}/_manifests/{rig.Digest}"])
        {
            for (var i = 0; i < 2; i++)
            {
                var (status, body) = await host.Client.ChangeAsync(what, """{"writeEnabled":false,"deleteEnabled":false,"readEnabled":true}""");
                Assert.Equal(HttpStatusCode.OK, status);
                var shown = body.TryGetProperty("tag", out var tag) ? tag : body.TryGetProperty("manifest", out var manifest) ? manifest : body;
                Assert.Equal(["deleteEnabled", "writeEnabled"], shown.Locked());
            }
        }

        var records = await host.Metadata.ReadLedgerAsync(before, 1000, CancellationToken.None);
        Assert.Equal([LedgerKinds.RepositoryChanged, LedgerKinds.TagLocked, LedgerKinds.ManifestLocked], records.Select(record => record.Kind));
        Assert.All(records, record => Assert.Equal(("owner", """{"locks":"Delete, Write"}"""), (record.Actor, record.Payload)));
    }

    [Theory]
    [InlineData("team/app/_tags/v1", """{"anonymousPullEnabled":false}""", "anonymousPullEnabled")]
    [InlineData("team/app/_tags/v1", """{"writeEnabled":false,"quarantineState":"Passed"}""", "quarantineState")]
    [InlineData("team/app/_manifests/DIGEST", """{"owner":"a"}""", "owner")]
    [InlineData("team/app/_manifests/DIGEST", """{"writeEnabled":1}""", "writeEnabled")]
    public async Task A_flag_that_there_is_none_of_is_named_and_nothing_is_locked(string what, string body, string named)
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
        what = what.Replace("DIGEST", rig.Digest.ToString(), StringComparison.Ordinal);

        var (status, answer) = await host.Client.ChangeAsync(what, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains($"'{named}'", answer.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty((await ShownAsync(host, what)).Locked());
    }

    [Fact]
    public async Task Who_may_read_metadata_but_not_change_it_does_not_unlock()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        await using var rig = await Rig.StartAsync(host);
        await host.Client.SetAsync($"{Repo}/_tags/v1", "writeEnabled", enabled: false);
        using var reader = await host.SignedInAsync("reader@example.test");
        await host.AssignAsync("reader@example.test", "Container Registry Repository Reader");

        foreach (var what in (string[])[Repo, $"{Repo}/_tags/v1", $"{Repo}/_manifests/{rig.Digest}"])
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.ChangeAsync(what, """{"writeEnabled":true}""")).Status);
        Assert.Equal(["writeEnabled"], (await ShownAsync(host, $"{Repo}/_tags/v1")).Locked());
    }

    [Fact]
    public async Task Locks_do_not_stop_garbage_collection()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await Rig.StartAsync(host);
        using var cancelled = await rig.SendAsync("DELETE", rig.Upload);
        await host.Client.SetAsync(Repo, "writeEnabled", enabled: false);
        await host.Client.SetAsync(Repo, "deleteEnabled", enabled: false);

        host.Time.Advance(host.Grace * 3);
        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, rig.Free));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
    }

    private static async Task<JsonElement> ShownAsync(RegistryHost host, string what)
    {
        var body = await host.Client.JsonAsync($"/acr/v1/{what}");
        return body.TryGetProperty("tag", out var tag) ? tag : body.TryGetProperty("manifest", out var manifest) ? manifest : body;
    }

    /// <summary>A repository with two images, a blob that none of them names and an open upload, and a blob elsewhere; emptied at its end.</summary>
    private sealed class Rig : IAsyncDisposable
    {
        private readonly RegistryHost _host;

        private Rig(RegistryHost host) => _host = host;

        public byte[] Manifest { get; } = RegistryClientExtensions.Image("one"u8.ToArray());

        public byte[] OtherManifest { get; } = RegistryClientExtensions.Image("two"u8.ToArray());

        public byte[] NewManifest { get; } = RegistryClientExtensions.Image("free"u8.ToArray());

        public Digest Digest => Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, Manifest);

        public Digest Other => Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, OtherManifest);

        public Digest Free { get; } = Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "free"u8);

        public Digest Elsewhere { get; } = Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "elsewhere"u8);

        public string Upload { get; private set; } = "";

        public static async Task<Rig> StartAsync(RegistryHost host)
        {
            var rig = new Rig(host);
            await PushAsync(host, Repo, "one", "v1");
            await PushAsync(host, Repo, "two", "other");
            await PushAsync(host, "other/app", "elsewhere", "v1");
            Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, "free"u8.ToArray()));
            using var start = await rig.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/");
            rig.Upload = start.Headers.Location!.OriginalString;
            return rig;
        }

        public Task<HttpResponseMessage> PutAsync(string reference, byte[] manifest) => SendAsync("PUT", $"/v2/{Repo}/manifests/{reference}", manifest, MediaTypes.OciManifest);

        public async Task<HttpResponseMessage> SendAsync(string method, string path, byte[]? body = null, string? type = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
            if (body is not null) request.Content = new ByteArrayContent(body);
            if (type is not null) request.Content!.Headers.ContentType = new(type);
            return await _host.Client.SendAsync(request);
        }

        /// <summary>What the repository holds, and how many changes there were.</summary>
        public async Task<string> StateAsync()
        {
            var text = "";
            foreach (var path in (string[])[$"/acr/v1/{Repo}", $"/acr/v1/{Repo}/_tags", $"/acr/v1/{Repo}/_manifests"])
                text += (await _host.Client.JsonAsync(path)).ToString();
            foreach (var blob in (Digest[])[Free, Elsewhere, Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "new"u8), Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "uploaded"u8)])
                text += await _host.Client.HeadBlobAsync(Repo, blob);
            return text + (await _host.Metadata.ReadLedgerAsync(0, 10_000, CancellationToken.None))[^1].Number;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var what in (string[])[$"{Repo}/_tags/v1", $"{Repo}/_manifests/{Digest}", Repo])
                await _host.Client.ChangeAsync(what, """{"writeEnabled":true,"deleteEnabled":true,"readEnabled":true,"listEnabled":true}""");
            foreach (var repository in (string[])[Repo, "other/app"])
                (await SendAsync("DELETE", $"/acr/v1/{repository}")).Dispose();
            foreach (var content in (string[])["one", "two", "free", "new", "uploaded", "elsewhere"])
                await _host.Client.DeleteBlobAsync(Repo, Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, System.Text.Encoding.UTF8.GetBytes(content)));
        }
    }
}
