using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>Quarantine by hand, as those meet it who pull, who may look and who set content apart.</summary>
public sealed class QuarantineTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task A_quarantined_image_is_absent_by_its_tag_and_denied_by_its_digest_with_reason_and_end()
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        using var reader = await PrincipalAsync(host, "reader", "AcrPull", "AcrQuarantineReader");
        var image = await PushAsync(host, Repo, "bad", "v1", "latest");
        await PushAsync(host, Repo, "good", "good");
        await SetAsync(host, $"digests/{image}", """{"reason":"CVE-2026-1 in libx.","until":"2026-12-24T12:00:00Z"}""");

        foreach (var tag in (string[])["v1", "latest"])
        {
            foreach (var method in (string[])["GET", "HEAD"])
            {
                using var answer = await SendAsync(puller, method, $"/v2/{Repo}/manifests/{tag}");
                Assert.Equal((tag, method, HttpStatusCode.NotFound), (tag, method, answer.StatusCode));
                if (method == "GET") Assert.Contains("MANIFEST_UNKNOWN", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }

        using (var denied = await SendAsync(puller, "GET", $"/v2/{Repo}/manifests/{image}"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
            var error = (await BodyAsync(denied)).GetProperty("errors")[0];
            Assert.Equal(("DENIED", image.ToString()), (error.GetProperty("code").GetString(), error.GetProperty("detail").GetString()));
            Assert.Contains("is quarantined until 2026-12-24T12:00:00Z. Reason: CVE-2026-1 in libx.", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        using (var head = await SendAsync(puller, "HEAD", $"/v2/{Repo}/manifests/{image}")) Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
        Assert.Equal("""{"name":"team/app","tags":["good"]}""", await puller.GetStringAsync(new Uri($"/v2/{Repo}/tags/list", UriKind.Relative)));
        foreach (var order in (string[])["none", "timedesc"]) Assert.Equal(["good"], await puller.WalkAsync($"/acr/v1/{Repo}/_tags?orderby={order}", "tags", "name"));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(puller, "GET", $"/acr/v1/{Repo}/_tags/v1")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "good"));

        foreach (var reference in (string[])["v1", image.ToString()]) Assert.Equal(HttpStatusCode.OK, await reader.GetManifestAsync(Repo, reference));
        Assert.Equal("""{"name":"team/app","tags":["good","latest","v1"]}""", await reader.GetStringAsync(new Uri($"/v2/{Repo}/tags/list", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(reader, "GET", $"/acr/v1/{Repo}/_tags/v1")).StatusCode);

        // Its time is over without anybody's doing.
        host.Time.Advance(TimeSpan.FromDays(31));
        using var later = host.ClientOf("puller", "a password of its own");
        foreach (var reference in (string[])["v1", image.ToString()]) Assert.Equal(HttpStatusCode.OK, await later.GetManifestAsync(Repo, reference));
    }

    [Fact]
    public async Task Its_blobs_are_denied_while_nothing_else_names_them_and_a_push_still_finds_them()
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPush");
        var image = await PushAsync(host, Repo, "bad", "v1");
        var blob = Digest.Compute(DigestAlgorithm.Sha256, "bad"u8);
        await SetAsync(host, $"digests/{image}", """{"reason":"infected"}""");

        using (var denied = await SendAsync(puller, "GET", $"/v2/{Repo}/blobs/{blob}"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
            Assert.Contains($"only quarantined manifests name it, such as {image}. Reason: infected", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, await puller.HeadBlobAsync(Repo, blob));
        Assert.Equal(HttpStatusCode.Accepted, await puller.MountAsync("team/elsewhere", blob, Repo));
        Assert.Equal(HttpStatusCode.NotFound, await puller.HeadBlobAsync("team/elsewhere", blob));

        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image("bad"u8.ToArray()));
        Assert.Equal(HttpStatusCode.Created, await puller.PutManifestAsync(Repo, "multi", index, MediaTypes.OciIndex));
        Assert.Equal(HttpStatusCode.Forbidden, (await puller.GetBlobAsync(Repo, blob)).Status);
        var free = RegistryClientExtensions.Image("bad"u8.ToArray());
        Assert.Equal(HttpStatusCode.Created, await puller.PutManifestAsync(Repo, "v2", [.. free, (byte)' ']));
        Assert.Equal(HttpStatusCode.OK, (await puller.GetBlobAsync(Repo, blob)).Status);
    }

    [Fact]
    public async Task An_index_covers_its_children_and_the_refusal_names_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        var child = await PushAsync(host, Repo, "child");
        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray()));
        var digest = Digest.Compute(DigestAlgorithm.Sha256, index);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "multi", index, MediaTypes.OciIndex));
        await SetAsync(host, $"digests/{digest}", """{"reason":"infected"}""");

        using (var denied = await SendAsync(puller, "GET", $"/v2/{Repo}/manifests/{child}"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
            Assert.Contains($"only quarantined indexes lead to it, such as {digest}. Reason: infected", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await puller.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, "child"u8))).Status);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "child", RegistryClientExtensions.Image("child"u8.ToArray())));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "child"));
        Assert.Equal(HttpStatusCode.NotFound, await puller.GetManifestAsync(Repo, "multi"));
    }

    [Fact]
    public async Task An_index_covers_what_only_it_leads_to_through_other_indexes()
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        var child = await PushAsync(host, Repo, "child");
        var inner = RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray()));
        var innerDigest = Digest.Compute(DigestAlgorithm.Sha256, inner);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, innerDigest.ToString(), inner, MediaTypes.OciIndex));
        var outer = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{"mediaType":"{{MediaTypes.OciIndex}}","digest":"{{innerDigest}}","size":{{inner.Length}}}]}""");
        var outerDigest = Digest.Compute(DigestAlgorithm.Sha256, outer);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "outer", outer, MediaTypes.OciIndex));
        await SetAsync(host, $"digests/{outerDigest}", """{"reason":"infected"}""");

        foreach (var covered in (Digest[])[child, innerDigest])
        {
            using var denied = await SendAsync(puller, "GET", $"/v2/{Repo}/manifests/{covered}");
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
            Assert.Contains($"only quarantined indexes lead to it, such as {outerDigest}. Reason: infected", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await puller.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, "child"u8))).Status);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "inner", inner, MediaTypes.OciIndex));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, outerDigest.ToString()));
    }

    [Fact]
    public async Task A_quarantined_repository_gives_nothing_to_those_who_pull_and_takes_pushes()
    {
        await using var host = await RegistryHost.StartAsync();
        using var pusher = await PrincipalAsync(host, "pusher", "AcrPush");
        var image = await PushAsync(host, Repo, "image", "v1");
        var blob = Digest.Compute(DigestAlgorithm.Sha256, "image"u8);
        await SetAsync(host, $"repositories/{Repo}", """{"reason":"team left"}""");

        Assert.Equal(HttpStatusCode.NotFound, await pusher.GetManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.Forbidden, await pusher.GetManifestAsync(Repo, image.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, (await pusher.GetBlobAsync(Repo, blob)).Status);
        Assert.Equal("""{"name":"team/app","tags":[]}""", await pusher.GetStringAsync(new Uri($"/v2/{Repo}/tags/list", UriKind.Relative)));
        Assert.Empty(await pusher.WalkAsync($"/acr/v1/{Repo}/_tags", "tags", "name"));
        Assert.Equal(HttpStatusCode.Created, await pusher.PutManifestAsync(Repo, "v2", RegistryClientExtensions.Image("image"u8.ToArray())));
        Assert.Equal(HttpStatusCode.NotFound, await pusher.GetManifestAsync(Repo, "v2"));
        await PushAsync(host, "team/other", "image", "v1");
        Assert.Equal(HttpStatusCode.OK, await pusher.GetManifestAsync("team/other", "v1"));

        using var released = await host.Client.DeleteAsync(new Uri($"/berth/v1/quarantine/repositories/{Repo}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, released.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await pusher.GetManifestAsync(Repo, "v2"));
    }

    [Fact]
    public async Task Quarantined_referrers_are_in_no_list_and_neither_admin_nor_anybody_reads_what_is_quarantined()
    {
        await using var host = await RegistryHost.StartAsync();
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges(AnonymousPullEnabled: true), Caller.System, CancellationToken.None);
        using var nobody = host.WithoutCredential();
        var image = await PushAsync(host, Repo, "image", "v1");
        var referrer = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(RegistryClientExtensions.Image("image"u8.ToArray()))[..^1]
            + $$""","subject":{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{image}}","size":{{RegistryClientExtensions.Image("image"u8.ToArray()).Length}}},"annotations":{"a":"secret"} }""");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, referrer);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, digest.ToString(), referrer));
        Assert.Single(await ReferrersAsync(nobody, image));

        await SetAsync(host, $"digests/{digest}", """{"reason":"forged"}""");
        Assert.Empty(await ReferrersAsync(nobody, image));
        Assert.Single(await ReferrersAsync(host.Client, image));
        Assert.Equal(HttpStatusCode.NotFound, await nobody.GetManifestAsync(Repo, image.ToString().Replace(':', '-')));
        await SetAsync(host, $"digests/{image}", """{"reason":"infected"}""");
        Assert.Equal(HttpStatusCode.NotFound, await nobody.GetManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.Forbidden, await nobody.GetManifestAsync(Repo, image.ToString()));

        // The account that many share is not the one that looks at what was set apart.
        Assert.False(Berth.Registry.Identity.Authorization.RegistryPermissions.Admin.MayUse(Berth.Registry.Identity.RegistryAction.QuarantineRead));

        static async Task<List<JsonElement>> ReferrersAsync(HttpClient client, Digest subject) =>
            [.. (await client.JsonAsync($"/v2/{Repo}/referrers/{subject}")).GetProperty("manifests").EnumerateArray()];
    }

    [Fact]
    public async Task A_scanner_with_ACR_s_role_says_what_it_found_and_the_metadata_API_shows_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var scanner = await PrincipalAsync(host, "scanner", "AcrQuarantineWriter");
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        using var pusher = await PrincipalAsync(host, "pusher", "AcrPush");
        var image = await PushAsync(host, Repo, "image", "v1");
        var path = $"{Repo}/_manifests/{image}";
        const string details = """{\"scanner\":\"s\",\"state\":\"scan failed\"}""";

        Assert.Equal(HttpStatusCode.Forbidden, (await pusher.ChangeAsync(path, """{"quarantineState":"Failed"}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await scanner.ChangeAsync(path, """{"quarantineState":"Failed","writeEnabled":false}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await scanner.ChangeAsync(path, """{"writeEnabled":false}""")).Status);
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "v1"));
        foreach (var wrong in (string[])["""{"quarantineState":"Perhaps"}""", """{"quarantineState":1}""", """{"quarantineDetails":"x"}""", """{"quarantineState":"Failed","quarantineDetails":7}"""])
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, (await scanner.ChangeAsync(path, wrong)).Status));

        var (status, body) = await scanner.ChangeAsync(path, $$"""{"quarantineState":"Failed","quarantineDetails":"{{details}}"}""");
        Assert.Equal(HttpStatusCode.OK, status);
        var flags = body.GetProperty("manifest").GetProperty("changeableAttributes");
        Assert.Equal(("Failed", """{"scanner":"s","state":"scan failed"}"""), (flags.GetProperty("quarantineState").GetString(), flags.GetProperty("quarantineDetails").GetString()));
        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, image.ToString()));

        Assert.Equal(HttpStatusCode.OK, (await scanner.ChangeAsync(path, """{"quarantineState":"passed"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "v1"));
        var listed = (await host.Client.JsonAsync($"/acr/v1/{Repo}/_manifests")).GetProperty("manifests")[0].GetProperty("changeableAttributes");
        Assert.Equal("Passed", listed.GetProperty("quarantineState").GetString());
        Assert.Equal("""{"value":[]}""", await host.Client.GetStringAsync(new Uri("/berth/v1/quarantine/digests", UriKind.Relative)));
    }

    [Fact]
    public async Task Under_the_policy_what_is_pushed_is_quarantined_until_it_passed()
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        using var reader = await PrincipalAsync(host, "reader", "AcrPull", "AcrQuarantineReader");
        using var scanner = await PrincipalAsync(host, "scanner", "AcrQuarantineWriter");
        using var pusher = await PrincipalAsync(host, "pusher", "AcrPush");
        var before = await PushAsync(host, Repo, "before", "v0");
        await SetPolicyAsync(host, "enabled");

        foreach (var layer in (byte[][])["before"u8.ToArray(), "next"u8.ToArray()])
        {
            Assert.Equal(HttpStatusCode.Created, await pusher.PushBlobAsync("team/copy", layer));
            Assert.Equal(HttpStatusCode.Created, await pusher.PushBlobAsync(Repo, layer));
            Assert.Equal(HttpStatusCode.Created, await pusher.PutManifestAsync("team/copy", "v0", RegistryClientExtensions.Image(layer)));
        }

        // The copy of what was there is not new, and its next tag neither.
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "v0"));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync("team/copy", before.ToString()));
        var image = RegistryClientExtensions.Image("next"u8.ToArray());
        var digest = Digest.Compute(DigestAlgorithm.Sha256, image);
        Assert.Equal(HttpStatusCode.Created, await pusher.PutManifestAsync(Repo, "v1", image));
        foreach (var client in (HttpClient[])[puller, pusher])
        {
            Assert.Equal(HttpStatusCode.NotFound, await client.GetManifestAsync(Repo, "v1"));
            Assert.Equal(HttpStatusCode.Forbidden, await client.GetManifestAsync(Repo, digest.ToString()));
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, "next"u8))).Status);
        }

        using (var denied = await SendAsync(puller, "GET", $"/v2/{Repo}/manifests/{digest}"))
            Assert.Contains("quarantine policy, and nobody has said that it passed.", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using (var head = await SendAsync(pusher, "HEAD", $"/v2/{Repo}/manifests/{digest}")) Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        using (var head = await SendAsync(puller, "HEAD", $"/v2/{Repo}/manifests/{digest}")) Assert.Equal(HttpStatusCode.Forbidden, head.StatusCode);
        Assert.Equal("""{"name":"team/app","tags":["v0"]}""", await puller.GetStringAsync(new Uri($"/v2/{Repo}/tags/list", UriKind.Relative)));
        foreach (var reference in (string[])["v1", digest.ToString()]) Assert.Equal(HttpStatusCode.OK, await reader.GetManifestAsync(Repo, reference));
        Assert.Equal([digest.ToString()], await host.Client.WalkAsync("/berth/v1/quarantine/digests", "value", "digest"));
        Assert.Equal(["pusher"], await host.Client.WalkAsync("/berth/v1/quarantine/digests", "value", "quarantinedBy"));

        Assert.Equal(HttpStatusCode.OK, (await scanner.ChangeAsync($"{Repo}/_manifests/{digest}", """{"quarantineState":"Passed"}""")).Status);
        foreach (var repository in (string[])[Repo, "team/copy"]) Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(repository, digest.ToString()));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "v1"));

        // What passed stays so when it is deleted and comes back.
        foreach (var repository in (string[])[Repo, "team/copy"]) Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(repository, digest.ToString()));
        Assert.Equal(HttpStatusCode.Created, await pusher.PutManifestAsync(Repo, "v1", image));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "v1"));
        var quarantined = Assert.Single(await host.Metadata.ReadLedgerAsync(0, 1000, CancellationToken.None), record => record is { Kind: "manifest.quarantined", Actor: "pusher" });
        Assert.Equal(("team/copy", digest), (quarantined.Repository, quarantined.Digest));

        await PushAsync(host, Repo, "third", "v3");
        await SetPolicyAsync(host, "disabled");
        await PushAsync(host, Repo, "fourth", "v4");
        Assert.Equal(HttpStatusCode.NotFound, await puller.GetManifestAsync(Repo, "v3"));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, "v4"));
    }

    [Fact]
    public async Task Under_the_policy_an_index_and_its_images_wait_and_referrers_do_not_unless_they_are_images()
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        await SetPolicyAsync(host, "enabled");
        var child = await PushAsync(host, Repo, "child");
        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray()));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "multi", index, MediaTypes.OciIndex));
        var image = Encoding.UTF8.GetString(RegistryClientExtensions.Image("child"u8.ToArray()));
        var subject = $$""","subject":{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{child}}","size":{{image.Length}}} }""";
        var posing = image[..^1] + subject;
        var signature = image[..^1].Replace(MediaTypes.OciConfig, "application/vnd.example.signature", StringComparison.Ordinal) + subject;
        foreach (var pushed in (string[])[posing, signature])
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(pushed)).ToString(), Encoding.UTF8.GetBytes(pushed)));

        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, index).ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(posing)).ToString()));
        Assert.Equal(HttpStatusCode.OK, await puller.GetManifestAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(signature)).ToString()));
    }

    [Fact]
    public async Task Quarantine_is_listed_changed_and_ended_and_stands_in_the_ledger()
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await PushAsync(host, Repo, "image", "v1");
        var elsewhere = Digest.Compute(DigestAlgorithm.Sha256, "not here yet"u8);
        var set = await SetAsync(host, $"digests/{elsewhere}", """{"reason":"known bad"}""");
        Assert.Equal(["digest", "state", "reason", "until", "quarantinedAt", "quarantinedBy"], set.Names());
        await SetAsync(host, $"digests/{image}", """{"reason":"one","until":"2027-01-01T00:00:00+01:00"}""");
        await SetAsync(host, $"digests/{image}", """{"reason":"two","until":null}""");
        await SetAsync(host, "repositories/team%2Fapp", """{"reason":"three"}""");

        var digests = await host.Client.WalkAsync("/berth/v1/quarantine/digests?n=1", "value", "digest");
        Assert.Equal(new[] { image, elsewhere }.Order().Select(digest => digest.ToString()), digests);
        Assert.Equal(["team/app"], await host.Client.WalkAsync("/berth/v1/quarantine/repositories?n=1", "value", "repository"));
        Assert.Equal(["three"], await host.Client.WalkAsync("/berth/v1/quarantine/repositories", "value", "reason"));

        foreach (var path in (string[])[$"digests/{image}", $"repositories/{Repo}"])
        {
            Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(host.Client, "DELETE", $"/berth/v1/quarantine/{path}")).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host.Client, "DELETE", $"/berth/v1/quarantine/{path}")).StatusCode);
        }

        var records = (await host.Metadata.ReadLedgerAsync(0, 1000, CancellationToken.None)).Where(record => record.Kind.Contains("quarantined", StringComparison.Ordinal) || record.Kind.Contains("released", StringComparison.Ordinal));
        Assert.Equal(
            [
                ("manifest.quarantined", """{"state":"Quarantined","reason":"known bad"}"""), ("manifest.quarantined", """{"state":"Quarantined","reason":"one","until":"2026-12-31T23:00:00Z"}"""),
                ("manifest.quarantined", """{"state":"Quarantined","reason":"two"}"""), ("repository.quarantined", """{"state":"Quarantined","reason":"three"}"""),
                ("manifest.released", null), ("repository.released", (string?)null),
            ],
            records.Select(record => (record.Kind, record.Payload)));
    }

    [Theory]
    [InlineData("{}", "'reason' is what")]
    [InlineData("""{"reason":" "}""", "'reason' is what")]
    [InlineData("""{"reason":7}""", "'reason' must be a text")]
    [InlineData("""{"reason":"a\nb"}""", "control characters")]
    [InlineData("""{"reason":"x","until":"2020-01-01T00:00:00Z"}""", "over already")]
    [InlineData("""{"reason":"x","until":"2030-01-01"}""", "with its offset")]
    [InlineData("""{"reason":"x","until":"2030-01-01T00:00:00"}""", "with its offset")]
    [InlineData("""{"reason":"x","until":7}""", "with its offset")]
    [InlineData("""{"reason":"x","days":7}""", "'days'")]
    [InlineData("[", "no JSON")]
    public async Task What_cannot_be_a_quarantine_is_refused_with_what_is_wrong(string body, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, Repo, "image", "v1");
        foreach (var path in (string[])[$"digests/{Digest.Compute(DigestAlgorithm.Sha256, "x"u8)}", $"repositories/{Repo}"])
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await host.Client.PutAsync(new Uri($"/berth/v1/quarantine/{path}", UriKind.Relative), content);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(reason, (await BodyAsync(answer)).GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        using var longest = new StringContent($$"""{"reason":"{{new string('x', 1001)}}"}""", Encoding.UTF8, "application/json");
        using var tooLong = await host.Client.PutAsync(new Uri($"/berth/v1/quarantine/repositories/{Repo}", UriKind.Relative), longest);
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
    }

    [Fact]
    public async Task A_path_that_names_nothing_an_absent_repository_and_another_method_are_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var path in (string[])["", "/digests/x", "/repositories/Team", "/images", "/digests/"])
            Assert.Equal((path, HttpStatusCode.NotFound), (path, (await SendAsync(host.Client, "GET", $"/berth/v1/quarantine{path}")).StatusCode));
        using var content = new StringContent("""{"reason":"x"}""", Encoding.UTF8, "application/json");
        using var absent = await host.Client.PutAsync(new Uri("/berth/v1/quarantine/repositories/none", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
        using var posted = await host.Client.PostAsync(new Uri("/berth/v1/quarantine/repositories/none", UriKind.Relative), null);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "PUT, DELETE"), (posted.StatusCode, string.Join(", ", posted.Content.Headers.Allow)));
        foreach (var query in (string[])["n=0", "n=x"])
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host.Client, "GET", $"/berth/v1/quarantine/digests?{query}")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host.Client, "GET", "/berth/v1/quarantine/digests?last=x")).StatusCode);
    }

    [Fact]
    public async Task In_the_mode_by_repository_the_data_actions_count()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        using var puller = await PrincipalAsync(host, "puller", "Container Registry Repository Reader");
        using var reader = await PrincipalAsync(host, "reader", "Container Registry Repository Reader", "AcrQuarantineReader");
        using var contributor = await PrincipalAsync(host, "contributor", "Container Registry Repository Reader", "Contributor");
        var image = await PushAsync(host, Repo, "image", "v1");
        await SetAsync(host, $"digests/{image}", """{"reason":"infected"}""");

        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, image.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, await contributor.GetManifestAsync(Repo, image.ToString()));
        Assert.Equal(HttpStatusCode.OK, await reader.GetManifestAsync(Repo, image.ToString()));
    }

    private static async Task<HttpClient> PrincipalAsync(RegistryHost host, string name, params string[] roles)
    {
        var client = await host.SignedInAsync(name);
        foreach (var role in roles) await host.AssignAsync(name, role);
        return client;
    }

    private static async Task SetPolicyAsync(RegistryHost host, string status)
    {
        using var owner = await ControlClient.OfOwnerAsync(host);
        var changed = await owner.ExpectAsync(
            HttpStatusCode.OK, "PATCH", ControlClient.Local, $$"""{"properties":{"policies":{"quarantinePolicy":{"status":"{{status}}"} } } }""");
        Assert.Equal(status, changed.GetProperty("properties").GetProperty("policies").GetProperty("quarantinePolicy").GetProperty("status").GetString());
    }

    private static async Task<JsonElement> SetAsync(RegistryHost host, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.PutAsync(new Uri($"/berth/v1/quarantine/{path}", UriKind.Relative), content);
        var set = await BodyAsync(answer);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode} {set}");
        return set;
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path) => client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage answer)
    {
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }
}
