using System.Net;
using System.Net.Http.Headers;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity.Matrix;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity.Attacks;

/// <summary>Somebody with every right at one registry, who brings the ids of another one's things.</summary>
public sealed class ForeignIdTests
{
    private const string Other = ControlClient.Registries + "/other1";
    private const string Body = """{"properties":{"actions":["repositories/a/content/read"]}}""";

    [Fact]
    public async Task Ids_of_another_registry_in_the_path_or_the_body_give_nothing_and_change_nothing()
    {
        await using var matrix = await MatrixHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(matrix.Host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{Other}/scopeMaps/theirs", Body);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{Other}/tokens/theirs", $$"""{"properties":{"scopeMapId":"{{Other}}/scopeMaps/theirs"} }""");
        var somebody = await matrix.MakePrincipalAsync();
        var assignment = await owner.AssignAsync(Other, ControlClient.AcrPull, somebody.ObjectId, "ServicePrincipal");
        var assignmentId = assignment[(assignment.LastIndexOf('/') + 1)..];
        using var attacker = await ControlClient.OfAsync(matrix.Host, (await matrix.MakePrincipalAsync("Owner")).Name);
        await attacker.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Local}/scopeMaps");
        var before = await matrix.LedgerEndAsync();

        foreach (var kind in new[] { "scopeMaps", "tokens" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await attacker.SendAsync("GET", $"{ControlClient.Local}/{kind}/theirs")).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await attacker.SendAsync("PATCH", $"{ControlClient.Local}/{kind}/theirs", """{"properties":{}}""")).Status);
            Assert.Equal(HttpStatusCode.NoContent, (await attacker.SendAsync("DELETE", $"{ControlClient.Local}/{kind}/theirs")).Status);
        }

        foreach (var (path, body) in new[]
        {
            ("generateCredentials", $$"""{"tokenId":"{{Other}}/tokens/theirs"}"""), ("generateCredentials", $$"""{"tokenId":"{{ControlClient.Local}}/tokens/../../other1/tokens/theirs"}"""),
            ("generateCredentials", $$"""{"tokenId":"{{ControlClient.Local}}/tokens/theirs"}"""),
        })
            Assert.InRange((int)(await attacker.SendAsync("POST", $"{ControlClient.Local}/{path}", body)).Status, 400, 404);
        Assert.Equal(
            HttpStatusCode.BadRequest, (await attacker.SendAsync("PUT", $"{ControlClient.Local}/tokens/mine5", $$"""{"properties":{"scopeMapId":"{{Other}}/scopeMaps/theirs"} }""")).Status);

        var here = $"{ControlClient.Local}/providers/Microsoft.Authorization/roleAssignments/{assignmentId}";
        Assert.Equal(HttpStatusCode.NotFound, (await attacker.SendAsync("GET", here)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await attacker.SendAsync("DELETE", here)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await attacker.SendAsync("PUT", here, ControlClient.AssignmentOf(ControlClient.Contributor, somebody.ObjectId, "ServicePrincipal"))).Status);
        Assert.Equal(before, await matrix.LedgerEndAsync());
        await owner.ExpectAsync(HttpStatusCode.OK, "GET", assignment);
    }

    [Fact]
    public async Task A_federated_credential_of_one_identity_is_none_of_another_one()
    {
        await using var matrix = await MatrixHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(matrix.Host);
        foreach (var identity in new[] { "mine", "theirs" }) await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{ControlClient.Identities}/{identity}", """{"location":"local"}""");
        await owner.ExpectAsync(
            HttpStatusCode.Created, "PUT", $"{ControlClient.Identities}/theirs/federatedIdentityCredentials/main",
            """{"properties":{"issuer":"https://issuer.example","subject":"s","audiences":["api://AzureADTokenExchange"]}}""");
        var scope = ResourceScope.Parse($"{ControlClient.Identities}/mine");
        using var attacker = await ControlClient.OfAsync(matrix.Host, (await matrix.MakePrincipalAsync("Owner", scope)).Name);
        var before = await matrix.LedgerEndAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await attacker.SendAsync("GET", $"{ControlClient.Identities}/mine/federatedIdentityCredentials/main")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await attacker.SendAsync("DELETE", $"{ControlClient.Identities}/mine/federatedIdentityCredentials/main")).Status);
        foreach (var method in new[] { "GET", "PUT", "DELETE" })
            Assert.Equal(HttpStatusCode.Forbidden, (await attacker.SendAsync(method, $"{ControlClient.Identities}/theirs/federatedIdentityCredentials/main", method == "PUT" ? "{}" : null)).Status);
        Assert.Equal(before, await matrix.LedgerEndAsync());
    }

    [Fact]
    public async Task A_role_that_is_for_another_registry_is_neither_listed_nor_shown_nor_assigned_here()
    {
        await using var matrix = await MatrixHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(matrix.Host);
        var id = Guid.NewGuid().ToString();
        const string roles = "/providers/Microsoft.Authorization/roleDefinitions";
        await owner.ExpectAsync(
            HttpStatusCode.Created, "PUT", $"{Other}{roles}/{id}",
            $$"""{"properties":{"roleName":"Their secret project","assignableScopes":["{{Other}}"],"permissions":[{"actions":["Microsoft.ContainerRegistry/registries/pull/read"]}]} }""");
        var somebody = await matrix.MakePrincipalAsync();
        using var attacker = await ControlClient.OfAsync(matrix.Host, (await matrix.MakePrincipalAsync("Owner")).Name);
        var before = await matrix.LedgerEndAsync();

        var list = await attacker.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Local}{roles}");
        Assert.DoesNotContain("Their secret project", list.GetRawText(), StringComparison.Ordinal);
        await attacker.ExpectErrorAsync(404, "RoleDefinitionDoesNotExist", "GET", $"{ControlClient.Local}{roles}/{id}");
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await attacker.SendAsync(
                "PUT", $"{ControlClient.Local}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}", ControlClient.AssignmentOf(id, somebody.ObjectId, "ServicePrincipal"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await attacker.SendAsync("DELETE", $"{ControlClient.Local}{roles}/{id}")).Status);
        Assert.Equal(before, await matrix.LedgerEndAsync());

        // Above it, and where it may be assigned, it is seen.
        Assert.Contains("Their secret project", (await owner.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Subscription}{roles}")).GetRawText(), StringComparison.Ordinal);
        await owner.ExpectAsync(HttpStatusCode.OK, "GET", $"{Other}{roles}/{id}");
    }

    [Fact]
    public async Task Nothing_of_a_registry_is_found_under_the_name_of_another()
    {
        await using var matrix = await MatrixHost.StartAsync();
        var used = DataProbe.DigestOf(DataProbe.Used);
        foreach (var (method, path, status) in new[]
        {
            ("GET", $"/v2/team/app/blobs/{used}", HttpStatusCode.NotFound), ("GET", "/v2/team/app/manifests/1", HttpStatusCode.NotFound),
            ("GET", $"/v2/team/app/blobs/uploads/{matrix.Upload}", HttpStatusCode.NotFound), ("PATCH", $"/v2/team/app/blobs/uploads/{matrix.Upload}", HttpStatusCode.NotFound),
            ("DELETE", $"/v2/team/app/blobs/uploads/{matrix.Upload}", HttpStatusCode.NotFound),
            ("POST", $"/v2/team/app/blobs/uploads/?mount={used}&from=team/app", HttpStatusCode.Accepted), ("POST", $"/v2/team/app/blobs/uploads/?mount={used}", HttpStatusCode.Accepted),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Headers = { Host = MatrixHost.OtherHost } };
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(matrix.Host.Endpoint.PasswordHeader); // good at every registry, as no token is
            if (method == "PATCH") request.Content = new ByteArrayContent(DataProbe.New);
            using var answer = await matrix.Host.Client.SendAsync(request);
            Assert.Equal((method, path, status), (method, path, answer.StatusCode));
        }

        Assert.Equal(HttpStatusCode.OK, await matrix.Host.Client.HeadBlobAsync("team/app", used));
    }
}
