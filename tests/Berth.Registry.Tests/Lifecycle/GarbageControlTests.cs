using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary><c>/berth/v1/garbage</c>: what an operator sees and says of garbage collection.</summary>
public sealed class GarbageControlTests
{
    private const string Path = "/berth/v1/garbage";
    private const string Repo = "team/app";

    [Fact]
    public async Task A_pause_keeps_everything_until_its_end_and_outlasts_the_process()
    {
        await using var host = await RegistryHost.StartAsync();
        var owner = new Owner(host);
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Client.PushBlobAsync(Repo, "blob"u8.ToArray());
        var until = host.Time.GetUtcNow() + host.Grace + TimeSpan.FromHours(2);

        var paused = await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Path + "/pause", $$"""{"until":"{{until:O}}"}""");

        Assert.Equal(("paused", "owner", until), (Text(paused, "state"), Text(paused, "pausedBy"), paused.GetProperty("pausedUntil").GetDateTimeOffset()));
        host.Time.Advance(host.Grace + TimeSpan.FromHours(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(1, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Path)).GetProperty("due").GetProperty("memberships").GetInt32());
        host.Time.Advance(TimeSpan.FromMinutes(30));
        using var next = ActivatorUtilities.CreateInstance<GarbageCollector>(host.Services);
        await next.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await host.Client.HeadBlobAsync(Repo, DigestOf("blob")));

        host.Time.Advance(TimeSpan.FromHours(1));
        await next.SweepAsync(CancellationToken.None);
        var kinds = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Where(record => record.Kind.StartsWith("garbage.", StringComparison.Ordinal)).ToList();
        Assert.Equal((LedgerKinds.GarbagePaused, "owner"), (Assert.Single(kinds).Kind, kinds[0].Actor));
        Assert.Equal("running", Text(await owner.ExpectAsync(HttpStatusCode.OK, "GET", Path), "state"));
    }

    [Fact]
    public async Task A_pause_is_ended_by_hand_and_what_was_due_goes()
    {
        await using var host = await RegistryHost.StartAsync();
        var owner = new Owner(host);
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Client.PushBlobAsync(Repo, "blob"u8.ToArray());
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Path + "/pause", $$"""{"until":"{{host.Time.GetUtcNow().AddDays(7):O}}"}""");
        host.Time.Advance(host.Grace * 2);
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(JsonValueKind.Null, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Path)).GetProperty("etaSeconds").ValueKind);

        for (var again = 0; again < 2; again++) await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", Path + "/pause");
        await host.Collector.SweepAsync(CancellationToken.None);

        var shown = await owner.ExpectAsync(HttpStatusCode.OK, "GET", Path);
        Assert.Equal(("running", 0, 0), (Text(shown, "state"), shown.GetProperty("due").GetProperty("memberships").GetInt32(), shown.GetProperty("etaSeconds").GetInt32()));
        var round = shown.GetProperty("lastRound");
        Assert.Equal(
            (1, 1, 4, true),
            (round.GetProperty("reviewed").GetInt32(), round.GetProperty("blobsDiscarded").GetInt32(), round.GetProperty("bytesDiscarded").GetInt32(), round.GetProperty("isWhole").GetBoolean()));
        var kinds = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Where(record => record.Kind.StartsWith("garbage.", StringComparison.Ordinal)).Select(record => record.Kind);
        Assert.Equal([LedgerKinds.GarbagePaused, LedgerKinds.GarbageResumed], kinds);
    }

    [Fact]
    public async Task A_pause_has_an_end_that_is_not_far()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var now = host.Time.GetUtcNow();
        foreach (var body in (string[])[$$"""{"until":"{{now:O}}"}""", $$"""{"until":"{{now.AddDays(7).AddSeconds(1):O}}"}""", """{"until":7}""", "{}", "[]", "{", ""])
            Assert.Equal((body, HttpStatusCode.BadRequest), (body, (await owner.SendAsync("PUT", Path + "/pause", body)).Status));
        Assert.Equal("running", Text(await owner.ExpectAsync(HttpStatusCode.OK, "GET", Path), "state"));
        Assert.Equal(HttpStatusCode.NotFound, (await owner.SendAsync("GET", Path + "/none")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await owner.SendAsync("POST", Path)).Status);
    }

    [Fact]
    public async Task The_proof_says_what_would_be_taken_and_why_and_changes_nothing()
    {
        await using var host = await RegistryHost.StartAsync();
        var owner = new Owner(host);
        await host.Collector.SweepAsync(CancellationToken.None);
        foreach (var text in (string[])["one", "two", "three"]) await host.Client.PushBlobAsync(Repo, Encoding.UTF8.GetBytes(text));
        await ArtifactClient.PushAsync(host, Repo, "named", "v1");
        await host.Client.PushBlobAsync("team/other", "let go"u8.ToArray());
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteBlobAsync("team/other", DigestOf("let go")));
        Assert.Equal("blob", Text(Assert.Single(await WalkAsync(owner, Path + "/proof")), "kind"));
        host.Time.Advance(host.Grace * 2);

        var entries = await WalkAsync(owner, Path + "/proof?n=1");

        var taken = entries.Where(entry => entry.GetProperty("taken").GetBoolean()).ToList();
        Assert.Equal(
            new[] { "one", "two", "three" }.Select(text => DigestOf(text).ToString()).Order(StringComparer.Ordinal),
            taken.Where(entry => Text(entry, "kind") == "membership").Select(entry => Text(entry, "digest")).Order(StringComparer.Ordinal));
        Assert.All(taken.Where(entry => Text(entry, "kind") == "membership"), entry => Assert.Equal(("local", Repo), (Text(entry, "registry"), Text(entry, "repository"))));
        Assert.Equal(DigestOf("let go").ToString(), Text(Assert.Single(taken, entry => Text(entry, "kind") == "blob"), "digest"));
        Assert.All(taken, entry => Assert.NotEmpty(Text(entry, "reason")!));
        Assert.DoesNotContain(taken, entry => Text(entry, "digest") == DigestOf("named").ToString());

        // What it says comes true, and then there is nothing left of it.
        Assert.Equal(entries.Count, (await WalkAsync(owner, Path + "/proof?n=1000")).Count);
        foreach (var entry in taken.Where(entry => Text(entry, "kind") == "blob")) Assert.True(File.Exists(System.IO.Path.Combine(host.StoreFolder, "blobs", Text(entry, "location")!)));
        await host.Collector.SweepAsync(CancellationToken.None);
        var left = await WalkAsync(owner, Path + "/proof");
        Assert.All(left, entry => Assert.Equal("location", Text(entry, "kind")));
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty(await WalkAsync(owner, Path + "/proof"));
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.SendAsync("GET", Path + "/proof?$skiptoken=x")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.SendAsync("GET", Path + "/proof?n=0")).Status);
    }

    [Fact]
    public async Task A_reader_sees_it_the_owner_alone_decides()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var nobody = host.WithoutCredential();
        var body = $$"""{"until":"{{host.Time.GetUtcNow().AddDays(1):O}}"}""";
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync(new Uri(Path, UriKind.Relative))).StatusCode);
        foreach (var (name, role, sees) in new[] { ("rita@example.test", ControlClient.Reader, true), ("carl@example.test", ControlClient.Contributor, true), ("nora@example.test", null, false) })
        {
            var (client, id) = await ControlClient.NewUserAsync(host, name);
            using (client)
            {
                if (role is not null) await owner.AssignAsync(ControlClient.Subscription, role, id);
                foreach (var path in (string[])[Path, Path + "/proof"])
                    Assert.Equal((name, sees ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (name, (await client.SendAsync("GET", path)).Status));
                Assert.Equal((name, HttpStatusCode.Forbidden), (name, (await client.SendAsync("PUT", Path + "/pause", body)).Status));
                Assert.Equal((name, HttpStatusCode.Forbidden), (name, (await client.SendAsync("DELETE", Path + "/pause")).Status));
            }
        }

        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Path + "/pause", body);
    }

    /// <summary>The owner, with a token that is good at the moment: a test moves the clock by more than one lasts.</summary>
    private sealed class Owner(RegistryHost host)
    {
        public async Task<JsonElement> ExpectAsync(HttpStatusCode status, string method, string path, string? body = null)
        {
            using var client = await ControlClient.OfOwnerAsync(host);
            return await client.ExpectAsync(status, method, path, body);
        }

        public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string method, string path)
        {
            using var client = await ControlClient.OfOwnerAsync(host);
            return await client.SendAsync(method, path);
        }
    }

    private static Digest DigestOf(string text) => Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(text));

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    private static async Task<List<JsonElement>> WalkAsync(Owner client, string path)
    {
        var entries = new List<JsonElement>();
        for (string? next = path; next is not null;)
        {
            var page = await client.ExpectAsync(HttpStatusCode.OK, "GET", next);
            entries.AddRange(page.GetProperty("value").EnumerateArray());
            Assert.InRange(entries.Count, 0, 1_000);
            next = page.TryGetProperty("nextLink", out var link) ? new Uri(link.GetString()!).PathAndQuery : null;
        }

        return entries;
    }
}
