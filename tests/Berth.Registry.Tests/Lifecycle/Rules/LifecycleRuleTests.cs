using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Lifecycle;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Jobs;
using Berth.Registry.Tests.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>Lifecycle rules as operators see them: previews, rules that are saved after one, runs and schedules.</summary>
public sealed class LifecycleRuleTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task A_preview_says_what_goes_what_stays_and_why_and_changes_nothing()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var tag in (string[])["v1", "v2", "v3", "build-1", "locked"])
        {
            await ArtifactClient.PushAsync(host, Repo, $"image {tag}", tag);
            host.Time.Advance(TimeSpan.FromMinutes(1));
        }

        await host.Client.ChangeAsync($"{Repo}/_tags/locked", """{"deleteEnabled":false}""");
        host.Time.Advance(TimeSpan.FromDays(40));
        await ArtifactClient.PushAsync(host, Repo, "image new", "new");

        var preview = await host.PreviewAsync("""{"name":"all","repositories":["team/*"],"tags":["*"],"keepReleases":{"tags":["v*"],"count":2},"action":"delete"}""");

        Assert.Equal((2, 2, 4), (preview.GetProperty("tags").GetInt32(), preview.GetProperty("manifests").GetInt32(), preview.GetProperty("kept").GetInt32()));
        Assert.Equal([$"{Repo}:build-1", $"{Repo}:v1"], (await host.TakenAsync(preview)).Where(item => item.Contains(':', StringComparison.Ordinal) && !item.Contains('@', StringComparison.Ordinal)));
        Assert.Equal([$"{Repo}:locked locked", $"{Repo}:new youngerThanGrace", $"{Repo}:v2 release", $"{Repo}:v3 release"], await host.KeptAsync(preview));
        Assert.Equal(2 * (LifecycleClient.SizeOf("image v1") + "image v1".Length) + "image build-1".Length - "image v1".Length + LifecycleClient.SizeOf("image build-1") - LifecycleClient.SizeOf("image v1"), preview.GetProperty("bytes").GetInt64());
        Assert.Equal(6, (await host.TagsAsync(Repo)).Count);
    }

    [Theory]
    [InlineData(ControlClient.Local, "CanNotDelete")]
    [InlineData(ControlClient.Group, "ReadOnly")]
    [InlineData(ControlClient.Subscription, "CanNotDelete")]
    public async Task A_lock_of_the_registry_or_above_it_keeps_everything_from_rules_and_the_preview_names_it(string at, string level)
    {
        await using var host = await RegistryHost.StartAsync();
        var untagged = await ArtifactClient.PushAsync(host, Repo, "untagged");
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        const string unnamed = """{"name":"unnamed","repositories":["**"],"untaggedFor":"1d","action":"delete"}""";
        using (var owner = await ControlClient.OfOwnerAsync(host))
            await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{at}/providers/Microsoft.Authorization/locks/keep-it", $$$"""{"properties":{"level":"{{{level}}}"}}""");

        var preview = await host.PreviewAsync(LifecycleClient.Old, unnamed);

        Assert.Empty(await host.TakenAsync(preview));
        Assert.Equal(new[] { $"{Repo}:v1 resourceLocked", $"{Repo}@{untagged} resourceLocked" }.Order(), (await host.KeptAsync(preview)).Order());
        Assert.All(await host.ItemsAsync(preview, "previews", kept: true), item => Assert.Equal("keep-it", item.GetProperty("keptBy").GetString()));
        Assert.Equal(0, (await host.RunAsync(LifecycleClient.Old, unnamed)).GetProperty("done").GetInt32());
        Assert.Equal(["v1"], await host.TagsAsync(Repo));

        // Somebody who deletes is not a clean-up.
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, untagged.ToString()));
        using (var owner = await ControlClient.OfOwnerAsync(host)) await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", $"{at}/providers/Microsoft.Authorization/locks/keep-it");
        await host.RunAsync(LifecycleClient.Old, unnamed);
        Assert.Empty(await host.TagsAsync(Repo));
    }

    [Fact]
    public async Task A_lock_that_is_put_between_preview_and_run_keeps_what_the_preview_would_have_taken()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        var preview = await host.PreviewAsync(LifecycleClient.Old);
        Assert.Equal(2, (await host.TakenAsync(preview)).Count);
        using (var owner = await ControlClient.OfOwnerAsync(host))
            await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{ControlClient.Local}/providers/Microsoft.Authorization/locks/keep-it", """{"properties":{"level":"CanNotDelete"}}""");

        await host.SendAsync("POST", "runs", $$"""{"preview":{{preview.GetProperty("id").GetInt64()}}}""");

        Assert.Equal(["v1"], await host.TagsAsync(Repo));
    }

    [Fact]
    public async Task The_bytes_of_a_preview_are_what_the_usage_is_less_by()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Lifecycle = new LifecycleOptions { Grace = TimeSpan.FromHours(1) } });
        await ArtifactClient.PushAsync(host, Repo, "alone", "v1");
        await ArtifactClient.PushAsync(host, Repo, "shared with another repository", "v2");
        await ArtifactClient.PushAsync(host, "team/other", "shared with another repository", "keep");
        host.Time.Advance(TimeSpan.FromDays(1));
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Id;
        var before = (await host.Metadata.ReadRegistryUsageAsync(registry, CancellationToken.None)).Bytes;
        var rule = """{"repositories":["team/app"],"olderThan":"1h","action":"delete"}""";

        var preview = await host.PreviewAsync(rule);
        await host.RunAsync(rule);
        host.Time.Advance(TimeSpan.FromHours(2));
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromHours(2));
        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(before - preview.GetProperty("bytes").GetInt64(), (await host.Metadata.ReadRegistryUsageAsync(registry, CancellationToken.None)).Bytes);
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_rule_is_saved_once_its_preview_was_made()
    {
        await using var host = await RegistryHost.StartAsync();
        Assert.Equal(HttpStatusCode.Conflict, (await host.SendAsync("PUT", "rules/old", LifecycleClient.Old)).Status);
        var preview = (await host.PreviewAsync(LifecycleClient.Old)).GetProperty("id");
        Assert.Equal(HttpStatusCode.Conflict, (await host.SendAsync("PUT", $"rules/old?preview={preview}", LifecycleClient.Old.Replace("30d", "3d", StringComparison.Ordinal))).Status);

        var (status, saved) = await host.SendAsync("PUT", $"rules/old?preview={preview}", LifecycleClient.Old);

        Assert.Equal((HttpStatusCode.Created, "owner"), (status, saved.GetProperty("createdBy").GetString()));

        // What it takes is the same: another schedule needs no other look.
        var (again, changed) = await host.SendAsync("PUT", "rules/old", LifecycleClient.Old[..^1] + ""","schedule":"0 3 * * *","description":"Old builds."}""");
        Assert.Equal((HttpStatusCode.OK, new DateTimeOffset(2026, 11, 25, 3, 0, 0, TimeSpan.Zero)), (again, changed.GetProperty("nextRunAt").GetDateTimeOffset()));
        Assert.Equal(HttpStatusCode.Created, (await host.SendAsync("PUT", "rules/unseen?force=true", """{"repositories":["**"],"keepLast":3,"action":"untag"}""")).Status);
        Assert.Equal(["old", "unseen"], (await host.SendAsync("GET", "rules")).Body.GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("name").GetString()));
        Assert.Equal(HttpStatusCode.NoContent, (await host.SendAsync("DELETE", "rules/unseen")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.SendAsync("GET", "rules/unseen")).Status);
    }

    [Theory]
    [InlineData("""{"repositories":["**"],"action":"delete"}""", "takes every tag")]
    [InlineData("""{"olderThan":"1d","action":"delete"}""", "'repositories' is missing")]
    [InlineData("""{"repositories":["**"],"olderThan":"1d"}""", "'action' is missing")]
    [InlineData("""{"repositories":["**"],"olderThan":"1 day","action":"delete"}""", "'olderThan' must be a time")]
    [InlineData("""{"repositories":["**"],"tagRegex":"(?=a)b","action":"delete"}""", "in linear time")]
    [InlineData("""{"repositories":["**"],"tagRegex":"(","action":"delete"}""", "no regular expression")]
    [InlineData("""{"repositories":["**"],"tagRegex":"((a{99}){99}){99}","action":"delete"}""", "multiply to 1000")]
    [InlineData("""{"repositories":["**"],"untaggedFor":"7d","action":"untag"}""", "cannot untag")]
    [InlineData("""{"repositories":["**"],"untaggedFor":"7d","tags":["a"],"action":"delete"}""", "make two rules")]
    [InlineData("""{"repositories":["**"],"notPulledFor":"91d","action":"delete"}""", "90d at most")]
    [InlineData("""{"repositories":["**"],"olderThan":"1d","schedule":"61 * * * *","action":"delete"}""", "cron expression")]
    [InlineData("""{"repositories":["**"],"olderThan":"1d","olderThen":"1d","action":"delete"}""", "'olderThen' is nothing")]
    [InlineData("""{"repositories":["**"],"olderThan":"1d","olderThan":"2d","action":"delete"}""", "has a name twice")]
    [InlineData("[]", "JSON object")]
    public async Task What_is_no_rule_is_refused_with_a_sentence_that_says_why(string rule, string expected)
    {
        await using var host = await RegistryHost.StartAsync();
        var (status, body) = await host.SendAsync("PUT", "rules/bad?force=true", rule);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(expected, body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_stops_when_the_rules_take_something_too_different_from_the_preview()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 5; i++) await ArtifactClient.PushAsync(host, Repo, $"image {i}", $"b{i}");
        host.Time.Advance(TimeSpan.FromDays(40));
        var rule = """{"repositories":["**"],"olderThan":"30d","action":"untag"}""";
        var preview = await host.PreviewAsync(rule);
        await host.Client.ChangeAsync($"{Repo}/_tags/b0", """{"deleteEnabled":false}""");

        var run = await host.MakeAsync("runs", $$"""{"preview":{{preview.GetProperty("id")}}}""", "stopped");

        Assert.Contains("1 of its 5 items", run.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(5, (await host.TagsAsync(Repo)).Count);
        await host.MakeAsync("runs", $$"""{"preview":{{preview.GetProperty("id")}},"maxDifference":0.2}""");
        Assert.Equal(["b0"], await host.TagsAsync(Repo));
        Assert.Equal(["done", "stopped"], (await host.SendAsync("GET", "runs")).Body.GetProperty("runs").EnumerateArray().Select(one => one.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task A_rule_by_count_keeps_the_newest_of_each_repository()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var repository in (string[])["one", "two"])
        {
            for (var i = 0; i < 4; i++)
            {
                await ArtifactClient.PushAsync(host, repository, $"image {i}", $"b{i}");
                host.Time.Advance(TimeSpan.FromMinutes(1));
            }

            await ArtifactClient.PushAsync(host, repository, "release", "v1");
        }

        host.Time.Advance(TimeSpan.FromDays(2));
        await host.RunAsync("""{"repositories":["**"],"tagRegex":"^b[0-9]","keepLast":2,"action":"delete"}""");
        foreach (var repository in (string[])["one", "two"]) Assert.Equal(["b2", "b3", "v1"], await host.TagsAsync(repository));
    }

    [Fact]
    public async Task What_was_pulled_lately_stays_and_what_lists_it()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, Repo, "used", "used");
        await ArtifactClient.PushAsync(host, Repo, "unused", "unused");
        host.Time.Advance(TimeSpan.FromDays(20));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "used"));
        host.Time.Advance(TimeSpan.FromDays(20));

        await host.RunAsync("""{"repositories":["**"],"notPulledFor":"30d","action":"delete"}""");

        Assert.Equal(["used"], await host.TagsAsync(Repo));
    }

    [Fact]
    public async Task An_archived_image_is_locked_and_stays()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        var archive = """{"repositories":["**"],"tags":["v*"],"action":"archive-lock"}""";

        Assert.Equal(1, (await host.RunAsync(archive)).GetProperty("done").GetInt32());

        Assert.Equal(HttpStatusCode.Conflict, await host.Client.DeleteManifestAsync(Repo, "v1"));
        Assert.Equal([$"{Repo}:v1 locked"], await host.KeptAsync(await host.RunAsync(LifecycleClient.Old), "runs"));
        Assert.Equal(0, (await host.PreviewAsync(archive)).GetProperty("tags").GetInt32());
    }

    [Fact]
    public async Task What_a_run_deleted_comes_back_with_its_signature_where_deleted_content_is_kept()
    {
        await using var host = await RegistryHost.StartAsync();
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!;
        await host.Metadata.UpdateRegistryAsync(registry.Id, new RegistryChanges { SoftDelete = new DeletionPolicyChange(true, 30) }, Caller.System, CancellationToken.None);
        var subject = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var referrer = await host.PushReferrerAsync(Repo, "sbom", subject, LifecycleClient.SizeOf("image"));
        host.Time.Advance(TimeSpan.FromDays(40));
        var last = (await host.Metadata.ReadLedgerBackwardsAsync(long.MaxValue, 1, CancellationToken.None))[0].Number;

        var run = await host.RunAsync(LifecycleClient.Old);

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, "v1"));
        var records = await host.Metadata.ReadLedgerAsync(last, 20, CancellationToken.None);
        Assert.Equal(
            [LedgerKinds.LifecycleRunStarted, LedgerKinds.TagDeleted, LedgerKinds.ManifestSoftDeleted, LedgerKinds.ManifestSoftDeleted, LedgerKinds.LifecycleRunEnded],
            records.Select(record => record.Kind));
        Assert.Equal($$"""{"rule":"old","run":"{{run.GetProperty("id")}}"}""", records[2].Payload);
        var (status, restored) = await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{subject}", "{}");
        Assert.Equal(HttpStatusCode.OK, status);
        using var answer = JsonDocument.Parse(restored);
        Assert.Equal(2, answer.RootElement.GetProperty("manifestsRestored").GetArrayLength());
        Assert.Equal(["v1"], await host.TagsAsync(Repo));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, referrer.ToString()));
    }

    [Fact]
    public async Task A_signature_that_refers_by_its_tag_alone_goes_and_comes_back_with_its_subject()
    {
        await using var host = await RegistryHost.StartAsync();
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!;
        await host.Metadata.UpdateRegistryAsync(registry.Id, new RegistryChanges { SoftDelete = new DeletionPolicyChange(true, 30) }, Caller.System, CancellationToken.None);
        var subject = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        string[] signatures = [$"sha256-{subject.Hex}.sbom", $"sha256-{subject.Hex}.sig"];
        foreach (var tag in signatures) await ArtifactClient.PushAsync(host, Repo, tag, tag);
        host.Time.Advance(TimeSpan.FromDays(40));
        await host.RunAsync(LifecycleClient.Old);
        Assert.Empty(await host.TagsAsync(Repo));

        var (status, restored) = await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{subject}", "{}");

        Assert.Equal(HttpStatusCode.OK, status);
        using var answer = JsonDocument.Parse(restored);
        Assert.Equal([.. signatures, "v1"], answer.RootElement.GetProperty("tagsRestored").EnumerateArray().Select(tag => tag.GetString()).Order(StringComparer.Ordinal));
        Assert.Equal([.. signatures, "v1"], await host.TagsAsync(Repo));
        foreach (var tag in signatures) Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, tag));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_rule_runs_by_its_schedule_and_once_for_all_times_that_were_missed()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.SendAsync("PUT", "rules/old?force=true", LifecycleClient.Old[..^1] + ""","schedule":"0 3 * * *"}""");
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        var schedule = host.Services.GetRequiredService<LifecycleSchedule>();
        await schedule.RunDueAsync(CancellationToken.None);
        Assert.Empty((await host.SendAsync("GET", "runs")).Body.GetProperty("runs").EnumerateArray());
        host.Time.Advance(TimeSpan.FromDays(40));

        await schedule.RunDueAsync(CancellationToken.None);
        await schedule.RunDueAsync(CancellationToken.None);

        var run = Assert.Single((await host.SendAsync("GET", "runs")).Body.GetProperty("runs").EnumerateArray());
        Assert.Equal(("done", "schedule", "system"), (run.GetProperty("state").GetString(), run.GetProperty("cause").GetString(), run.GetProperty("createdBy").GetString()));
        Assert.Empty(await host.TagsAsync(Repo));
        Assert.Equal(host.Time.GetUtcNow().Date.AddDays(1).AddHours(3), (await host.SendAsync("GET", "rules/old")).Body.GetProperty("nextRunAt").GetDateTimeOffset().UtcDateTime);
    }

    [Fact]
    public async Task A_run_that_a_process_left_in_the_middle_goes_on()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 130; i++) await ArtifactClient.PushAsync(host, Repo, "image", $"b{i}");
        host.Time.Advance(TimeSpan.FromDays(40));
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Id;
        var rule = RuleWriter.Text([RuleReader.ReadOne("old", """{"repositories":["**"],"olderThan":"30d","action":"untag"}""")]);
        var id = (await host.Metadata.CreateLifecyclePlanAsync(new NewLifecyclePlan(registry, IsRun: true, rule, null, 100, "manual"), Caller.System, CancellationToken.None))!.Value;
        var lease = (await host.Metadata.LeaseLifecycleAsync(registry, CancellationToken.None))!;
        var plan = (await host.Metadata.FindLifecyclePlanAsync(registry, id, CancellationToken.None))!;
        await host.Services.GetRequiredService<PlanMaker>().MakeAsync(lease, plan, CancellationToken.None);
        await host.Metadata.SetLifecycleStateAsync(lease, id, LifecyclePlanState.Acting, null, CancellationToken.None);
        var step = await host.Metadata.ActLifecycleStepAsync(lease, id, LifecycleItemKey.Start, host.Grace, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.InRange(step.Done, 1, 129);
        Assert.Equal(HttpStatusCode.Conflict, (await host.SendAsync("POST", "runs", LifecycleClient.Rules(LifecycleClient.Old))).Status);

        await host.Services.GetRequiredService<LifecycleSchedule>().RunDueAsync(CancellationToken.None);

        var (_, run) = await host.SendAsync("GET", $"runs/{id}");
        Assert.Equal(("done", 130), (run.GetProperty("state").GetString(), run.GetProperty("done").GetInt32()));
        Assert.Empty(await host.TagsAsync(Repo));

        // Who held it before writes no more.
        await Assert.ThrowsAsync<LifecycleLeaseLostException>(() => host.Metadata.SetLifecycleStateAsync(lease, id, LifecyclePlanState.Failed, null, CancellationToken.None));
    }

    [Fact]
    public async Task A_run_that_a_round_of_the_schedule_began_is_done_though_another_node_takes_the_schedule_over()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(40));
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Id;
        var rule = RuleWriter.Text([RuleReader.ReadOne("old", """{"repositories":["**"],"olderThan":"30d","action":"untag"}""")]);
        var plan = new NewLifecyclePlan(registry, IsRun: true, rule, null, 100, "schedule");
        var id = (await host.Metadata.CreateLifecyclePlanAsync(plan, Caller.System, CancellationToken.None))!.Value;
        var (slow, other) = (ManyProcesses.NewNode(host), ManyProcesses.NewNode(host));
        var (standing, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var round = slow.RunAsync(
            "lifecycle-schedule", TimeSpan.FromMinutes(2),
            async (_, _) =>
            {
                standing.SetResult();
                await goOn.Task;
                await host.Services.GetRequiredService<LifecycleJobs>().StartIfIdle(registry);
            },
            CancellationToken.None);
        await standing.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var held = (await host.Metadata.ListLeasesAsync(10, CancellationToken.None)).Single(lease => lease.Lease.Name == "lifecycle-schedule");
        await host.Metadata.ReleaseLeaseAsync(held.Lease, CancellationToken.None);
        Assert.True(await other.RunAsync("lifecycle-schedule", TimeSpan.FromMinutes(2), (_, _) => Task.CompletedTask, CancellationToken.None));

        goOn.SetResult();
        await round.WaitAsync(TimeSpan.FromSeconds(20));

        var (_, run) = await host.SendAsync("GET", $"runs/{id}");
        Assert.True(run.GetProperty("state").GetString() == "done", run.ToString());
        Assert.Empty(await host.TagsAsync(Repo));
    }

    [Fact]
    public async Task A_step_of_the_clock_deletes_nothing_by_a_rule()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(300));

        // Nobody has looked at the clock since: it may have stepped.
        await host.MakeAsync("runs", LifecycleClient.Rules(LifecycleClient.Old), "waiting");
        using (var next = ActivatorUtilities.CreateInstance<GarbageCollector>(host.Services)) await next.SweepAsync(CancellationToken.None);
        var schedule = host.Services.GetRequiredService<LifecycleSchedule>();
        await schedule.RunDueAsync(CancellationToken.None);

        Assert.Equal(["v1"], await host.TagsAsync(Repo));
        Assert.Contains("waits until", (await host.SendAsync("GET", "runs/1")).Body.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
