using System.Net;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;
using static Berth.Registry.Tests.Lifecycle.QuarantineClient;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>Who may delete what is quarantined gets nothing of it by that.</summary>
public sealed class QuarantinedDeletionTests
{
    private const string Repo = "team/app";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_deletes_a_quarantined_index_gets_none_of_what_it_covered(bool keepsDeleted)
    {
        await using var host = await StartAsync(keepsDeleted);
        using var deleter = await PrincipalAsync(host, "deleter", "AcrPush", "AcrDelete");
        using var reader = await PrincipalAsync(host, "reader", "AcrPull", "AcrQuarantineReader");
        var (child, index) = await PushIndexAsync(host);
        var blob = Digest.Compute(DigestAlgorithm.Sha256, "child"u8);
        await SetAsync(host, $"digests/{index}", """{"reason":"infected"}""");
        Assert.Equal(HttpStatusCode.Forbidden, await deleter.GetManifestAsync(Repo, child.ToString()));

        Assert.Equal(HttpStatusCode.Accepted, await deleter.DeleteManifestAsync(Repo, index.ToString()));

        using (var denied = await SendAsync(deleter, "GET", $"/v2/{Repo}/manifests/{child}"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
            Assert.Contains("it is quarantined. Reason: infected", await denied.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await deleter.GetBlobAsync(Repo, blob)).Status);
        await AssertNotMountedAsync(deleter, blob);
        Assert.Equal(HttpStatusCode.OK, await reader.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(
            new[] { child.ToString(), index.ToString() }.Order(StringComparer.Ordinal), await host.Client.WalkAsync("/berth/v1/quarantine/digests", "value", "digest"));

        Assert.Equal(HttpStatusCode.Accepted, await deleter.DeleteManifestAsync(Repo, child.ToString()));
        if (!keepsDeleted) return;
        Assert.Equal(HttpStatusCode.Forbidden, (await deleter.GetBlobAsync(Repo, blob)).Status);
        await AssertNotMountedAsync(deleter, blob);
    }

    [Fact]
    public async Task Whoever_deletes_a_quarantined_image_that_can_be_restored_gets_none_of_its_blobs()
    {
        await using var host = await StartAsync(keepsDeleted: true);
        using var deleter = await PrincipalAsync(host, "deleter", "AcrPush", "AcrDelete");
        var image = await PushAsync(host, Repo, "bad", "v1");
        var blob = Digest.Compute(DigestAlgorithm.Sha256, "bad"u8);
        await SetAsync(host, $"digests/{image}", """{"reason":"infected"}""");

        Assert.Equal(HttpStatusCode.Accepted, await deleter.DeleteManifestAsync(Repo, image.ToString()));

        Assert.Equal(HttpStatusCode.OK, await deleter.HeadBlobAsync(Repo, blob));
        Assert.Equal(HttpStatusCode.Forbidden, (await deleter.GetBlobAsync(Repo, blob)).Status);
        await AssertNotMountedAsync(deleter, blob);
    }

    [Fact]
    public async Task Whoever_deletes_the_repository_of_a_quarantined_index_gets_nothing_of_it_back()
    {
        await using var host = await StartAsync(keepsDeleted: true);
        using var deleter = await PrincipalAsync(host, "deleter", "AcrPush", "AcrDelete");
        var (child, index) = await PushIndexAsync(host);
        await SetAsync(host, $"digests/{index}", """{"reason":"infected"}""");

        using (var deleted = await SendAsync(deleter, "DELETE", $"/acr/v1/{Repo}")) Assert.Equal(HttpStatusCode.Accepted, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{child}", "{}")).Status);

        Assert.Equal(HttpStatusCode.Forbidden, await deleter.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, (await deleter.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, "child"u8))).Status);
    }

    private static async Task<RegistryHost> StartAsync(bool keepsDeleted)
    {
        var host = await RegistryHost.StartAsync();
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges { SoftDelete = new(keepsDeleted, 30) }, Caller.System, CancellationToken.None);
        return host;
    }

    /// <summary>Pushes an index of one image, which only it leads to.</summary>
    private static async Task<(Digest Child, Digest Index)> PushIndexAsync(RegistryHost host)
    {
        var child = await PushAsync(host, Repo, "child");
        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray()));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "multi", index, MediaTypes.OciIndex));
        return (child, Digest.Compute(DigestAlgorithm.Sha256, index));
    }

    private static async Task AssertNotMountedAsync(HttpClient client, Digest blob)
    {
        Assert.Equal(HttpStatusCode.Accepted, await client.MountAsync("team/elsewhere", blob, Repo));
        Assert.Equal(HttpStatusCode.NotFound, await client.HeadBlobAsync("team/elsewhere", blob));
    }
}
