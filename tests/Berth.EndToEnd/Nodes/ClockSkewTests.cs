using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>Two servers on one database: the clock of the first is three minutes ahead, that of the second three minutes behind.</summary>
public sealed class SkewedNodes : NodeGroupFixture
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-clocks-");

    /// <summary>How far each clock is off.</summary>
    internal static TimeSpan[] Skews { get; } = [TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(-3)];

    internal IReadOnlyList<SkewedClock> Clocks { get; private set; } = [];

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        if (Tool.Find("gcc") is not null) await base.InitializeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    internal override async Task<NodeGroup> StartAsync()
    {
        Clocks = await SkewedClock.MakeAsync(_folder.FullName, Skews);
        return await NodeGroup.StartAsync(
            "skewed", 2,
            new Dictionary<string, string>
            {
                ["BERTH_Lifecycle__Interval"] = "00:00:01",
                ["BERTH_Lifecycle__Grace"] = "00:02:00",
                ["BERTH_Distribution__UploadExpiry"] = "00:01:30",
                ["BERTH_Identity__AccessTokenLifetime"] = "00:02:00",
            },
            node => Clocks[node].Settings);
    }
}

/// <summary>Minutes between the clocks of nodes change no outcome: each time that decides is the database's.</summary>
public sealed class ClockSkewTests(SkewedNodes nodes) : NodeGroupTest<SkewedNodes>(nodes)
{
    // What a request and its answer may take on a machine that is busy.
    private const long Close = 15_000;
    private const string Now = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

