using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Lifecycle.Rules;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Management;

/// <summary>The policies that delete after days, set over the control plane and carried out by the background round.</summary>
public sealed class DeletionPolicyTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task A_policy_is_shown_as_it_was_set_with_the_time_of_its_change()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var fresh = PoliciesIn(await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local));
        Assert.Equal((7, "disabled"), (fresh.Soft.GetProperty("retentionDays").GetInt32(), fresh.Soft.GetProperty("status").GetString()));
        Assert.Equal((7, "disabled"), (fresh.Retention.GetProperty("days").GetInt32(), fresh.Retention.GetProperty("status").GetString()));
        var made = fresh.Soft.GetProperty("lastUpdatedTime").GetDateTimeOffset();
        host.Time.Advance(TimeSpan.FromMinutes(5));

        // As az does it: all policies, with the times that it read.
        var changed = await SetAsync(owner, $$$"""{"softDeletePolicy":{"retentionDays":30,"status":"Enabled","lastUpdatedTime":"2020-01-01T00:00:00Z"},"retentionPolicy":{{{fresh.Retention.GetRawText()}}}}""");

        Assert.Equal((30, "enabled"), (changed.Soft.GetProperty("retentionDays").GetInt32(), changed.Soft.GetProperty("status").GetString()));
        Assert.Equal(host.Time.GetUtcNow(), changed.Soft.GetProperty("lastUpdatedTime").GetDateTimeOffset());
        Assert.Equal(made, changed.Retention.GetProperty("lastUpdatedTime").GetDateTimeOffset());
        host.Time.Advance(TimeSpan.FromMinutes(5));
        var both = await SetAsync(owner, """{"retentionPolicy":{"status":"enabled","days":0}}""");
        Assert.Equal((0, "enabled", "enabled"), (both.Retention.GetProperty("days").GetInt32(), both.Retention.GetProperty("status").GetString(), both.Soft.GetProperty("status").GetString()));
        Assert.Equal(changed.Soft.GetRawText(), both.Soft.GetRawText());
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PATCH", ControlClient.Local, """{"properties":{"policies":{"softDeletePolicy":{"retentionDays":0},"retentionPolicy":{"days":1}}}}""");
        Assert.Equal(both.Retention.GetRawText(), PoliciesIn(await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).Retention.GetRawText());
    }

    [Fact]
    public async Task A_new_registry_may_have_them_from_the_start()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var made = PoliciesIn(await owner.ExpectAsync(
            HttpStatusCode.Created, "PUT", ControlClient.Registries + "/kept1",
            """{"location":"test","sku":{"name":"Premium"},"properties":{"policies":{"softDeletePolicy":{"retentionDays":90,"status":"enabled"}}}}"""));
        Assert.Equal((90, "enabled"), (made.Soft.GetProperty("retentionDays").GetInt32(), made.Soft.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Untagged_images_are_deleted_by_the_background_round_and_can_be_restored_where_both_policies_are_on()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await SetAsync(owner, """{"retentionPolicy":{"status":"enabled","days":3},"softDeletePolicy":{"status":"enabled"}}""");
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        await ArtifactClient.PushAsync(host, Repo, "next", "v1");
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(3));

        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, digest.ToString()));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.OK, (await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{digest}", """{"tag":"back"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "back"));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_lock_of_the_registry_keeps_untagged_images_until_it_goes()
    {
        await using var host = await RegistryHost.StartAsync();
        using (var owner = await ControlClient.OfOwnerAsync(host))
        {
            await SetAsync(owner, """{"retentionPolicy":{"status":"enabled","days":3}}""");
            await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/providers/Microsoft.Authorization/locks/keep", """{"properties":{"level":"CanNotDelete"}}""");
        }

        var digest = await ArtifactClient.PushAsync(host, Repo, "image");
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(3));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));

        using (var owner = await ControlClient.OfOwnerAsync(host)) await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", ControlClient.Local + "/providers/Microsoft.Authorization/locks/keep");
        host.Time.Advance(TimeSpan.FromDays(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, digest.ToString()));
    }

    [Fact]
    public async Task The_days_of_deleted_images_end_under_a_lock_of_the_registry_as_without()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(1, new RegistryChanges { SoftDelete = new(true, 7) }, Caller.System, CancellationToken.None);
        string[] restorable = [];
        foreach (var text in (string[])["soon over", "restored"])
        {
            var image = await ArtifactClient.PushAsync(host, "app", text, "v1");
            Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync("app", image.ToString()));
            restorable = [.. restorable, $"/acr/v1/_deleted/app/_manifests/{image}"];
        }

        using (var owner = await ControlClient.OfOwnerAsync(host))
            await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/providers/Microsoft.Authorization/locks/keep", """{"properties":{"level":"ReadOnly"}}""");
        host.Time.Advance(TimeSpan.FromDays(6));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.PostAsync(new Uri(restorable[1], UriKind.Relative), null)).StatusCode);

        host.Time.Advance(TimeSpan.FromDays(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.PostAsync(new Uri(restorable[0], UriKind.Relative), null)).StatusCode);
        Assert.Equal(["v1"], await host.TagsAsync("app"));
    }

    [Fact]
    public async Task A_step_of_the_clock_deletes_nothing_by_retention()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await SetAsync(owner, """{"retentionPolicy":{"status":"enabled","days":3}}""");
        var digest = await ArtifactClient.PushAsync(host, Repo, "image");
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(300));
        using var next = ActivatorUtilities.CreateInstance<GarbageCollector>(host.Services);
        await next.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));
    }

    private static async Task<(JsonElement Soft, JsonElement Retention)> SetAsync(ControlClient client, string policies) =>
        PoliciesIn(await client.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, $$"""{"properties":{"policies":{{policies}} } }"""));

    private static (JsonElement Soft, JsonElement Retention) PoliciesIn(JsonElement registry)
    {
        var policies = registry.GetProperty("properties").GetProperty("policies");
        return (policies.GetProperty("softDeletePolicy"), policies.GetProperty("retentionPolicy"));
    }
}
