using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;
using static Berth.Registry.Tests.Lifecycle.QuarantineClient;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>ACR's quarantine policy: what is pushed waits until somebody said that it passed.</summary>
public sealed class QuarantinePolicyTests
{
    private const string Repo = "team/app";

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

    [Theory]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OciConfig, "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, MediaTypes.DockerConfig, "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OctetStream, "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, "application/json", "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, "text/html", "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, "Text/HTML", "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, MediaTypes.HelmConfig, "text/plain", true)]
    [InlineData(MediaTypes.OciManifest, "application/vnd.example", "application/vnd.oci.image.layer.v1.tar+gzip", true)]
    [InlineData(MediaTypes.OciManifest, "application/vnd.example", "application/vnd.oci.image.layer.nondistributable.v1.tar", true)]
    [InlineData(MediaTypes.OciManifest, "application/vnd.example", "application/vnd.docker.image.rootfs.diff.tar.gzip", true)]
    [InlineData(MediaTypes.OciManifest, "application/vnd.example", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", true)]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OciEmpty, "application/vnd.oci.image.layer.v1.tar", true)]
    [InlineData(MediaTypes.DockerManifest, "application/vnd.example", "text/plain", true)]
    [InlineData(MediaTypes.DockerManifest, MediaTypes.DockerConfig, "application/vnd.docker.image.rootfs.diff.tar.gzip", true)]
    [InlineData(MediaTypes.OciManifest, "application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.dev.cosign.simplesigning.v1+json", false)]
    [InlineData(MediaTypes.OciManifest, "application/vnd.cncf.notary.signature", "application/jose+json", false)]
    public async Task Under_the_policy_a_referrer_waits_where_some_client_could_run_it(string mediaType, string config, string layer, bool waits)
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        var image = await PushAsync(host, Repo, "image");
        await SetPolicyAsync(host, "enabled");

        // That what it refers to was never pushed does not make it another thing.
        foreach (var subject in (Digest[])[image, Digest.Compute(DigestAlgorithm.Sha256, "never pushed"u8)])
        {
            var referrer = await PushReferrerAsync(host, mediaType, (config, "a config"), layer, subject);
            Assert.Equal(waits ? HttpStatusCode.Forbidden : HttpStatusCode.OK, await puller.GetManifestAsync(Repo, referrer.ToString()));
        }

        var alone = await PushReferrerAsync(host, mediaType, (config, "a config"), layer, null);
        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, alone.ToString()));
    }

    [Theory]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OciEmpty, false)]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OciConfig, false)]
    [InlineData(MediaTypes.DockerManifest, MediaTypes.OciEmpty, true)]
    public async Task Under_the_policy_files_attached_with_an_empty_config_do_not_wait(string mediaType, string config, bool waits)
    {
        await using var host = await RegistryHost.StartAsync();
        using var puller = await PrincipalAsync(host, "puller", "AcrPull");
        var image = await PushAsync(host, Repo, "image");
        await SetPolicyAsync(host, "enabled");

        var attached = await PushReferrerAsync(host, mediaType, (config, "{}"), "application/vnd.oci.image.layer.v1.tar", image);
        var alone = await PushReferrerAsync(host, mediaType, (config, "{}"), "application/vnd.oci.image.layer.v1.tar", null);

        Assert.Equal(waits ? HttpStatusCode.Forbidden : HttpStatusCode.OK, await puller.GetManifestAsync(Repo, attached.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, await puller.GetManifestAsync(Repo, alone.ToString()));
    }

    /// <summary>Pushes a manifest of a config and a layer, which refers to something where a subject is given.</summary>
    private static async Task<Digest> PushReferrerAsync(RegistryHost host, string mediaType, (string Type, string Text) config, string layer, Digest? subject)
    {
        foreach (var blob in (string[])[config.Text, "a layer"]) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, Encoding.UTF8.GetBytes(blob)));
        var refers = subject is { } digest ? $$""","subject":{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{digest}}","size":1}""" : "";
        var manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{mediaType}}","config":{{Describe(config.Type, config.Text)}},"layers":[{{Describe(layer, "a layer")}}]{{refers}} }""");
        var pushed = Digest.Compute(DigestAlgorithm.Sha256, manifest);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, pushed.ToString(), manifest, mediaType));
        return pushed;

        static string Describe(string type, string text)
        {
            var content = Encoding.UTF8.GetBytes(text);
            return $$"""{"mediaType":"{{type}}","digest":"{{Digest.Compute(DigestAlgorithm.Sha256, content)}}","size":{{content.Length}}}""";
        }
    }

    private static async Task SetPolicyAsync(RegistryHost host, string status)
    {
        using var owner = await ControlClient.OfOwnerAsync(host);
        var changed = await owner.ExpectAsync(
            HttpStatusCode.OK, "PATCH", ControlClient.Local, $$"""{"properties":{"policies":{"quarantinePolicy":{"status":"{{status}}"} } } }""");
        Assert.Equal(status, changed.GetProperty("properties").GetProperty("policies").GetProperty("quarantinePolicy").GetProperty("status").GetString());
    }
}
