using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>What clean-ups of other registries took that they should not have: each as a test, by way of the API.</summary>
public sealed class PeersMistakesTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task Of_two_tags_of_one_image_the_one_that_stays_keeps_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "build-1");
        host.Time.Advance(TimeSpan.FromDays(40));
        await ArtifactClient.PushAsync(host, Repo, "image", "stable");

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.Equal([$"{Repo}:build-1"], await host.TakenAsync(run, "runs"));
        Assert.Equal(["stable"], await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));
    }

    [Fact]
    public async Task A_tag_that_names_another_image_since_the_preview_stays()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var tag in (string[])["a", "b", "c"]) await ArtifactClient.PushAsync(host, Repo, tag, tag);
        host.Time.Advance(TimeSpan.FromDays(40));
        var preview = await host.PreviewAsync(LifecycleClient.Old);
        var moved = await ArtifactClient.PushAsync(host, Repo, "new", "b");

        await host.MakeAsync("runs", $$"""{"preview":{{preview.GetProperty("id")}},"maxDifference":0.9}""");

        Assert.Equal(["b"], await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, moved.ToString()));
    }

    [Fact]
    public async Task An_image_that_a_tagged_index_lists_stays_although_no_tag_names_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var (child, index) = await PushIndexAsync(host, "v1");
        host.Time.Advance(TimeSpan.FromDays(40));

        var run = await host.RunAsync("""{"repositories":["**"],"untaggedFor":"7d","action":"delete"}""");

        Assert.Equal([$"{Repo}@{child} listedByKeptIndex"], await host.KeptAsync(run, "runs"));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, index.ToString()));
    }

    [Fact]
    public async Task An_index_goes_with_what_it_alone_lists()
    {
        await using var host = await RegistryHost.StartAsync();
        var (child, index) = await PushIndexAsync(host, "v1");
        host.Time.Advance(TimeSpan.FromDays(40));

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.Equal(new[] { $"{Repo}@{index}", $"{Repo}@{child}", $"{Repo}:v1" }, await host.TakenAsync(run, "runs"));
        Assert.Equal((1, 2, 3), (run.GetProperty("tags").GetInt32(), run.GetProperty("manifests").GetInt32(), run.GetProperty("done").GetInt32()));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, child.ToString()));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Of_two_indexes_that_list_one_image_the_one_that_stays_keeps_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var (child, _) = await PushIndexAsync(host, "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        var second = RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray()), RegistryClientExtensions.Image("child"u8.ToArray()));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v2", second, MediaTypes.OciIndex));

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.DoesNotContain($"{Repo}@{child}", await host.TakenAsync(run, "runs"));
        Assert.Equal(["v2"], await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, child.ToString()));
    }

    [Fact]
    public async Task Signatures_stay_while_their_subject_does_and_go_with_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var subject = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var referrer = await host.PushReferrerAsync(Repo, "sbom", subject, LifecycleClient.SizeOf("image"));
        var signature = $"sha256-{subject.Hex}.sig";
        await ArtifactClient.PushAsync(host, Repo, "signature", signature);
        host.Time.Advance(TimeSpan.FromDays(40));

        // Neither the rule that untags everything old, nor the one for what no tag names.
        var untag = await host.RunAsync("""{"repositories":["**"],"tags":["sha256-*"],"action":"untag"}""", """{"repositories":["**"],"untaggedFor":"7d","action":"delete"}""");
        Assert.Equal([$"{Repo}@{referrer} referrerOfKept", $"{Repo}:{signature} referrerOfKept"], await host.KeptAsync(untag, "runs"));
        Assert.Equal([signature, "v1"], await host.TagsAsync(Repo));

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.Equal(5, run.GetProperty("done").GetInt32());
        Assert.Empty(await host.KeptAsync(run, "runs"));
        Assert.Empty(await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, referrer.ToString()));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task What_a_kept_signature_belongs_to_stays()
    {
        await using var host = await RegistryHost.StartAsync();
        var subject = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        await host.PushReferrerAsync(Repo, "signed yesterday", subject, LifecycleClient.SizeOf("image"));

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.Equal([$"{Repo}@{subject} subjectOfKept"], await host.KeptAsync(run, "runs"));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, subject.ToString()));
    }

    [Fact]
    public async Task An_index_goes_without_the_image_that_a_kept_signature_belongs_to()
    {
        await using var host = await RegistryHost.StartAsync();
        var (child, index) = await PushIndexAsync(host, "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        var signature = await host.PushReferrerAsync(Repo, "signed yesterday", child, LifecycleClient.SizeOf("child"));

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.Equal([$"{Repo}@{index}", $"{Repo}:v1"], await host.TakenAsync(run, "runs"));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, index.ToString()));
        foreach (var kept in (Digest[])[child, signature]) Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, kept.ToString()));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Images_that_have_one_signature_together_do_not_keep_each_other()
    {
        await using var host = await RegistryHost.StartAsync();
        var images = new[] { await ArtifactClient.PushAsync(host, Repo, "one", "v1"), await ArtifactClient.PushAsync(host, Repo, "other", "v2") };
        string[] signatures = [.. images.Select(image => $"sha256-{image.Hex}.sbom").Order(StringComparer.Ordinal)];
        await ArtifactClient.PushAsync(host, Repo, "bill of materials", signatures);
        host.Time.Advance(TimeSpan.FromDays(40));

        await host.RunAsync(LifecycleClient.Old);
        Assert.Equal(signatures, await host.TagsAsync(Repo));

        // What signed them is a tag like any other now.
        await host.RunAsync(LifecycleClient.Old);
        Assert.Empty(await host.TagsAsync(Repo));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("app", "app")]
    [InlineData("app/*", "app/x")]
    [InlineData("app/**", "app/x app/x/y")]
    [InlineData("app*", "app app2")]
    [InlineData("**", "app app/x app/x/y app2 team/app")]
    public async Task A_pattern_of_repositories_takes_no_name_that_merely_begins_like_it(string pattern, string expected)
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var repository in (string[])["app", "app2", "app/x", "app/x/y", "team/app"]) await ArtifactClient.PushAsync(host, repository, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));

        var preview = await host.PreviewAsync($$"""{"repositories":["{{pattern}}"],"olderThan":"30d","action":"untag"}""");

        Assert.Equal(expected.Split(' ').Select(repository => $"{repository}:v1"), await host.TakenAsync(preview));
    }

    [Fact]
    public async Task A_digest_that_went_can_be_pushed_again_and_stays_then()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        await host.RunAsync(LifecycleClient.Old);
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, digest.ToString()));

        Assert.Equal(digest, await ArtifactClient.PushAsync(host, Repo, "image", "v1"));
        var run = await host.RunAsync(LifecycleClient.Old, """{"name":"all","repositories":["**"],"tags":["*"],"action":"delete"}""");

        Assert.Equal([$"{Repo}:v1 youngerThanGrace"], await host.KeptAsync(run, "runs"));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, "image"u8.ToArray()))).Status);
    }

    private static async Task<(Digest Child, Digest Index)> PushIndexAsync(RegistryHost host, string tag)
    {
        var child = await ArtifactClient.PushAsync(host, Repo, "child");
        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image(Encoding.UTF8.GetBytes("child")));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, tag, index, MediaTypes.OciIndex));
        return (child, Digest.Compute(DigestAlgorithm.Sha256, index));
    }
}
