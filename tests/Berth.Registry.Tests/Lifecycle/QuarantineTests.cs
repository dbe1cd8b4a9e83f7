using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;
using static Berth.Registry.Tests.Lifecycle.QuarantineClient;

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
}
