using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>Runs while deletion is held: they wait, say why, and do what the rules take when that is over, not what they took before.</summary>
public sealed class HeldRunTests
{
    private const string Repo = "team/app";
    private const string Newest = """{"name":"newest","repositories":["**"],"tags":["b*"],"keepLast":2,"action":"untag"}""";
    private const string Untag = """{"name":"untag","repositories":["**"],"olderThan":"30d","action":"untag"}""";
    private static readonly Caller Owner = new(1, "owner", null, null);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pause_holds_a_run_and_no_preview_and_it_goes_on_when_the_pause_ends(bool isEndedByHand)
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        await PauseAsync(host);

        var run = await host.MakeAsync("runs", LifecycleClient.Rules(LifecycleClient.Old), "waiting");
        Assert.Contains("somebody paused deletion", run.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, run.GetProperty("tags").GetInt32());
        Assert.Equal(2, (await host.TakenAsync(await host.PreviewAsync(LifecycleClient.Old))).Count);
        await GoOnAsync(host);
        Assert.Equal(["v1"], await host.TagsAsync(Repo));

        if (isEndedByHand) await ResumeAsync(host);
        else host.Time.Advance(TimeSpan.FromHours(4));
        await GoOnAsync(host);
        Assert.Equal("done", (await ShowAsync(host, run)).GetProperty("state").GetString());
        Assert.Empty(await host.TagsAsync(Repo));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_run_takes_is_found_out_when_the_hold_is_over(bool isChosenBefore)
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var tag in (string[])["b1", "b2", "b3"])
        {
            await ArtifactClient.PushAsync(host, Repo, $"image {tag}", tag);
            host.Time.Advance(TimeSpan.FromMinutes(1));
        }

        host.Time.Advance(TimeSpan.FromDays(40));
        var run = isChosenBefore ? await host.LeaveEvaluatedAsync(Newest) : default;
        await PauseAsync(host);
        if (!isChosenBefore) run = await host.MakeAsync("runs", LifecycleClient.Rules(Newest), "waiting");
        await GoOnAsync(host);
        Assert.Equal("waiting", (await ShowAsync(host, run)).GetProperty("state").GetString());

        // Then b1, which would have gone before, is one of the newest two.
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, "b3"));
        await ResumeAsync(host);
        await GoOnAsync(host);

        Assert.Equal("done", (await ShowAsync(host, run)).GetProperty("state").GetString());
        Assert.Equal(["b1", "b2"], await host.TagsAsync(Repo));
        Assert.Contains($"{Repo}:b1 keepLast", await host.KeptAsync(run, "runs"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_run_did_before_it_was_held_counts_when_it_is_measured_by_its_preview(bool isChangedMeanwhile)
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 130; i++) await ArtifactClient.PushAsync(host, Repo, "image", $"b{i}");
        host.Time.Advance(TimeSpan.FromDays(40));
        var preview = await host.PreviewAsync(Untag);
        var run = await host.LeaveEvaluatedAsync(Untag, preview.GetProperty("id").GetInt64());
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Id;
        var lease = (await host.Metadata.LeaseLifecycleAsync(registry, CancellationToken.None))!;
        var step = await host.Metadata.ActLifecycleStepAsync(
            lease, run.GetProperty("id").GetInt64(), LifecycleItemKey.Start, host.Grace, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal(100, step.Done);
        await PauseAsync(host);
        await GoOnAsync(host);
        Assert.Equal("waiting", (await ShowAsync(host, run)).GetProperty("state").GetString());

        // The last one by its name, of those that are left.
        if (isChangedMeanwhile) Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, "b99"));
        await ResumeAsync(host);
        await GoOnAsync(host);

        var shown = await ShowAsync(host, run);
        Assert.Equal(
            isChangedMeanwhile ? ("stopped", 129, 100) : ("done", 130, 130),
            (shown.GetProperty("state").GetString(), shown.GetProperty("tags").GetInt32(), shown.GetProperty("done").GetInt32()));
        Assert.Equal(isChangedMeanwhile ? 29 : 0, (await host.TagsAsync(Repo)).Count);
        if (isChangedMeanwhile) Assert.Contains("Nothing more was done", shown.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static async Task PauseAsync(RegistryHost host)
    {
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Metadata.SetDeletionPauseAsync(host.Time.GetUtcNow().AddHours(4), Owner, CancellationToken.None);
    }

    private static Task ResumeAsync(RegistryHost host) => host.Metadata.SetDeletionPauseAsync(null, Owner, CancellationToken.None);

    /// <summary>A round of garbage collection, which looks at the clock, and one of the schedule.</summary>
    private static async Task GoOnAsync(RegistryHost host)
    {
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Services.GetRequiredService<LifecycleSchedule>().RunDueAsync(CancellationToken.None);
    }

    private static async Task<JsonElement> ShowAsync(RegistryHost host, JsonElement run) => (await host.SendAsync("GET", $"runs/{run.GetProperty("id").GetInt64()}")).Body;
}
