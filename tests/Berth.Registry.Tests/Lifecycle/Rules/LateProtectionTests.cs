using System.Net;
using System.Text.Json;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>What a run has chosen is looked at once more as it is taken: what came to be protected meanwhile stays, and the run says why.</summary>
public sealed class LateProtectionTests
{
    private const string Repo = "team/app";
    private const string Untag = """{"name":"untag","repositories":["**"],"olderThan":"30d","action":"untag"}""";
    private const string Unnamed = """{"name":"unnamed","repositories":["**"],"untaggedFor":"30d","action":"delete"}""";

    [Theory]
    [InlineData("a lock of the tag", "locked")]
    [InlineData("a lock of the image", "locked")]
    [InlineData("a lock of the repository", "locked")]
    [InlineData("quarantine of the image", "quarantined")]
    [InlineData("quarantine of the repository", "quarantined")]
    [InlineData("a workload", "inUse")]
    [InlineData("a write-once rule", "writeOnce")]
    [InlineData("a lock of the registry", "resourceLocked")]
    [InlineData("an index that lists it", "listedByKeptIndex")]
    [InlineData("a tag besides", null)]
    [InlineData("a locked referrer", "subjectOfKept")]
    public async Task An_image_that_a_rule_deletes(string protection, string? reason)
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var run = await ChooseAsync(host, LifecycleClient.Old);
        await Protections.ApplyAsync(host, Repo, protection, image);

        var kept = await GoOnAsync(host, run);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, image.ToString()));
        if (reason is not null) Assert.Equal(reason, kept[image.ToString()]);
    }

    [Theory]
    [InlineData("a lock of the tag", "locked")]
    [InlineData("a lock of the image", "locked")]
    [InlineData("a lock of the repository", "locked")]
    [InlineData("quarantine of the image", "quarantined")]
    [InlineData("quarantine of the repository", "quarantined")]
    [InlineData("a workload", "inUse")]
    [InlineData("a write-once rule", "writeOnce")]
    [InlineData("a lock of the registry", "resourceLocked")]
    [InlineData("a move and back", "changed")]
    public async Task A_tag_that_a_rule_removes(string protection, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var run = await ChooseAsync(host, Untag);
        await Protections.ApplyAsync(host, Repo, protection, image);

        var kept = await GoOnAsync(host, run);
        Assert.Equal(["v1"], await host.TagsAsync(Repo));
        Assert.Equal(reason, kept["v1"]);
    }

    [Theory]
    [InlineData("a lock of the image", "locked")]
    [InlineData("a lock of the repository", "locked")]
    [InlineData("quarantine of the image", "quarantined")]
    [InlineData("quarantine of the repository", "quarantined")]
    [InlineData("a workload", "inUse")]
    [InlineData("a lock of the registry", "resourceLocked")]
    [InlineData("an index that lists it", "listedByKeptIndex")]
    [InlineData("a tag besides", "tagged")]
    [InlineData("a locked referrer", "subjectOfKept")]
    [InlineData("a push by its digest", "youngerThanGrace")]
    public async Task An_image_without_a_tag_that_a_rule_deletes(string protection, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image");
        var run = await ChooseAsync(host, Unnamed);
        await Protections.ApplyAsync(host, Repo, protection, image);

        var kept = await GoOnAsync(host, run);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, image.ToString()));
        Assert.Equal(reason, kept[image.ToString()]);
    }

    [Fact]
    public async Task A_signature_by_its_tag_stays_when_what_it_was_to_go_with_does()
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var signature = await ArtifactClient.PushAsync(host, Repo, "signature", $"sha256-{image.Hex}.sig");
        var run = await ChooseAsync(host, LifecycleClient.Old);
        Assert.Equal(4, run.GetProperty("tags").GetInt32() + run.GetProperty("manifests").GetInt32());
        await host.Client.SetAsync($"{Repo}/_manifests/{image}", "deleteEnabled", enabled: false);

        var kept = await GoOnAsync(host, run);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, signature.ToString()));
        Assert.Equal("referrerOfKept", kept[signature.ToString()]);
        Assert.Equal([$"sha256-{image.Hex}.sig", "v1"], await host.TagsAsync(Repo));
    }

    [Fact]
    public async Task What_nothing_protects_meanwhile_goes()
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var run = await ChooseAsync(host, LifecycleClient.Old);

        Assert.Empty(await GoOnAsync(host, run));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, image.ToString()));
    }

    [Theory]
    [InlineData("a lock of the tag", "locked")]
    [InlineData("a lock of the image", "locked")]
    [InlineData("a lock of the repository", "locked")]
    [InlineData("quarantine of the image", "quarantined")]
    [InlineData("quarantine of the repository", "quarantined")]
    [InlineData("a workload", "inUse")]
    [InlineData("a write-once rule", "writeOnce")]
    [InlineData("a lock of the registry", "resourceLocked")]
    public async Task A_preview_names_what_keeps_a_tag(string protection, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        await Protections.ApplyAsync(host, Repo, protection, image);

        var preview = await host.PreviewAsync(LifecycleClient.Old);
        Assert.Empty(await host.TakenAsync(preview));
        Assert.Equal([$"{Repo}:v1 {reason}"], await host.KeptAsync(preview));
    }

    [Theory]
    [InlineData("a lock of the image", "locked")]
    [InlineData("quarantine of the image", "quarantined")]
    [InlineData("a workload", "inUse")]
    [InlineData("a lock of the registry", "resourceLocked")]
    [InlineData("a locked referrer", "subjectOfKept")]
    public async Task A_preview_names_what_keeps_an_image_without_a_tag(string protection, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, Repo, "image");
        host.Time.Advance(TimeSpan.FromDays(40));
        await Protections.ApplyAsync(host, Repo, protection, image);

        var preview = await host.PreviewAsync(Unnamed);
        Assert.Empty(await host.TakenAsync(preview));
        Assert.Contains($"{Repo}@{image} {reason}", await host.KeptAsync(preview));
    }

    /// <summary>A run that has chosen, and that its process left before it did anything: it goes on as it is.</summary>
    private static async Task<JsonElement> ChooseAsync(RegistryHost host, string rule)
    {
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(40));
        return await host.LeaveEvaluatedAsync(rule);
    }

    /// <summary>Lets it go on; what it took nothing of, by tag or digest, with the reason.</summary>
    private static async Task<Dictionary<string, string>> GoOnAsync(RegistryHost host, JsonElement run)
    {
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Services.GetRequiredService<LifecycleSchedule>().RunDueAsync(CancellationToken.None);
        var (_, shown) = await host.SendAsync("GET", $"runs/{run.GetProperty("id").GetInt64()}");
        Assert.True(shown.GetProperty("state").GetString() == "done", shown.ToString());
        return (await host.ItemsAsync(run, "runs", kept: false)).Where(item => item.GetProperty("outcome").GetString() == "skipped")
            .ToDictionary(item => item.GetProperty("name").GetString()!, item => item.GetProperty("reason").GetString()!);
    }
}
