using System.Net;
using Berth.Cli.Acr;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>What clean-ups of other registries took that they should not have: what <c>acr purge</c> asks for takes none of it.</summary>
public sealed class PeersMistakesByPurgeTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task Of_two_tags_of_one_image_the_one_that_no_filter_matches_keeps_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "build-1", "stable");

        await PurgeAsync(host, TimeSpan.FromDays(40), ["team/app:^build-"], "30d", untagged: true);

        Assert.Equal(["stable"], await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));
    }

    [Fact]
    public async Task A_tag_that_was_moved_lately_stays_and_so_does_what_it_named_until_then()
    {
        await using var host = await RegistryHost.StartAsync();
        var before = await ArtifactClient.PushAsync(host, Repo, "before", "latest");
        host.Time.Advance(TimeSpan.FromDays(39));
        var after = await ArtifactClient.PushAsync(host, Repo, "after", "latest");

        await PurgeAsync(host, TimeSpan.FromDays(2), ["team/app:.*"], "30d", untagged: true);

        Assert.Equal(["latest"], await host.TagsAsync(Repo));
        foreach (var digest in (Digest[])[before, after]) Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));
    }

    [Fact]
    public async Task What_a_tagged_index_lists_stays_although_no_tag_names_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var child = await ArtifactClient.PushAsync(host, Repo, "child");
        var alone = await ArtifactClient.PushAsync(host, Repo, "alone");
        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image("child"u8.ToArray()));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v1", index, MediaTypes.OciIndex));

        await PurgeAsync(host, TimeSpan.FromDays(40), [], ago: null, untaggedOnly: true);

        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, child.ToString()));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, alone.ToString()));
    }

    [Fact]
    public async Task Signatures_of_what_stays_stay_with_and_without_a_tag()
    {
        await using var host = await RegistryHost.StartAsync();
        var subject = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var referrer = await host.PushReferrerAsync(Repo, "sbom", subject, LifecycleClient.SizeOf("image"));
        var signature = $"sha256-{subject.Hex}.sig";
        await ArtifactClient.PushAsync(host, Repo, "signature", signature);
        await host.Client.ChangeAsync($"{Repo}/_tags/v1", """{"deleteEnabled":false}""");

        await PurgeAsync(host, TimeSpan.FromDays(40), ["team/.*:.*"], "1d", untagged: true);

        Assert.Equal([signature, "v1"], await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, referrer.ToString()));
    }

    [Fact]
    public async Task A_filter_takes_no_repository_whose_name_merely_begins_or_ends_like_it()
    {
        await using var host = await RegistryHost.StartAsync();
        string[] others = ["app/x", "app2", "my-app", "team/app"];
        foreach (var repository in (string[])["app", .. others]) await ArtifactClient.PushAsync(host, repository, "image", "v1");

        await PurgeAsync(host, TimeSpan.FromDays(40), ["app:.*"], "1d", untagged: true);

        Assert.Empty(await host.TagsAsync("app"));
        foreach (var repository in others) Assert.Equal(["v1"], await host.TagsAsync(repository));
    }

    [Fact]
    public async Task A_digest_that_was_purged_and_collected_can_be_pushed_again_and_is_whole()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        await PurgeAsync(host, TimeSpan.FromDays(40), ["team/app:.*"], "1d", untagged: true);
        host.Time.Advance(host.Grace * 2);
        await host.Collector.SweepAsync(CancellationToken.None);
        var blob = Digest.Compute(DigestAlgorithm.Sha256, "image"u8);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, blob));

        Assert.Equal(digest, await ArtifactClient.PushAsync(host, Repo, "image", "v1"));
        await PurgeAsync(host, TimeSpan.FromHours(2), ["team/app:.*"], "1d", untagged: true);

        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        Assert.Equal("image"u8.ToArray(), (await host.Client.GetBlobAsync(Repo, blob)).Body);
    }

    /// <summary>Purges after a while as the command does: what a preview showed is run.</summary>
    private static async Task PurgeAsync(RegistryHost host, TimeSpan after, string[] filters, string? ago, bool untagged = false, bool untaggedOnly = false)
    {
        host.Time.Advance(after);
        await host.Collector.SweepAsync(CancellationToken.None);
        var preview = await host.PreviewAsync([.. PurgeRules.Of(filters, ago, keep: 0, untagged, untaggedOnly).Select(rule => rule.GetRawText())]);
        await host.MakeAsync("runs", $$"""{"preview":{{preview.GetProperty("id")}}}""");
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }
}
