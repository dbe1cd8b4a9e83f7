using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Jobs;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Jobs;

/// <summary><c>/berth/v1/nodes</c>: the nodes as an operator sees them.</summary>
public sealed class NodeEndpointsTests
{
    private const string Path = "/berth/v1/nodes";

    [Fact]
    public async Task Nodes_are_shown_with_their_jobs_and_clocks()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var node = host.Services.GetRequiredService<Node>();
        await host.Metadata.ReportNodeAsync(node.Describe(isDraining: false), host.Time.GetUtcNow(), NodeReport.Memory, CancellationToken.None);
        var other = new NodeDescription("other", "host-b", "1.2.3", IsDraining: true, host.Time.GetUtcNow().AddHours(1));
        await host.Metadata.ReportNodeAsync(other, host.Time.GetUtcNow().AddMinutes(-6), NodeReport.Memory, CancellationToken.None);
        await host.Metadata.TakeLeaseAsync("scrub", "other", TimeSpan.FromMinutes(1), CancellationToken.None);

        var answer = await owner.ExpectAsync(HttpStatusCode.OK, "GET", Path);

        var nodes = answer.GetProperty("nodes").EnumerateArray().ToList();
        Assert.Equal([(node.Id, "serving", true, 0, ""), ("other", "draining", false, -360, "scrub")], nodes.Select(one => (
            Text(one, "id"), Text(one, "state"), one.GetProperty("isAnswering").GetBoolean(), one.GetProperty("clockOffsetSeconds").GetInt32(),
            string.Join(' ', one.GetProperty("jobs").EnumerateArray().Select(job => job.GetString())))));
        var lease = Assert.Single(answer.GetProperty("leases").EnumerateArray());
        Assert.Equal(("scrub", "other", "host-b", 1), (Text(lease, "name"), Text(lease, "holder"), Text(lease, "node"), lease.GetProperty("fence").GetInt32()));
        Assert.Empty(answer.GetProperty("ledgerReaders").EnumerateArray());
    }

    [Fact]
    public async Task There_is_nothing_else_at_the_path()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.NotFound, "GET", Path + "/other");
        await owner.ExpectAsync(HttpStatusCode.MethodNotAllowed, "DELETE", Path);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
