using System.Net;
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
    private static readonly IReadOnlyDictionary<string, Func<LockRig, Task<HttpResponseMessage>>> Acts = new Dictionary<string, Func<LockRig, Task<HttpResponseMessage>>>
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
            await using var rig = await LockRig.StartAsync(host);
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
        await using var rig = await LockRig.StartAsync(host);
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
        await using var rig = await LockRig.StartAsync(host);
        await rig.PutAsync("latest", rig.Manifest);
        using var pusher = host.ClientOf(host.Endpoint.User, host.Endpoint.Password);
        using var reader = await host.SignedInAsync("reader@example.test");
        await host.AssignAsync("reader@example.test", "AcrPull");
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
                foreach (var (client, method) in new[] { (pusher, "GET"), (reader, "GET"), (reader, "HEAD") })
                {
                    using var answer = await AskAsync(client, method, path);
                    Assert.Equal((what, path, refused.Contains(path) ? HttpStatusCode.Forbidden : HttpStatusCode.OK), (what, path, answer.StatusCode));
                    if (!refused.Contains(path) || method == "HEAD") continue;
                    var body = await answer.Content.ReadAsStringAsync();
                    Assert.Contains("\"DENIED\"", body, StringComparison.Ordinal);
                    Assert.Contains("is locked: readEnabled is false", body, StringComparison.Ordinal);
                }

                // A push asks so what it need not send: whoever may push is told that it is there, and gets nothing of it.
                using var head = await AskAsync(pusher, "HEAD", path);
                Assert.Equal((what, path, HttpStatusCode.OK), (what, path, head.StatusCode));
            }

            // What it is stays to be seen, and what it says can be changed back.
            Assert.Equal(["readEnabled"], (await LockRig.ShownAsync(host, what)).Locked());
            await host.Client.SetAsync(what, "readEnabled", enabled: true);
        }

        static async Task<HttpResponseMessage> AskAsync(HttpClient client, string method, string path)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
            return await client.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_blob_is_not_mounted_from_a_repository_that_must_not_be_pulled_from()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await LockRig.StartAsync(host);
        await host.Client.SetAsync("other/app", "readEnabled", enabled: false);

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.MountAsync(Repo, rig.Elsewhere, "other/app"));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, rig.Elsewhere));
        await host.Client.SetAsync("other/app", "readEnabled", enabled: true);
        Assert.Equal(HttpStatusCode.Created, await host.Client.MountAsync(Repo, rig.Elsewhere, "other/app"));
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
    public async Task A_repository_that_was_deleted_and_comes_again_is_locked_against_nothing_and_has_no_settings()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, Repo, "image", "v1");
        await host.Client.ChangeAsync(Repo, """{"listEnabled":false,"readEnabled":false,"anonymousPullEnabled":true,"owner":"Team A"}""");
        using (var deleted = await host.Client.DeleteAsync(new Uri($"/acr/v1/{Repo}", UriKind.Relative))) Assert.Equal(HttpStatusCode.Accepted, deleted.StatusCode);

        await PushAsync(host, Repo, "image", "v1");
        var shown = await LockRig.ShownAsync(host, Repo);
        Assert.Empty(shown.Locked());
        Assert.Equal((false, JsonValueKind.Null), (shown.GetProperty("anonymousPullEnabled").GetBoolean(), shown.GetProperty("owner").ValueKind));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
    }

    [Fact]
    public async Task Each_change_of_locks_is_recorded_once_with_who_made_it()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await LockRig.StartAsync(host);
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
        await using var rig = await LockRig.StartAsync(host);
        what = what.Replace("DIGEST", rig.Digest.ToString(), StringComparison.Ordinal);

        var (status, answer) = await host.Client.ChangeAsync(what, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains($"'{named}'", answer.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty((await LockRig.ShownAsync(host, what)).Locked());
    }

    [Fact]
    public async Task Who_may_read_metadata_but_not_change_it_does_not_unlock()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        await using var rig = await LockRig.StartAsync(host);
        await host.Client.SetAsync($"{Repo}/_tags/v1", "writeEnabled", enabled: false);
        using var reader = await host.SignedInAsync("reader@example.test");
        await host.AssignAsync("reader@example.test", "Container Registry Repository Reader");

        foreach (var what in (string[])[Repo, $"{Repo}/_tags/v1", $"{Repo}/_manifests/{rig.Digest}"])
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.ChangeAsync(what, """{"writeEnabled":true}""")).Status);
        Assert.Equal(["writeEnabled"], (await LockRig.ShownAsync(host, $"{Repo}/_tags/v1")).Locked());
    }

    [Fact]
    public async Task Locks_do_not_stop_garbage_collection()
    {
        await using var host = await RegistryHost.StartAsync();
        await using var rig = await LockRig.StartAsync(host);
        using var cancelled = await rig.SendAsync("DELETE", rig.Upload);
        await host.Client.SetAsync(Repo, "writeEnabled", enabled: false);
        await host.Client.SetAsync(Repo, "deleteEnabled", enabled: false);

        host.Time.Advance(host.Grace * 3);
        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, rig.Free));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
    }
}
