using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Lifecycle.Rules;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>What garbage collection of other registries took that it should not have, or pretended to have: each as a test, by way of the API.</summary>
public sealed class PeersMistakesByCollectionTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task What_images_share_stays_until_the_last_of_them_is_gone()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "shared", "one", "two");
        await ArtifactClient.PushAsync(host, "team/other", "shared", "one");
        var blob = DigestOf("shared");

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, "one"));
        await CollectAsync(host);
        await AssertWholeAsync(host, Repo, "two", "shared");

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, digest.ToString()));
        await CollectAsync(host);
        await AssertWholeAsync(host, "team/other", "one", "shared");
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, blob));

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync("team/other", digest.ToString()));
        await CollectAsync(host);
        Assert.Empty(await host.Metadata.WalkBlobsAsync(default, 10, CancellationToken.None));
    }

    [Fact]
    public async Task What_a_tag_named_before_it_was_moved_can_be_pulled_by_its_digest()
    {
        await using var host = await RegistryHost.StartAsync();
        var before = await ArtifactClient.PushAsync(host, Repo, "before", "latest");
        await ArtifactClient.PushAsync(host, Repo, "after", "latest");

        await CollectAsync(host);

        await AssertWholeAsync(host, Repo, before.ToString(), "before");
        await AssertWholeAsync(host, Repo, "latest", "after");
    }

    [Theory]
    [InlineData(MediaTypes.OciIndex)]
    [InlineData(MediaTypes.DockerManifestList)]
    public async Task What_a_tagged_index_lists_is_pullable_whole_although_no_tag_names_it(string mediaType)
    {
        await using var host = await RegistryHost.StartAsync();
        var child = await ArtifactClient.PushAsync(host, Repo, "child");
        var index = Encoding.UTF8.GetString(RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray())));
        Assert.Equal(
            HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v1", Encoding.UTF8.GetBytes(index.Replace(MediaTypes.OciIndex, mediaType, StringComparison.Ordinal)), mediaType));

        await CollectAsync(host);

        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        await AssertWholeAsync(host, Repo, child.ToString(), "child");
    }

    [Fact]
    public async Task What_refers_to_something_is_listed_and_pullable_whole()
    {
        await using var host = await RegistryHost.StartAsync();
        var subject = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var referrer = await host.PushReferrerAsync(Repo, "sbom", subject, LifecycleClient.SizeOf("image"));

        await CollectAsync(host);

        var listed = await host.Client.JsonAsync($"/v2/{Repo}/referrers/{subject}");
        Assert.Equal(referrer.ToString(), Assert.Single(listed.GetProperty("manifests").EnumerateArray()).GetProperty("digest").GetString());
        await AssertWholeAsync(host, Repo, referrer.ToString(), "sbom");
    }

    [Fact]
    public async Task The_end_of_a_repository_takes_nothing_of_one_whose_name_begins_like_it()
    {
        await using var host = await RegistryHost.StartAsync();
        string[] others = ["app/x", "app2", "team/app"];
        foreach (var repository in (string[])["app", .. others]) await ArtifactClient.PushAsync(host, repository, "image", "v1");

        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri("/acr/v1/app", UriKind.Relative))).StatusCode);
        await CollectAsync(host);

        foreach (var repository in others) await AssertWholeAsync(host, repository, "v1", "image");
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("app", DigestOf("image")));
    }

    [Fact]
    public async Task A_digest_that_was_collected_is_asked_for_again_and_the_push_of_it_holds()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        Assert.Equal(HttpStatusCode.OK, await host.Client.HeadBlobAsync(Repo, DigestOf("image")));
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, digest.ToString()));
        await CollectAsync(host);

        // Nobody says that it is there, or mounts it, because it was once.
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, DigestOf("image")));
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.MountAsync("team/other", DigestOf("image"), Repo));
        Assert.Equal(HttpStatusCode.BadRequest, await host.Client.PutManifestAsync(Repo, "v1", RegistryClientExtensions.Image("image"u8.ToArray())));

        Assert.Equal(digest, await ArtifactClient.PushAsync(host, Repo, "image", "v1"));
        await CollectAsync(host);
        await AssertWholeAsync(host, Repo, "v1", "image");
    }

    private static Digest DigestOf(string text) => Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(text));

    /// <summary>Lets garbage collection take all that it may, at a time when no promise holds any more.</summary>
    private static async Task CollectAsync(RegistryHost host)
    {
        for (var round = 0; round < 3; round++)
        {
            await host.Collector.SweepAsync(CancellationToken.None);
            host.Time.Advance(host.Grace * 2);
        }

        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
        Assert.Empty(await host.Metadata.RecountUsageAsync(repair: false, CancellationToken.None));
    }

    private static async Task AssertWholeAsync(RegistryHost host, string repository, string reference, string text)
    {
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(repository, reference));
        Assert.Equal(Encoding.UTF8.GetBytes(text), (await host.Client.GetBlobAsync(repository, DigestOf(text))).Body);
    }
}