    private readonly string _repository = $"skew/{Content.Name()}";

    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        Tool.Require("gcc");
        return base.InitializeAsync();
    }

    [Fact]
    public async Task The_processes_have_the_clocks_that_they_were_given()
    {
        // A test before this one may have set a clock, which its node says with its next report.
        await EventuallyAsync(async () =>
        {
            var offsets = await Nodes.Group.ListAsync("SELECT clock_offset FROM nodes ORDER BY clock_offset DESC");
            return offsets.Count == 2 && Enumerable.Range(0, 2).All(node => Math.Abs(offsets[node] - (long)SkewedNodes.Skews[node].TotalMilliseconds) <= Close);
        });
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task A_token_of_one_node_is_good_at_the_other_at_once_and_for_its_time(int issuer, int other)
    {
        await Nodes.Group.Clients[other].PushImageAsync(_repository, "latest");
        for (var i = 0; i < 20; i++)
        {
            var endpoint = Nodes.Group.Servers[issuer].Endpoint;
            var before = await Nodes.Group.AskAsync($"SELECT {Now}");
            using var fresh = new RegistryClient(new RegistryEndpoint(endpoint.Address, endpoint.User, endpoint.Password));
            var token = await fresh.Endpoint.AuthorizeForAsync($"repository:{_repository}:pull");
            using var client = new RegistryClient(Nodes.Group.Servers[other].Endpoint, token);
            (await client.GetManifestAsync(_repository, "latest")).Expect(200);
            if (TestRun.UsesPassword) continue;
            var claims = JsonDocument.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1]))).RootElement;
            Assert.InRange((claims.GetProperty("exp").GetInt64() * 1000) - before, 119_000, 120_000 + Close);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task An_upload_that_begins_at_one_node_goes_on_at_the_other_and_ends_by_the_databases_time(int first, int other)
    {
        var blob = BlobContent.Layer(300_000);
        var location = await Nodes.Group.Clients[first].StartUploadAsync(_repository);
        await ExpectAsync("SELECT max(expires_at) FROM uploads WHERE state = 0", 90_000);
        location = (await Nodes.Group.Clients[first].PatchChunkAsync(location, blob.Bytes[..200_000], 0)).Expect(202).Location;
        location = (await Nodes.Group.Clients[other].PatchChunkAsync(PathOf(location), blob.Bytes[200_000..], 200_000)).Expect(202).Location;
        await ExpectAsync("SELECT max(expires_at) FROM uploads WHERE state = 0", 90_000);
        (await Nodes.Group.Clients[first].PutAsync(RegistryActions.With(PathOf(location), $"digest={blob.Digest}"), [])).Expect(201);
        await ExpectAsync("SELECT lease_until FROM memberships ORDER BY created_at DESC LIMIT 1", 120_000);
    }

    [Fact]
    public async Task Leases_of_jobs_and_the_time_of_deletion_are_the_databases()
    {
        await EventuallyAsync(async () => await Nodes.Group.AskAsync($"SELECT count(*) FROM leases WHERE expires_at > {Now}") > 0);
        Assert.All(await Nodes.Group.ListAsync($"SELECT expires_at - {Now} FROM leases WHERE name = 'garbage-collection'"), left => Assert.InRange(left, -Close, 30_000 + Close));

        using (var control = await ControlClient.SignInAsync(Nodes.Group.Servers[0].Endpoint.Address, "owner", Nodes.Group.Servers[0].Endpoint.Password))
        {
            await control.ArmAsync("PATCH", control.Scope(), new { properties = new { policies = new { softDeletePolicy = new { status = "enabled", retentionDays = 7 } } } });
        }

        for (var node = 0; node < 2; node++)
        {
            var image = await Nodes.Group.Clients[1 - node].PushImageAsync(_repository, $"v{node}");
            (await Nodes.Group.Clients[node].DeleteAsync($"/v2/{_repository}/manifests/{image.Digest}")).Expect(202);
            (await Nodes.Group.Clients[1 - node].GetManifestAsync(_repository, image.Digest)).Expect(404);
            await ExpectAsync("SELECT max(deleted_at) FROM manifests", 0);
        }

        // The rounds of one node after those of the other look as one clock, which did not step.
        Assert.Equal([0L], await Nodes.Group.ListAsync("SELECT COALESCE(deletion_suspended_until, 0) FROM installation"));
    }

    [Fact]
    public async Task Writes_of_a_tag_at_both_nodes_have_times_in_their_order()
    {
        var images = new[] { await Nodes.Group.Clients[0].PushImageAsync(_repository, "a"), await Nodes.Group.Clients[1].PushImageAsync(_repository, "b") };
        for (var i = 0; i < 30; i++)
        {
            await Nodes.Group.Clients[i % 2].PushAsync(_repository, images[i % 3 % 2], "moving");
            Assert.Equal(images[i % 3 % 2].Digest, (await Nodes.Group.Clients[(i + 1) % 2].GetManifestAsync(_repository, "moving")).Expect(200).Digest);
        }

        var times = await Nodes.Group.ListAsync($"SELECT hybrid_time FROM ledger WHERE kind = 'tag.set' AND repository = '{_repository}' AND reference = 'moving' ORDER BY id");
        Assert.True(times.Count > 10);
        Assert.Equal(times.Order(), times);
        await ExpectAsync($"SELECT hybrid_time >> 16 FROM ledger WHERE kind = 'tag.set' AND repository = '{_repository}' ORDER BY id DESC LIMIT 1", 0);
        await ExpectAsync("SELECT max(updated_at) FROM tags", 0);
    }

    [Fact]
    public async Task A_schedule_runs_once_when_its_time_comes_by_the_databases_clock()
    {
        await Nodes.Group.Clients[0].PushImageAsync(_repository, "kept");
        var rule = "{\"repositories\":[\"" + _repository + "\"],\"tags\":[\"nothing-*\"],\"action\":\"untag\",\"schedule\":\"0 3 * * *\"}";
        (await Nodes.Group.Clients[1].PutAsync("/berth/v1/lifecycle/rules/nightly?force=true", Encoding.UTF8.GetBytes(rule), ("Content-Type", "application/json"))).Expect(201);
        var due = await Nodes.Group.AskAsync($"SELECT {Now} + 4000");
        await Nodes.Group.ChangeAsync($"UPDATE lifecycle_rules SET next_at = {due} WHERE name = 'nightly'");

        await EventuallyAsync(async () => await Nodes.Group.AskAsync("SELECT count(*) FROM lifecycle_plans WHERE cause = 'schedule' AND ended_at IS NOT NULL") > 0);
        var begun = Assert.Single(await Nodes.Group.ListAsync("SELECT created_at FROM lifecycle_plans WHERE cause = 'schedule'"));
        Assert.InRange(begun - due, 0, 60_000);
        Assert.InRange(await Nodes.Group.AskAsync($"SELECT next_at - {Now} FROM lifecycle_rules WHERE name = 'nightly'"), 1, TimeSpan.FromDays(1).TotalMilliseconds);

        // Each node has looked at least twice more.
        var clock = Stopwatch.StartNew();
        await EventuallyAsync(() => Task.FromResult(clock.Elapsed > TimeSpan.FromSeconds(4)));
        Assert.Equal(1, await Nodes.Group.AskAsync("SELECT count(*) FROM lifecycle_plans WHERE cause = 'schedule'"));
    }

    [Fact]
    public async Task A_clock_that_is_set_far_off_while_its_node_runs_makes_it_not_ready_and_nothing_else()
    {
        await Nodes.Group.Clients[1].PushImageAsync(_repository, "latest");
        Nodes.Clocks[0].Set(TimeSpan.FromMinutes(30));
        try
        {
            await EventuallyAsync(async () => (await Nodes.Group.Clients[0].GetAsync("/healthz/ready")) is { Status: 503 } reply && reply.Json.GetProperty("status").GetString()!.Contains("ahead of the database's", StringComparison.Ordinal));
            var endpoint = Nodes.Group.Servers[0].Endpoint;
            var token = await new RegistryEndpoint(endpoint.Address, endpoint.User, endpoint.Password).AuthorizeForAsync($"repository:{_repository}:pull,push");
            using var client = new RegistryClient(Nodes.Group.Servers[1].Endpoint, token);
            (await client.GetManifestAsync(_repository, "latest")).Expect(200);
            var location = await Nodes.Group.Clients[0].StartUploadAsync(_repository);
            (await Nodes.Group.Clients[0].PatchChunkAsync(location, new byte[1], 0)).Expect(202);
            await ExpectAsync("SELECT max(expires_at) FROM uploads WHERE state = 0", 90_000);
        }
        finally
        {
            Nodes.Clocks[0].Set(SkewedNodes.Skews[0]);
        }

        await EventuallyAsync(async () => (await Nodes.Group.Clients[0].GetAsync("/healthz/ready")).Status == 200);
    }

    // A time that was set just now, for so many milliseconds from then.
    private async Task ExpectAsync(string time, long ahead) =>
        Assert.InRange(await Nodes.Group.AskAsync($"SELECT ({time}) - {Now} - {ahead}"), -Close, 1000);

    private static string PathOf(string location) => location.StartsWith('/') ? location : new Uri(location).PathAndQuery;

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "it does not come to hold");
            await Task.Delay(200);
        }
    }
}
