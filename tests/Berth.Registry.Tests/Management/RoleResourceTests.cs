using System.Net;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Roles and their assignments as resources, and that nobody gives away by them what one may not.</summary>
public sealed class RoleResourceTests
{
    private const string Definitions = "/providers/Microsoft.Authorization/roleDefinitions";
    private const string Assignments = "/providers/Microsoft.Authorization/roleAssignments";

    [Fact]
    public async Task An_assignment_is_made_shown_listed_and_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (user, ann) = await ControlClient.NewUserAsync(host, "ann@example.test");
        user.Dispose();
        var path = await owner.AssignAsync(ControlClient.Local, ControlClient.AcrPull, ann);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", path, ControlClient.AssignmentOf(ControlClient.AcrPull, ann));
        await owner.ExpectErrorAsync(
            409, "RoleAssignmentExists", "PUT", $"{ControlClient.Local}{Assignments}/{Guid.NewGuid()}", ControlClient.AssignmentOf(ControlClient.AcrPull, ann));

        var shown = await owner.ExpectAsync(HttpStatusCode.OK, "GET", path);
        var definition = await owner.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Local}{Definitions}?$filter=roleName%20eq%20'acrpull'");
        Assert.Equal(path, shown.GetProperty("id").GetString());
        Assert.Equal(ControlClient.Local, shown.GetProperty("properties").GetProperty("scope").GetString());
        Assert.Equal(
            definition.GetProperty("value").EnumerateArray().Single().GetProperty("id").GetString(), shown.GetProperty("properties").GetProperty("roleDefinitionId").GetString());

        foreach (var (scope, filter, count) in new[]
        {
            (ControlClient.Local, "", 1), (ControlClient.Local, "?$filter=atScope()", 1), (ControlClient.Group, "?$filter=atScope()", 0),
            (ControlClient.Group, $"?$filter=principalId%20eq%20'{ann}'", 1), (ControlClient.Subscription, $"?$filter=assignedTo('{ann}')", 1),
            (ControlClient.Local, $"?$filter=atScope()%20and%20assignedTo('{ann}')", 1), ("", $"?$filter=principalId%20eq%20'{Guid.NewGuid()}'", 0),
        })
        {
            var list = await owner.ExpectAsync(HttpStatusCode.OK, "GET", scope + Assignments + filter);
            Assert.Equal((scope + filter, count), (scope + filter, list.GetProperty("value").GetArrayLength()));
        }

        var below = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Group + Assignments);
        var next = new Uri(below.GetProperty("nextLink").GetString()!);
        Assert.Equal("arm.berth.localhost", next.Host);
        using var second = await owner.SendRawAsync("GET", next.PathAndQuery);
        Assert.Contains(ann, await second.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        await owner.ExpectErrorAsync(400, "InvalidFilterInQueryString", "GET", $"{ControlClient.Local}{Assignments}?$filter=nonsense");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", path);
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", path);
        await owner.ExpectErrorAsync(404, "RoleAssignmentNotFound", "GET", path);
    }

    [Fact]
    public async Task An_assignment_of_nothing_to_nobody_or_nowhere_is_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (user, ann) = await ControlClient.NewUserAsync(host, "ann@example.test");
        user.Dispose();
        var path = $"{ControlClient.Local}{Assignments}/{Guid.NewGuid()}";
        await owner.ExpectErrorAsync(400, "PrincipalNotFound", "PUT", path, ControlClient.AssignmentOf(ControlClient.AcrPull, Guid.NewGuid().ToString()));
        await owner.ExpectErrorAsync(400, "RoleDefinitionDoesNotExist", "PUT", path, ControlClient.AssignmentOf(Guid.NewGuid().ToString(), ann));
        await owner.ExpectErrorAsync(400, "UnmatchedPrincipalType", "PUT", path, ControlClient.AssignmentOf(ControlClient.AcrPull, ann, "Group"));
        await owner.ExpectErrorAsync(400, "InvalidRoleAssignmentId", "PUT", $"{ControlClient.Local}{Assignments}/nonsense", ControlClient.AssignmentOf(ControlClient.AcrPull, ann));
        await owner.ExpectErrorAsync(
            404, "ResourceNotFound", "PUT", $"{ControlClient.Registries}/absent{Assignments}/{Guid.NewGuid()}", ControlClient.AssignmentOf(ControlClient.AcrPull, ann));
        await owner.ExpectErrorAsync(
            404, "SubscriptionNotFound", "PUT", $"/subscriptions/another{Assignments}/{Guid.NewGuid()}", ControlClient.AssignmentOf(ControlClient.AcrPull, ann));

        var said = await owner.ExpectErrorAsync(
            400, "InvalidCondition", "PUT", path, ControlClient.AssignmentOf(ControlClient.AcrPull, ann, more: ",\"condition\":\"(@Request[ StringStartsWith\",\"conditionVersion\":\"2.0\""));
        Assert.Contains("character 2", said, StringComparison.Ordinal);
        await owner.ExpectErrorAsync(
            400, "InvalidConditionVersion", "PUT", path, ControlClient.AssignmentOf(ControlClient.AcrPull, ann, more: ",\"condition\":\"!(ActionMatches{'*'})\""));
    }

    [Fact]
    public async Task Who_may_not_assign_roles_assigns_none_and_who_may_at_one_registry_does_so_there_alone()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Registries + "/other", """{"sku":{"name":"Basic"}}""");
        var (contributor, bob) = await ControlClient.NewUserAsync(host, "bob@example.test");
        var (administrator, eve) = await ControlClient.NewUserAsync(host, "eve@example.test");
        await owner.AssignAsync(ControlClient.Subscription, ControlClient.Contributor, bob);
        await owner.AssignAsync(ControlClient.Local, ControlClient.AccessAdministrator, eve);

        await contributor.ExpectErrorAsync(
            403, "AuthorizationFailed", "PUT", $"{ControlClient.Local}{Assignments}/{Guid.NewGuid()}", ControlClient.AssignmentOf(ControlClient.AcrPull, bob));
        await administrator.AssignAsync(ControlClient.Local, ControlClient.AcrPull, eve);
        foreach (var scope in new[] { ControlClient.Registries + "/other", ControlClient.Group, ControlClient.Subscription, "" })
        {
            await administrator.ExpectErrorAsync(
                403, "AuthorizationFailed", "PUT", $"{scope}{Assignments}/{Guid.NewGuid()}", ControlClient.AssignmentOf(ControlClient.AcrPull, eve));
        }

        // An assignment elsewhere is not reached by way of the scope that one has the right at.
        var elsewhere = await owner.AssignAsync(ControlClient.Registries + "/other", ControlClient.AcrPull, bob);
        await administrator.ExpectAsync(HttpStatusCode.NoContent, "DELETE", ControlClient.Local + elsewhere[elsewhere.IndexOf(Assignments, StringComparison.Ordinal)..]);
        await owner.ExpectAsync(HttpStatusCode.OK, "GET", elsewhere);
        contributor.Dispose();
        administrator.Dispose();
    }

    [Fact]
    public async Task A_role_of_ones_own_is_defined_where_one_may_and_assigned_within_its_scopes()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (administrator, eve) = await ControlClient.NewUserAsync(host, "eve@example.test");
        using var client = administrator;
        await owner.AssignAsync(ControlClient.Local, ControlClient.AccessAdministrator, eve);
        var id = Guid.NewGuid().ToString();
        string Role(string scope) => $$"""
            {"properties":{"roleName":"Tag reader","description":"d","type":"CustomRole","assignableScopes":["{{scope}}"],
            "permissions":[{"actions":["Microsoft.ContainerRegistry/registries/read"],"dataActions":[]}]} }
            """;

        await client.ExpectErrorAsync(403, "AuthorizationFailed", "PUT", $"{ControlClient.Local}{Definitions}/{id}", Role(ControlClient.Subscription));
        await owner.ExpectErrorAsync(400, "RoleDefinitionCannotBeChanged", "PUT", $"{ControlClient.Local}{Definitions}/{ControlClient.AcrPull}", Role(ControlClient.Local));
        var made = await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{ControlClient.Local}{Definitions}/{id}", Role(ControlClient.Local));
        Assert.Equal("CustomRole", made.GetProperty("properties").GetProperty("type").GetString());
        Assert.Equal($"{ControlClient.Subscription}{Definitions}/{id}", made.GetProperty("id").GetString());

        await owner.ExpectErrorAsync(400, "RoleDefinitionNotAssignable", "PUT", $"{ControlClient.Group}{Assignments}/{Guid.NewGuid()}", ControlClient.AssignmentOf(id, eve));
        var assignment = await client.AssignAsync(ControlClient.Local, id, eve);
        await owner.ExpectErrorAsync(409, "RoleDefinitionHasAssignments", "DELETE", $"{ControlClient.Local}{Definitions}/{id}");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", assignment);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", $"{ControlClient.Local}{Definitions}/{id}");

        // A role that reaches further than one's right is not changed by way of where one has it.
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{ControlClient.Subscription}{Definitions}/{id}", Role(ControlClient.Subscription));
        await client.ExpectErrorAsync(403, "AuthorizationFailed", "PUT", $"{ControlClient.Local}{Definitions}/{id}", Role(ControlClient.Local));
        await client.ExpectErrorAsync(403, "AuthorizationFailed", "DELETE", $"{ControlClient.Local}{Definitions}/{id}");
    }
}
