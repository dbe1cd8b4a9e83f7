using System.Net;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>The activity log: changes on the control plane, with who and when.</summary>
public sealed class ActivityTests
{
    private const string Log = ControlClient.Subscription + "/providers/Microsoft.Insights/eventtypes/management/values?$filter=";

    [Fact]
    public async Task A_change_is_in_the_log_with_its_caller_and_a_pull_is_not()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await host.Client.PushBlobAsync("team/app", "a blob"u8.ToArray());
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"tags":{"a":"b"}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/scopeMaps/team-map", """{"properties":{"actions":["repositories/a/content/read"]}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Identities + "/pipeline", "{}");
        await owner.AssignAsync(ControlClient.Local, ControlClient.AcrPull, (await host.Metadata.FindPrincipalAsync("owner", CancellationToken.None))!.ObjectId);

        var events = await ListAsync(owner, "eventTimestamp ge '2026-11-24T00:00:00Z'");
        var patched = events.Single(e => Operation(e) == "Microsoft.ContainerRegistry/registries/write");
        Assert.Equal(("owner", ControlClient.Local, "default"), (Text(patched, "caller"), Text(patched, "resourceId"), Text(patched, "resourceGroupName")));
        Assert.Equal("Succeeded", patched.GetProperty("status").GetProperty("value").GetString());
        Assert.Equal("127.0.0.1", patched.GetProperty("httpRequest").GetProperty("clientIpAddress").GetString());
        Assert.Contains(events, e => Text(e, "resourceId") == ControlClient.Local + "/scopeMaps/team-map");
        Assert.Contains(events, e => Text(e, "resourceId") == ControlClient.Identities + "/pipeline");
        Assert.Contains(events, e => Operation(e) == "Microsoft.Authorization/roleAssignments/write");
        Assert.DoesNotContain(events, e => Text(e, "resourceId")!.Contains("team/app", StringComparison.Ordinal));
        Assert.All(
            await ListAsync(owner, $"eventTimestamp ge '2026-11-24T00:00:00Z' and resourceUri eq '{ControlClient.Identities}/pipeline'"),
            e => Assert.Equal(ControlClient.Identities + "/pipeline", Text(e, "resourceId")));
    }

    [Fact]
    public async Task Only_the_asked_time_is_listed_wherever_it_begins()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        for (var i = 0; i < 40; i++)
        {
            await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, $$"""{"tags":{"number":"{{i}}"} }""");
            host.Time.Advance(TimeSpan.FromMinutes(1));
        }

        foreach (var (from, until, count) in new[] { (0, 60, 40), (10, 60, 30), (39, 60, 1), (40, 60, 0), (10, 12, 3), (0, 0, 1) })
        {
            var start = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
            var events = await ListAsync(
                owner, $"eventTimestamp ge '{start.AddMinutes(from):O}' and eventTimestamp le '{start.AddMinutes(until):O}' and resourceProvider eq 'Microsoft.ContainerRegistry'");
            Assert.Equal((from, until, count), (from, until, events.Count(e => Operation(e) == "Microsoft.ContainerRegistry/registries/write")));
        }

        var times = (await ListAsync(owner, "eventTimestamp ge '2026-11-24T00:00:00Z'")).Select(e => e.GetProperty("eventTimestamp").GetDateTimeOffset()).ToList();
        Assert.Equal(times.OrderDescending(), times);
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(-1), times[0]);
        await owner.ExpectErrorAsync(400, "InvalidFilterInQueryString", "GET", Log);
        await owner.ExpectErrorAsync(400, "InvalidFilterInQueryString", "GET", Log + "eventTimestamp%20ge%20'yesterday'");
    }

    private static async Task<List<JsonElement>> ListAsync(ControlClient client, string filter) =>
        [.. (await client.ExpectAsync(HttpStatusCode.OK, "GET", Log + Uri.EscapeDataString(filter))).GetProperty("value").EnumerateArray()];

    private static string? Operation(JsonElement e) => e.GetProperty("operationName").GetProperty("value").GetString();

    private static string? Text(JsonElement e, string name) => e.GetProperty(name).GetString();
}
