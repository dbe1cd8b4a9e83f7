using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>A deleted registry comes back within its time with what it held, or is deleted for good.</summary>
public sealed class DeletedRegistryTests
{
    private const string Team = ControlClient.Registries + "/teamone";
    private const string Deleted = "/providers/Microsoft.ContainerRegistry/deletedRegistries";
    private const string OfGroup = ControlClient.Group + Deleted;

    private static readonly byte[] Content = "content of the registry"u8.ToArray();

    [Fact]
    public async Task A_registry_comes_back_with_its_content_its_settings_and_its_passwords()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var password = await FillAsync(host, owner);
        var before = await owner.ExpectAsync(HttpStatusCode.OK, "GET", Team);
        var key = await DeleteAsync(host, owner);
        Assert.Equal(HttpStatusCode.NotFound, await PullAsync(host, "teamone", "owner", RegistryHost.Password));

        await owner.ExpectAsync(HttpStatusCode.OK, "POST", $"{OfGroup}/{key}/recover");

        host.Time.Advance(TimeSpan.FromSeconds(3)); // what was looked up is remembered for less
        var after = await owner.ExpectAsync(HttpStatusCode.OK, "GET", Team);
        foreach (var property in new[] { "id", "name", "location", "tags", "sku", "properties" }) Assert.Equal(before.GetProperty(property).GetRawText(), after.GetProperty(property).GetRawText());
        Assert.Equal(HttpStatusCode.OK, await PullAsync(host, "teamone", "owner", RegistryHost.Password));
        Assert.Equal(HttpStatusCode.OK, await PullAsync(host, "teamone", "team-token", password));
        Assert.Equal(HttpStatusCode.Unauthorized, await PullAsync(host, "teamone", "team-off", password));
        Assert.Equal(["team-off", "team-token"], await NamesAsync(owner, Team + "/tokens"));
        Assert.Empty(await NamesAsync(owner, ControlClient.Subscription + Deleted));
        await owner.ExpectErrorAsync(404, "DeletedRegistryNotFound", "POST", $"{OfGroup}/{key}/recover");
    }

    [Fact]
    public async Task What_was_given_at_the_registry_does_not_come_back()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await FillAsync(host, owner);
        var (user, objectId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        using var client = user;
        await owner.AssignAsync(Team, ControlClient.Reader, objectId);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Team, """{"identity":{"type":"SystemAssigned"}}""");
        var key = await DeleteAsync(host, owner);
        await owner.ExpectAsync(HttpStatusCode.OK, "POST", $"{OfGroup}/{key}/recover", "{}");

        await client.ExpectErrorAsync(403, "AuthorizationFailed", "GET", Team);
        Assert.Equal(JsonValueKind.Null, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Team)).GetProperty("identity").ValueKind);
    }

    [Fact]
    public async Task Where_its_name_is_taken_it_needs_another()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var password = await FillAsync(host, owner);
        var key = await DeleteAsync(host, owner);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, """{"sku":{"name":"Basic"}}""");

        Assert.Contains("under a name of its own", await owner.ExpectErrorAsync(409, "AlreadyInUse", "POST", $"{OfGroup}/{key}/recover"), StringComparison.Ordinal);
        await owner.ExpectErrorAsync(409, "AlreadyInUse", "POST", $"{OfGroup}/{key}/recover", """{"name":"local"}""");
        await owner.ExpectErrorAsync(400, "InvalidResourceName", "POST", $"{OfGroup}/{key}/recover", """{"name":"login"}""");
        await owner.ExpectErrorAsync(400, "InvalidResourceName", "POST", $"{OfGroup}/{key}/recover", """{"name":"team-two"}""");
        var recovered = await owner.ExpectAsync(HttpStatusCode.OK, "POST", $"{OfGroup}/{key}/recover", """{"name":"TeamTwo"}""");

        Assert.Equal("teamtwo.berth.localhost", recovered.GetProperty("properties").GetProperty("loginServer").GetString());
        host.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, await PullAsync(host, "teamtwo", "team-token", password));
        Assert.Equal(HttpStatusCode.Unauthorized, await PullAsync(host, "teamone", "team-token", password));
        Assert.Equal(HttpStatusCode.NotFound, await PullAsync(host, "teamone", "owner", RegistryHost.Password));
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", ControlClient.Registries + "/teamtwo");
        Assert.StartsWith("teamtwo~", Assert.Single(await NamesAsync(owner, OfGroup)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_resource_group_must_stand()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Second = ControlClient.Subscription + "/resourceGroups/second";
        const string Registry = Second + "/providers/Microsoft.ContainerRegistry/registries/elsewhere";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second, """{"location":"local"}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Registry, """{"sku":{"name":"Basic"}}""");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Registry);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Second);
        var key = Assert.Single(await NamesAsync(owner, Second + Deleted));
        Assert.Empty(await NamesAsync(owner, OfGroup));

        await owner.ExpectErrorAsync(404, "ResourceGroupNotFound", "POST", $"{Second}{Deleted}/{key}/recover");
        await owner.ExpectErrorAsync(404, "DeletedRegistryNotFound", "POST", $"{OfGroup}/{key}/recover");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second, """{"location":"local"}""");
        await owner.ExpectAsync(HttpStatusCode.OK, "POST", $"{Second}{Deleted}/{key}/recover");
        await owner.ExpectAsync(HttpStatusCode.OK, "GET", Registry);
    }

    [Fact]
    public async Task After_its_time_it_is_gone_with_all_it_held()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await FillAsync(host, owner);
        var row = (await host.Metadata.FindRegistryAsync("teamone", CancellationToken.None))!.Id;
        var key = await DeleteAsync(host, owner);
        await host.Collector.SweepAsync(CancellationToken.None);
        await AdvanceAsync(host, TimeSpan.FromDays(IDeletedRegistries.KeptDays) - TimeSpan.FromHours(1));
        using var later = await ControlClient.OfOwnerAsync(host);
        Assert.Equal([key], await NamesAsync(later, OfGroup));
        Assert.NotEqual(new RegistryUsage(0, 0, 0), await host.Metadata.ReadRegistryUsageAsync(row, CancellationToken.None));

        await AdvanceAsync(host, TimeSpan.FromHours(2));

        using var last = await ControlClient.OfOwnerAsync(host);
        Assert.Empty(await NamesAsync(last, OfGroup));
        await last.ExpectErrorAsync(404, "DeletedRegistryNotFound", "POST", $"{OfGroup}/{key}/recover");
        await AdvanceAsync(host, 3 * host.Grace);
        Assert.Equal(new RegistryUsage(0, 0, 0), await host.Metadata.ReadRegistryUsageAsync(row, CancellationToken.None));
        Assert.Empty(await host.Metadata.ListPurgingAsync(0, 10, CancellationToken.None));
        Assert.Null(await host.Metadata.FindPrincipalAsync($"teamone/team-token~{row}", CancellationToken.None));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Whoever_may_purges_it_at_once()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await FillAsync(host, owner);
        var key = await DeleteAsync(host, owner);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Group + "/providers/Microsoft.Authorization/locks/keep", """{"properties":{"level":"CanNotDelete"}}""");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "POST", $"{OfGroup}/{key}/purge");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", ControlClient.Group + "/providers/Microsoft.Authorization/locks/keep");

        await owner.ExpectAsync(HttpStatusCode.Accepted, "POST", $"{OfGroup}/{key}/purge");

        await owner.ExpectErrorAsync(404, "DeletedRegistryNotFound", "GET", $"{OfGroup}/{key}");
        await owner.ExpectErrorAsync(404, "DeletedRegistryNotFound", "POST", $"{OfGroup}/{key}/recover");
        Assert.Single(await host.Metadata.ListPurgingAsync(0, 10, CancellationToken.None));
        await host.TamperAsync("UPDATE repositories SET locks = 3; UPDATE manifests SET locks = 3; UPDATE tags SET locks = 3"); // locks keep content that stands
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty(await host.Metadata.ListPurgingAsync(0, 10, CancellationToken.None));
    }

    [Fact]
    public async Task A_repository_that_lists_leave_out_is_purged_with_the_others()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await FillAsync(host, owner);
        using (var client = ClientOf(host, "teamone", "owner", RegistryHost.Password)) await client.SetAsync("app", "listEnabled", enabled: false);
        var key = await DeleteAsync(host, owner);
        await owner.ExpectAsync(HttpStatusCode.Accepted, "POST", $"{OfGroup}/{key}/purge");

        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Empty(await host.Metadata.ListPurgingAsync(0, 10, CancellationToken.None));
        await AdvanceAsync(host, 3 * host.Grace);
        await AdvanceAsync(host, 3 * host.Grace);
        Assert.Null(await host.Metadata.FindStoredBlobAsync(Digest.Compute(DigestAlgorithm.Sha256, Content), CancellationToken.None));
        Assert.Empty(await host.Blobs.ListAsync(CancellationToken.None).ToListAsync());
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Those_that_come_to_no_end_keep_no_other_from_its_own()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 100; i++) await PurgeAsync($"stuck{i}");
        await host.TamperAsync("INSERT INTO repositories (registry_id, name, listed, created_at) SELECT id, 'stuck', 1, 0 FROM registries WHERE purging = 1");
        var last = await PurgeAsync("last");

        for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);

        var purging = await host.Metadata.ListPurgingAsync(0, 200, CancellationToken.None);
        Assert.Equal(100, purging.Count);
        Assert.DoesNotContain(last, purging);

        // A hindrance that is gone is found to be gone, whichever the rounds stopped at.
        await host.TamperAsync("DELETE FROM repositories WHERE name = 'stuck'");
        for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Empty(await host.Metadata.ListPurgingAsync(0, 200, CancellationToken.None));

        async Task<long> PurgeAsync(string name)
        {
            var made = (await host.Metadata.CreateRegistryAsync(new NewRegistry(name, "subscription", "default", "", ""), Caller.System, CancellationToken.None)).Record!;
            Assert.True(await host.Metadata.DeleteRegistryAsync(made.Id, Caller.System, CancellationToken.None));
            Assert.True(await host.Metadata.BeginPurgeAsync(made.Id, Caller.System, CancellationToken.None));
            return made.Id;
        }
    }

    [Fact]
    public async Task Who_sees_a_resource_group_sees_what_was_deleted_in_it_and_no_more()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await FillAsync(host, owner);
        var key = await DeleteAsync(host, owner);
        var (reader, readerId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        var (stranger, strangerId) = await ControlClient.NewUserAsync(host, "ben@example.test");
        using (reader)
        using (stranger)
        {
            await owner.AssignAsync(ControlClient.Group, ControlClient.Reader, readerId);
            await owner.AssignAsync(ControlClient.Local, ControlClient.Contributor, strangerId);
            Assert.Equal([key], await NamesAsync(reader, ControlClient.Subscription + Deleted));
            var shown = await reader.ExpectAsync(HttpStatusCode.OK, "GET", $"{OfGroup}/{key.ToUpperInvariant()}");
            Assert.Equal(("teamone", key), (shown.GetProperty("properties").GetProperty("registryName").GetString(), shown.GetProperty("name").GetString()));
            await reader.ExpectErrorAsync(403, "AuthorizationFailed", "POST", $"{OfGroup}/{key}/recover");
            await reader.ExpectErrorAsync(403, "AuthorizationFailed", "POST", $"{OfGroup}/{key}/purge");
            Assert.Empty(await NamesAsync(stranger, ControlClient.Subscription + Deleted));
            await stranger.ExpectErrorAsync(403, "AuthorizationFailed", "GET", $"{OfGroup}/{key}");
        }
    }

    private static async Task<string> FillAsync(RegistryHost host, ControlClient owner)
    {
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team, """{"sku":{"name":"Standard"},"tags":{"a":"b"},"properties":{"anonymousPullEnabled":false}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Team + "/scopeMaps/team-map", """{"properties":{"actions":["repositories/*/content/read"]}}""");
        var body = $$"""{"properties":{"scopeMapId":"{{Team}}/scopeMaps/team-map"} }""";
        foreach (var name in new[] { "team-token", "team-off" }) await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{Team}/tokens/{name}", body);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Team + "/tokens/team-off", """{"properties":{"status":"disabled"}}""");
        using var client = ClientOf(host, "teamone", "owner", RegistryHost.Password);
        Assert.Equal(HttpStatusCode.Created, await client.PushBlobAsync("app", Content));
        Assert.Equal(HttpStatusCode.Created, await client.PutManifestAsync("app", "v1", RegistryClientExtensions.Image(Content)));
        var made = await owner.ExpectAsync(HttpStatusCode.OK, "POST", Team + "/generateCredentials", $$"""{"tokenId":"{{Team}}/tokens/team-token","name":"password1"}""");
        var password = made.GetProperty("passwords")[0].GetProperty("value").GetString()!;
        Assert.Equal(HttpStatusCode.OK, await PullAsync(host, "teamone", "team-token", password));
        return password;
    }

    private static async Task<string> DeleteAsync(RegistryHost host, ControlClient owner)
    {
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Team);
        host.Time.Advance(TimeSpan.FromSeconds(3));
        return Assert.Single(await NamesAsync(owner, OfGroup))!;
    }

    // In steps that the deletion clock takes for time that passed, as rounds of garbage collection see it.
    private static async Task AdvanceAsync(RegistryHost host, TimeSpan by)
    {
        host.Time.Advance(by);
        await host.Collector.SweepAsync(CancellationToken.None);
    }

    private static async Task<HttpStatusCode> PullAsync(RegistryHost host, string registry, string name, string password)
    {
        using var client = ClientOf(host, registry, name, password);
        return await client.GetManifestAsync("app", "v1");
    }

    private static HttpClient ClientOf(RegistryHost host, string registry, string name, string password)
    {
        var client = host.ClientOf(name, password);
        client.DefaultRequestHeaders.Host = $"{registry}.berth.localhost";
        return client;
    }

    private static async Task<List<string?>> NamesAsync(ControlClient client, string path) =>
        [.. (await client.ExpectAsync(HttpStatusCode.OK, "GET", path)).GetProperty("value").EnumerateArray().Select(item => item.GetProperty("name").GetString())];
}
