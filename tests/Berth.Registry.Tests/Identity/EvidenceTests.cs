using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>What an auditor asks and is told.</summary>
public sealed class EvidenceTests
{
    private const string Prefix = "/berth/v1/registries/local/access/";

    [Fact]
    public async Task The_report_names_everybody_who_may_pull_and_the_way_there()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        foreach (var name in new[] { "ann@example.test", "bob@example.test", "eve@example.test" }) (await host.SignedInAsync(name)).Dispose();
        var group = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "pullers", "pullers"), Caller.System, CancellationToken.None)).Record!;
        var bob = await host.Metadata.FindPrincipalAsync("bob@example.test", CancellationToken.None);
        await host.Metadata.AddMemberAsync(group.Id, bob!.Id, Caller.System, CancellationToken.None);
        await host.AssignAsync("ann@example.test", "AcrPush");
        await host.AssignAsync("pullers", "AcrPull");

        using var report = await AskAsync(auditor, "report?repository=team-a/app");
        var entries = report.RootElement.GetProperty("value").EnumerateArray().ToDictionary(e => e.GetProperty("name").GetString()!);
        Assert.Equal(["ann@example.test", "bob@example.test", "owner"], entries.Keys.Order());
        Assert.Equal("AcrPush", entries["ann@example.test"].GetProperty("role").GetString());
        Assert.Equal(["pullers"], entries["bob@example.test"].GetProperty("groups").EnumerateArray().Select(g => g.GetString()!));
        Assert.DoesNotContain("ContentWrite", entries["bob@example.test"].GetProperty("actions").EnumerateArray().Select(a => a.GetString()));
        Assert.Contains("ContentWrite", entries["ann@example.test"].GetProperty("actions").EnumerateArray().Select(a => a.GetString()));
    }

    [Fact]
    public async Task What_somebody_may_do_is_told_by_repository_with_the_way_through_groups()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        (await host.SignedInAsync("bob@example.test")).Dispose();
        foreach (var repository in new[] { "team-a/app", "team-b/app" })
            await host.Client.PutManifestAsync(repository, "v1", """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray(), Oci.MediaTypes.OciIndex);
        var inner = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "inner", "Inner"), Caller.System, CancellationToken.None)).Record!;
        var outer = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "outer", "Outer"), Caller.System, CancellationToken.None)).Record!;
        var bob = await host.Metadata.FindPrincipalAsync("bob@example.test", CancellationToken.None);
        await host.Metadata.AddMemberAsync(inner.Id, bob!.Id, Caller.System, CancellationToken.None);
        await host.Metadata.AddMemberAsync(outer.Id, inner.Id, Caller.System, CancellationToken.None);
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        await host.AssignAsync("outer", "Container Registry Repository Reader");
        await host.AssignAsync(
            "bob@example.test", "Container Registry Repository Writer", "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'team-a/'");

        using var report = await AskAsync(auditor, "report?principal=bob@example.test");
        var entries = report.RootElement.GetProperty("value").EnumerateArray()
            .Select(e => (Text(e, "repository"), Text(e, "role"), string.Join('>', e.GetProperty("groups").EnumerateArray().Select(g => g.GetString()))))
            .Order().ToList();
        Assert.Equal(
            [
                ("", null, ""), ("*", "Container Registry Repository Reader", "Outer>Inner"), ("team-a/app", "Container Registry Repository Reader", "Outer>Inner"),
                ("team-a/app", "Container Registry Repository Writer", ""), ("team-b/app", "Container Registry Repository Reader", "Outer>Inner"),
            ],
            entries);
        using var ofGroup = await AskAsync(auditor, $"report?principal={inner.ObjectId}");
        Assert.Equal(["*", "", "team-a/app", "team-b/app"], ofGroup.RootElement.GetProperty("value").EnumerateArray().Select(e => Text(e, "repository")));
        using var both = await AskAsync(auditor, "report?principal=bob@example.test&repository=team-b/app");
        Assert.Equal("Container Registry Repository Reader", Text(Assert.Single(both.RootElement.GetProperty("value").EnumerateArray()), "role"));
        Assert.Equal(HttpStatusCode.BadRequest, (await auditor.GetAsync(new Uri(Prefix + "report", UriKind.Relative))).StatusCode);

        await host.Metadata.UpdatePrincipalAsync(bob.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        using var disabled = await AskAsync(auditor, "report?principal=bob@example.test");
        Assert.Empty(disabled.RootElement.GetProperty("value").EnumerateArray());
    }

    [Fact]
    public async Task An_auditor_of_one_registry_is_not_told_of_those_without_a_right_there()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var name in new[] { "ann@example.test", "bob@example.test", "eve@example.test" }) (await host.SignedInAsync(name)).Dispose();
        var other = await host.Metadata.CreateRegistryAsync(new NewRegistry("other", "subscription", "default", "local", "Premium"), Caller.System, CancellationToken.None);
        var eve = await host.Metadata.FindPrincipalAsync("eve@example.test", CancellationToken.None);
        await host.Metadata.UpdatePrincipalAsync(eve!.Id, new PrincipalChanges(DisplayName: "Eve Other"), Caller.System, CancellationToken.None);
        var pull = BuiltInRoles.Find("AcrPull")!.Id.ToString();
        await host.Metadata.PutRoleAssignmentAsync(new RoleAssignmentRecord(Guid.NewGuid().ToString(), other.Record!.Scope, pull, eve.Id), Caller.System, CancellationToken.None);
        var group = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "pullers", "pullers"), Caller.System, CancellationToken.None)).Record!;
        await host.Metadata.AddMemberAsync(group.Id, (await host.Metadata.FindPrincipalAsync("bob@example.test", CancellationToken.None))!.Id, Caller.System, CancellationToken.None);
        await host.AssignAsync("ann@example.test", "Reader");
        await host.AssignAsync("pullers", "AcrPull");
        using var ann = await SignedInToControlAsync(host, "ann@example.test");
        using var owner = await SignedInToControlAsync(host, "owner");

        foreach (var known in new[] { "bob@example.test", "ann@example.test", "owner", group.ObjectId })
            Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync(new Uri(Prefix + $"credentials?principal={known}", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync(new Uri(Prefix + "credentials?principal=eve@example.test", UriKind.Relative))).StatusCode);
        foreach (var stranger in new[] { "eve@example.test", eve.ObjectId, "nobody" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync(new Uri(Prefix + $"credentials?principal={stranger}", UriKind.Relative))).StatusCode);
            using var explained = await AskAsync(ann, $"explain?principal={stranger}&repository=team-a/app&action=ContentRead");
            Assert.Equal((stranger, stranger), (Text(explained.RootElement, "principal"), Text(explained.RootElement, "displayName")));
            Assert.Equal(JsonValueKind.Null, explained.RootElement.GetProperty("enabled").ValueKind);
            Assert.False(explained.RootElement.GetProperty("allowed").GetBoolean());
            Assert.Contains("AcrPull", explained.RootElement.GetProperty("rolesThatAllow").EnumerateArray().Select(r => r.GetString()));
            using var report = await AskAsync(ann, $"report?principal={stranger}");
            Assert.Equal("Anonymous", Text(Assert.Single(report.RootElement.GetProperty("value").EnumerateArray()), "kind"));
            using var ofOne = await AskAsync(ann, $"report?principal={stranger}&repository=team-a/app");
            Assert.Empty(ofOne.RootElement.GetProperty("value").EnumerateArray());
        }
    }

    [Fact]
    public async Task A_role_that_operators_defined_is_told_by_its_name()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        (await host.SignedInAsync("ann@example.test")).Dispose();
        var ann = await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None);
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var role = new RoleDefinitionRecord(
            Guid.NewGuid().ToString(), "Image puller", "", """["/"]""", """[{"actions":["Microsoft.ContainerRegistry/registries/pull/read"]}]""");
        await host.Metadata.PutRoleDefinitionAsync(role, Caller.System, CancellationToken.None);
        await host.Metadata.PutRoleAssignmentAsync(
            new RoleAssignmentRecord(Guid.NewGuid().ToString(), registry!.Scope, role.Id, ann!.Id), Caller.System, CancellationToken.None);

        using var pull = await AskAsync(auditor, "explain?principal=ann@example.test&repository=team-a/app&action=ContentRead");
        var reason = Assert.Single(pull.RootElement.GetProperty("reasons").EnumerateArray());
        Assert.Equal("Image puller", Text(reason, "role"));
        Assert.Contains("Image puller", Text(reason, "sentence"), StringComparison.Ordinal);
        Assert.DoesNotContain(role.Id, Text(reason, "sentence"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_on_the_control_plane_is_told_where_its_registry_is()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        (await host.SignedInAsync("ann@example.test")).Dispose();
        using var ann = await SignedInToControlAsync(host, "ann@example.test");
        foreach (var group in new[] { "default", "other" })
        {
            var path = $"/subscriptions/subscription/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/LOCAL/tokens/ci?api-version=2023-07-01";
            Assert.Equal(HttpStatusCode.Forbidden, (await ann.DeleteAsync(path)).StatusCode);
        }

        using var denials = await AskAsync(auditor, "denials");
        var denial = Assert.Single(denials.RootElement.GetProperty("value").EnumerateArray());
        Assert.Equal(("ann@example.test", "Microsoft.ContainerRegistry/registries/tokens/delete", 1), (Text(denial, "actor"), Text(denial, "reason"), denial.GetProperty("count").GetInt64()));
    }

    [Fact]
    public async Task Log_ins_and_denials_are_told_with_who_and_why()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        using var ann = await host.SignedInAsync("ann@example.test");
        Assert.Equal(HttpStatusCode.Forbidden, await ann.GetManifestAsync("team-a/app", "1"));
        using var wrong = host.ClientOf("ann@example.test", "a wrong password");
        Assert.Equal(HttpStatusCode.Unauthorized, await wrong.GetManifestAsync("team-a/app", "1"));

        using var logins = await AskAsync(auditor, "logins");
        Assert.Equal(["ann@example.test"], logins.RootElement.GetProperty("value").EnumerateArray().Select(e => e.GetProperty("actor").GetString()!));
        using var denials = await AskAsync(auditor, "denials");
        Assert.Equal(
            [("denied", "manifest.get team-a/app"), ("sign-in.refused", "password")],
            denials.RootElement.GetProperty("value").EnumerateArray().Select(e => (e.GetProperty("kind").GetString()!, e.GetProperty("reason").GetString()!)).Order());
        Assert.All(denials.RootElement.GetProperty("value").EnumerateArray(), e => Assert.NotEmpty(e.GetProperty("requestId").GetString()!));
    }

    [Fact]
    public async Task What_belongs_to_no_registry_is_told_to_those_who_may_ask_about_the_subscription()
    {
        await using var host = await RegistryHost.StartAsync();
        (await host.SignedInAsync("ann@example.test")).Dispose();
        using var anybody = host.WithoutCredential();
        foreach (var (password, status) in new[] { ("a password of its own", HttpStatusCode.OK), ("a wrong password", HttpStatusCode.BadRequest) })
        {
            using var form = new FormUrlEncodedContent([new("grant_type", "password"), new("client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46"), new("username", "ann@example.test"), new("password", password), new("resource", "https://arm.berth.localhost")]);
            using var answer = await anybody.PostAsync(new Uri("/adfs/oauth2/token", UriKind.Relative), form);
            Assert.Equal(status, answer.StatusCode);
        }

        using var ann = await SignedInToControlAsync(host, "ann@example.test", "https://graph.berth.localhost");
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync(new Uri("/v1.0/users", UriKind.Relative))).StatusCode);

        using var auditor = await SignedInToControlAsync(host, "owner");
        using var logins = JsonDocument.Parse(await auditor.GetStringAsync(new Uri("/berth/v1/access/logins", UriKind.Relative)));
        Assert.Equal([("ann@example.test", "password")], logins.RootElement.GetProperty("value").EnumerateArray().Select(e => (Text(e, "actor")!, Text(e, "reason")!)));
        using var denials = JsonDocument.Parse(await auditor.GetStringAsync(new Uri("/berth/v1/access/denials", UriKind.Relative)));
        Assert.Equal(
            [("denied", "ann@example.test", "directory read"), ("sign-in.refused", "ann@example.test", "password")],
            denials.RootElement.GetProperty("value").EnumerateArray().Select(e => (Text(e, "kind")!, Text(e, "actor")!, Text(e, "reason")!)).Order());
        Assert.Equal(HttpStatusCode.NotFound, (await auditor.GetAsync(new Uri("/berth/v1/access/report?principal=owner", UriKind.Relative))).StatusCode);

        await host.AssignAsync("ann@example.test", "Owner");
        using var atRegistry = await SignedInToControlAsync(host, "ann@example.test");
        Assert.Equal(HttpStatusCode.Forbidden, (await atRegistry.GetAsync(new Uri("/berth/v1/access/logins", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_decision_is_explained()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        (await host.SignedInAsync("ann@example.test")).Dispose();
        await host.AssignAsync("ann@example.test", "AcrPull");

        using var pull = await AskAsync(auditor, "explain?principal=ann@example.test&repository=team-a/app&action=contentread");
        Assert.True(pull.RootElement.GetProperty("allowed").GetBoolean());
        using var push = await AskAsync(auditor, "explain?principal=ann@example.test&repository=team-a/app&action=ContentWrite");
        Assert.False(push.RootElement.GetProperty("allowed").GetBoolean());
        Assert.Contains("AcrPush", push.RootElement.GetProperty("rolesThatAllow").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await auditor.GetAsync(new Uri(Prefix + "explain?principal=nobody&repository=a&action=ContentRead", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await auditor.GetAsync(new Uri(Prefix + "explain?principal=owner&repository=a&action=9", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task What_anybody_may_is_part_of_an_explanation()
    {
        await using var host = await RegistryHost.StartAsync();
        using var auditor = await SignedInToControlAsync(host, "owner");
        (await host.SignedInAsync("ann@example.test")).Dispose();
        foreach (var repository in new[] { "public/app", "team-a/app" })
            await host.Client.PutManifestAsync(repository, "v1", """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray(), Oci.MediaTypes.OciIndex);
        using var opened = new StringContent("""{"anonymousPullEnabled":true}""");
        Assert.Equal(HttpStatusCode.OK, (await host.Client.PatchAsync(new Uri("/acr/v1/public/app", UriKind.Relative), opened)).StatusCode);

        foreach (var (repository, action, isAllowed) in new[] { ("public/app", "ContentRead", true), ("public/app", "MetadataRead", true), ("public/app", "ContentWrite", false), ("team-a/app", "ContentRead", false) })
        {
            using var answer = await AskAsync(auditor, $"explain?principal=ann@example.test&repository={repository}&action={action}");
            Assert.Equal((repository, action, isAllowed), (repository, action, answer.RootElement.GetProperty("allowed").GetBoolean()));
            Assert.Equal(isAllowed ? ["anonymous pull"] : [], answer.RootElement.GetProperty("reasons").EnumerateArray().Select(reason => Text(reason, "source")!));
        }
    }

    [Fact]
    public async Task Only_who_may_read_assignments_is_told()
    {
        await using var host = await RegistryHost.StartAsync();
        (await host.SignedInAsync("ann@example.test")).Dispose();
        using var ann = await SignedInToControlAsync(host, "ann@example.test");
        using var anybody = host.WithoutCredential();
        var denials = new Uri(Prefix + "denials", UriKind.Relative);
        var absent = new Uri("/berth/v1/registries/absent/access/denials", UriKind.Relative);
        Assert.Equal(HttpStatusCode.Unauthorized, (await anybody.GetAsync(denials)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.GetAsync(denials)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync(denials)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync(absent)).StatusCode);

        await host.AssignAsync("ann@example.test", "Reader");
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync(denials)).StatusCode);
    }

    internal static async Task<HttpClient> SignedInToControlAsync(RegistryHost host, string name, string audience = "https://arm.berth.localhost")
    {
        var record = await host.Metadata.FindPrincipalAsync(name, CancellationToken.None);
        var authority = host.Services.GetRequiredService<AuthorityTokens>();
        return host.BearerOf(await authority.IssueAsync(record!, audience, null, CancellationToken.None));
    }

    private static string? Text(JsonElement e, string name) => e.GetProperty(name).GetString();

    private static async Task<JsonDocument> AskAsync(HttpClient client, string question) =>
        JsonDocument.Parse(await client.GetStringAsync(new Uri(Prefix + question, UriKind.Relative)));
}
