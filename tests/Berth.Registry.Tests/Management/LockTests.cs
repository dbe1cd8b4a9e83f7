using System.Net;
using Berth.Registry.Management;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Locks of resources: who may set them, what they forbid, and what goes on all the same.</summary>
public sealed class LockTests
{
    private const string Locks = "/providers/Microsoft.Authorization/locks";
    private const string AtLocal = ControlClient.Local + Locks;
    private const string AtGroup = ControlClient.Group + Locks;
    private const string AtSubscription = ControlClient.Subscription + Locks;
    private const string NoDeletion = """{"properties":{"level":"CanNotDelete","notes":"in use"}}""";
    private const string NoChange = """{"properties":{"level":"readonly"}}""";

    [Fact]
    public async Task A_lock_is_made_shown_listed_changed_and_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", AtLocal + "/Keep", NoDeletion);
        Assert.Equal(
            (AtLocal + "/Keep", "Keep", "Microsoft.Authorization/locks"),
            (made.GetProperty("id").GetString(), made.GetProperty("name").GetString(), made.GetProperty("type").GetString()));
        Assert.Equal(("CanNotDelete", "in use"), (made.GetProperty("properties").GetProperty("level").GetString(), made.GetProperty("properties").GetProperty("notes").GetString()));
        Assert.Equal(made.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "GET", AtLocal + "/keep")).GetRawText());
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", AtLocal + "/keep", made.GetRawText());

        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", AtGroup + "/group", NoDeletion);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", AtSubscription + "/all", NoDeletion);
        Assert.Equal(["all", "group", "Keep"], await NamesAsync(owner, AtLocal));
        Assert.Equal(["all", "group", "Keep"], await NamesAsync(owner, AtSubscription));
        Assert.Equal(["all", "group"], await NamesAsync(owner, AtGroup, "?$filter=atScope()"));

        var changed = await owner.ExpectAsync(HttpStatusCode.OK, "PUT", AtLocal + "/keep", NoChange);
        Assert.Equal("ReadOnly", changed.GetProperty("properties").GetProperty("level").GetString());
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", AtLocal + "/keep");
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", AtLocal + "/keep");
        await owner.ExpectErrorAsync(404, "LockNotFound", "GET", AtLocal + "/keep");
        await owner.ExpectErrorAsync(404, "LockNotFound", "GET", AtLocal + "/group");
    }

    [Fact]
    public async Task A_lock_that_says_something_else_or_is_nowhere_is_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        foreach (var (body, code) in new[]
        {
            ("{}", "InvalidRequestContent"), ("""{"properties":{"level":"None"}}""", "InvalidLockLevel"), ("""{"properties":{"level":1}}""", "InvalidRequestContent"),
            ("""{"properties":{"level":"ReadOnly","more":1}}""", "InvalidRequestContent"), ("""{"properties":{"level":"ReadOnly","owners":[{"applicationId":"a"}]}}""", "FeatureNotSupported"),
            ($$"""{"properties":{"level":"ReadOnly","notes":"{{new string('n', 513)}}"} }""", "InvalidRequestContent"),
        })
            await owner.ExpectErrorAsync(400, code, "PUT", AtLocal + "/keep", body);
        await owner.ExpectErrorAsync(400, "InvalidLockName", "PUT", AtLocal + "/a%3Ab", NoChange);
        await owner.ExpectErrorAsync(400, "InvalidLockScope", "PUT", Locks + "/keep", NoChange);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "PUT", $"{ControlClient.Registries}/absent{Locks}/keep", NoChange);
        await owner.ExpectErrorAsync(404, "ResourceGroupNotFound", "PUT", $"{ControlClient.Subscription}/resourceGroups/absent{Locks}/keep", NoChange);
        await owner.ExpectErrorAsync(404, "SubscriptionNotFound", "PUT", $"/subscriptions/other{Locks}/keep", NoChange);
        Assert.Empty(await NamesAsync(owner, AtSubscription));
    }

    [Fact]
    public async Task Who_assigns_roles_locks_and_who_contributes_does_not()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (contributor, contributorId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        var (administrator, administratorId) = await ControlClient.NewUserAsync(host, "ben@example.test");
        using (contributor)
        using (administrator)
        {
            await owner.AssignAsync(ControlClient.Local, ControlClient.Contributor, contributorId);
            await owner.AssignAsync(ControlClient.Local, ControlClient.AccessAdministrator, administratorId);
            await contributor.ExpectErrorAsync(403, "AuthorizationFailed", "PUT", AtLocal + "/keep", NoChange);
            await administrator.ExpectAsync(HttpStatusCode.Created, "PUT", AtLocal + "/keep", NoChange);
            await contributor.ExpectAsync(HttpStatusCode.OK, "GET", AtLocal + "/keep");
            await contributor.ExpectErrorAsync(403, "AuthorizationFailed", "DELETE", AtLocal + "/keep");
            await contributor.ExpectErrorAsync(409, "ScopeLocked", "PATCH", ControlClient.Local, """{"tags":{"a":"b"}}""");
            await administrator.ExpectErrorAsync(403, "AuthorizationFailed", "PUT", AtGroup + "/keep", NoChange);
        }
    }

    [Fact]
    public async Task What_must_not_be_deleted_is_changed_and_what_is_below_it_is_not_deleted_either()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Second = ControlClient.Registries + "/second";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second, """{"sku":{"name":"Basic"}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second + "/scopeMaps/locked-map", """{"properties":{"actions":["repositories/a/content/read"]}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second + Locks + "/keep", NoDeletion);

        var message = await owner.ExpectErrorAsync(409, "ScopeLocked", "DELETE", Second);
        Assert.Contains($"the lock '{Second}{Locks}/keep' (CanNotDelete)", message, StringComparison.Ordinal);
        await owner.ExpectErrorAsync(409, "ScopeLocked", "DELETE", Second + "/scopeMaps/locked-map");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "DELETE", $"{Second}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "DELETE", ControlClient.Group);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Second, """{"tags":{"a":"b"}}""");
        await owner.ExpectAsync(HttpStatusCode.OK, "GET", Second);

        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Second + Locks + "/keep");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Second + "/scopeMaps/locked-map");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Second);
    }

    [Fact]
    public async Task What_is_read_only_takes_no_change_below_it_but_pushes_and_pulls_go_on()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", AtGroup + "/freeze", NoChange);
        await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + "/scopeMaps"); // who looks first makes those that every registry has
        var before = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Count;

        List<string> wrong = [];
        foreach (var route in ManagementRoute.All.Where(route => route.Pattern.Contains("{group}", StringComparison.Ordinal) || route.Pattern.StartsWith("{scope}", StringComparison.Ordinal)))
        {
            var isChange = route.Method is not ("GET" or "HEAD") && !route.Name.StartsWith("locks.", StringComparison.Ordinal);
            var path = route.Pattern.Replace("{scope}", ControlClient.Local).Replace("{subscription}", "subscription").Replace("{group}", "default").Replace("{registry}", "local")
                .Replace("{assignment}", ControlClient.AcrPull).Replace("{role}", ControlClient.AcrPull).Replace("{", "").Replace("}", "");
            var (status, body) = await owner.SendAsync(route.Method, path, isChange ? "{}" : null);
            if (isChange != (status == HttpStatusCode.Conflict && body.GetProperty("error").GetProperty("code").GetString() == "ScopeLocked"))
                wrong.Add($"{route.Name} gave {(int)status} {body}");
        }

        Assert.Equal("", string.Join('\n', wrong));
        Assert.Equal(before, (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Count);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", [1, 2, 3]));
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Subscription + "/resourceGroups/other", """{"location":"local"}""");
    }

    [Fact]
    public async Task The_activity_log_names_the_lock()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", AtLocal + "/keep", NoDeletion);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", AtLocal + "/keep");
        var log = await owner.ExpectAsync(
            HttpStatusCode.OK, "GET",
            $"{ControlClient.Subscription}/providers/Microsoft.Insights/eventtypes/management/values?$filter=eventTimestamp%20ge%20'2026-01-01T00:00:00Z'%20and%20resourceUri%20eq%20'{AtLocal}/keep'");
        Assert.Equal(
            ["Microsoft.Authorization/locks/delete", "Microsoft.Authorization/locks/write"],
            log.GetProperty("value").EnumerateArray().Select(known => known.GetProperty("operationName").GetProperty("value").GetString()));
    }

    private static async Task<List<string?>> NamesAsync(ControlClient client, string path, string query = "")
    {
        var names = new List<string?>();
        for (var next = path + query; next is not null;)
        {
            using var answer = await client.SendRawAsync("GET", next.Contains("api-version", StringComparison.Ordinal) ? next : $"{next}{(next.Contains('?') ? '&' : '?')}api-version=2016-09-01");
            using var page = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            names.AddRange(page.RootElement.GetProperty("value").EnumerateArray().Select(held => held.GetProperty("name").GetString()));
            next = page.RootElement.TryGetProperty("nextLink", out var link) ? new Uri(link.GetString()!).PathAndQuery : null;
        }

        return names;
    }
}
