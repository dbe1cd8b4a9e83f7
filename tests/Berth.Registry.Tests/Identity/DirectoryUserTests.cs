using System.Net;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>The directory as a client of Microsoft Graph sees it: who may use it, people, groups.</summary>
public sealed class DirectoryUserTests
{
    private const string Ann =
        """{"accountEnabled":true,"displayName":"Ann","mailNickname":"ann","userPrincipalName":"Ann@example.test","passwordProfile":{"password":"first-Passw0rd-x","forceChangePasswordNextSignIn":false}}""";

    [Fact]
    public async Task Only_a_good_token_for_the_directory_opens_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var owner = (await host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None))!;
        var names = host.Services.GetRequiredService<PublicNames>();
        var ofArm = await host.Services.GetRequiredService<AuthorityTokens>().IssueAsync(owner, names.ArmEndpoint, null, CancellationToken.None);

        foreach (var token in (string?[])[null, "no.token.atall", ofArm])
        {
            using var graph = GraphClient.With(host, token);
            Assert.Equal((401, "InvalidAuthenticationToken"), await CodeAsync(graph, "GET", "/v1.0/users"));
        }

        using var good = await GraphClient.OfAsync(host);
        Assert.Equal(OwnerAccount.Name, (await good.GoodAsync("GET", "/V1.0/ME")).GetProperty("userPrincipalName").GetString());
        Assert.Equal(404, (await good.RefusedAsync("GET", "/v1.0/users/x/y/z")).Status);
        Assert.Equal(405, (await good.RefusedAsync("PUT", "/v1.0/users")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync("/v1.0/devices")).StatusCode);
    }

    [Fact]
    public async Task A_role_is_needed_to_read_and_the_right_to_assign_roles_to_write()
    {
        await using var host = await RegistryHost.StartAsync();

        using var nobody = await GraphClient.OfNewAsync(host, "nobody@example.test", role: null);
        Assert.Equal((403, "Authorization_RequestDenied"), await CodeAsync(nobody, "GET", "/v1.0/users"));
        Assert.Equal("nobody@example.test", (await nobody.GoodAsync("GET", "/v1.0/me")).GetProperty("userPrincipalName").GetString());

        foreach (var role in (string[])["Contributor", "Reader", "AcrPush", "Role Based Access Control Administrator"])
        {
            using var reader = await GraphClient.OfNewAsync(host, $"{role.ToLowerInvariant()}@example.test", role);
            await reader.GoodAsync("GET", "/v1.0/users");
            Assert.Equal((403, "Authorization_RequestDenied"), await CodeAsync(reader, "POST", "/v1.0/users", Ann));
            Assert.Equal(403, (await reader.RefusedAsync("POST", "/v1.0/applications", """{"displayName":"app"}""")).Status);
            Assert.Equal(403, (await reader.RefusedAsync("DELETE", "/v1.0/users/nobody@example.test")).Status);
        }

        using var admin = await GraphClient.OfNewAsync(host, "admin@example.test", "User Access Administrator");
        await admin.GoodAsync("POST", "/v1.0/users", Ann);
        using var other = await GraphClient.OfNewAsync(host, "other@example.test", "Owner");
        await other.GoodAsync("DELETE", "/v1.0/users/ann@example.test");
    }

    [Fact]
    public async Task A_role_in_one_registry_does_not_change_the_directory()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfNewAsync(host, "registry-owner@example.test", role: null);
        await host.AssignAsync("registry-owner@example.test", "Owner");

        await graph.GoodAsync("GET", "/v1.0/users");
        Assert.Equal(403, (await graph.RefusedAsync("POST", "/v1.0/users", Ann)).Status);
    }

    [Fact]
    public async Task A_person_is_made_found_changed_and_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);

        var id = await graph.MakeAsync("/v1.0/users", Ann);
        await host.AssignAsync("ann@example.test", "AcrPull");
        Assert.Equal((409, "Request_MultipleObjectsWithSameKeyValue"), await CodeAsync(graph, "POST", "/v1.0/users", Ann));
        foreach (var path in (string[])[
            $"/v1.0/users/{id}", "/v1.0/users/ann@example.test", "/v1.0/Users('Ann@example.test')", $"/v1.0/directoryObjects/{id}"])
            Assert.Equal("Ann", (await graph.GoodAsync("GET", path)).GetProperty("displayName").GetString());
        foreach (var filter in (string[])["userPrincipalName eq 'ANN@example.test'", "displayName eq 'Ann'", "startswith(displayName,'an')"])
            Assert.Equal(id, (await graph.GoodAsync("GET", $"/v1.0/users?$filter={filter}")).GetProperty("value")[0].GetProperty("id").GetString());
        Assert.Empty((await graph.GoodAsync("GET", "/v1.0/users?$filter=displayName eq 'O''Neil'")).GetProperty("value").EnumerateArray());
        Assert.Equal("Request_UnsupportedQuery", (await graph.RefusedAsync("GET", "/v1.0/users?$filter=mail eq 'x'")).Code);

        Assert.Equal(HttpStatusCode.OK, await SignInAsync("first-Passw0rd-x"));
        await graph.GoodAsync("PATCH", $"/v1.0/users/{id}", """{"passwordProfile":{"password":"second-Passw0rd-x","forceChangePasswordNextSignIn":false}}""");
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await SignInAsync("first-Passw0rd-x"), await SignInAsync("second-Passw0rd-x")));
        await graph.GoodAsync("PATCH", $"/v1.0/users/{id}", """{"accountEnabled":false,"displayName":"Ann B"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync("second-Passw0rd-x"));
        Assert.False((await graph.GoodAsync("GET", $"/v1.0/users/{id}")).GetProperty("accountEnabled").GetBoolean());

        await graph.GoodAsync("DELETE", $"/v1.0/users/{id}");
        Assert.Equal((404, "Request_ResourceNotFound"), await CodeAsync(graph, "GET", $"/v1.0/users/{id}"));

        async Task<HttpStatusCode> SignInAsync(string password)
        {
            using var client = host.ClientOf("ann@example.test", password);
            return (await client.GetAsync("/v2/")).StatusCode;
        }
    }

    [Theory]
    [InlineData("""{"displayName":"x"}""", "userPrincipalName")]
    [InlineData("""{"userPrincipalName":"no-at","displayName":"x"}""", "userPrincipalName")]
    [InlineData("""{"userPrincipalName":"a:b@x","displayName":"x"}""", "userPrincipalName")]
    [InlineData("""{"userPrincipalName":"a\u0000b@x","displayName":"x"}""", "userPrincipalName")]
    [InlineData("""{"userPrincipalName":"\ud800@x","displayName":"x"}""", "texts can be read")]
    [InlineData("""{"\ud800\ud800\ud800\ud800\ud800\ud800":1,"userPrincipalName":"a@x"}""", "texts can be read")]
    [InlineData("""{"userPrincipalName":"a@x"}""", "displayName")]
    [InlineData("""{"userPrincipalName":"a@x","displayName":7}""", "displayName")]
    [InlineData("""{"userPrincipalName":"a@x","displayName":"x"}""", "accountEnabled")]
    [InlineData("""{"userPrincipalName":"a@x","displayName":"x","accountEnabled":true}""", "passwordProfile")]
    [InlineData("""{"userPrincipalName":"a@x","displayName":"x","accountEnabled":true,"passwordProfile":{"password":"short"}}""", "passwordProfile.password")]
    [InlineData("""{"userPrincipalName":"a@x","displayName":"x","accountEnabled":true,"passwordProfile":{"password":"line\nbreak"}}""", "passwordProfile.password")]
    [InlineData("""{"userPrincipalName":"a@x","displayName":"x","accountEnabled":true,"passwordProfile":{"password":"long enough","forceChangePasswordNextSignIn":true}}""", "forceChange")]
    [InlineData("[]", "object")]
    [InlineData("{", "JSON")]
    public async Task A_person_that_cannot_be_is_refused_by_the_property(string body, string named)
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);

        var (status, code, message) = await graph.RefusedAsync("POST", "/v1.0/users", body);

        Assert.Equal((400, "Request_BadRequest"), (status, code));
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_256_KiB_is_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);

        Assert.Equal(413, (await graph.RefusedAsync("POST", "/v1.0/users", $$"""{"displayName":"{{new string('x', 300_000)}}"}""")).Status);
    }

    [Fact]
    public async Task The_owner_is_changed_by_itself_alone_and_stays()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await GraphClient.OfAsync(host);
        using var admin = await GraphClient.OfNewAsync(host, "admin@example.test", "Owner");
        var id = (await owner.GoodAsync("GET", "/v1.0/me")).GetProperty("id").GetString();

        foreach (var body in (string[])["""{"displayName":"x"}""", """{"accountEnabled":false}""", """{"passwordProfile":{"password":"another one"}}"""])
            Assert.Equal((403, "Authorization_RequestDenied"), await CodeAsync(admin, "PATCH", $"/v1.0/users/{id}", body));
        Assert.Equal(403, (await admin.RefusedAsync("DELETE", $"/v1.0/users/{id}")).Status);
        Assert.Equal(403, (await owner.RefusedAsync("DELETE", "/v1.0/users/owner")).Status);
        Assert.Equal(403, (await owner.RefusedAsync("PATCH", "/v1.0/users/owner", """{"accountEnabled":false}""")).Status);
        await owner.GoodAsync("PATCH", "/v1.0/users/owner", """{"displayName":"The owner"}""");
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/v2/")).StatusCode);
    }

    [Fact]
    public async Task A_person_changes_the_own_password_with_the_current_one()
    {
        await using var host = await RegistryHost.StartAsync();
        using var ann = await GraphClient.OfNewAsync(host, "ann@example.test", "AcrPull");
        const string path = "/v1.0/me/changePassword";

        Assert.Contains("currentPassword", (await ann.RefusedAsync("POST", path, """{"currentPassword":"a guess","newPassword":"the next password"}""")).Message, StringComparison.Ordinal);
        Assert.Contains("newPassword", (await ann.RefusedAsync("POST", path, """{"currentPassword":"a password of its own","newPassword":"short"}""")).Message, StringComparison.Ordinal);
        await ann.GoodAsync("POST", path, """{"currentPassword":"a password of its own","newPassword":"the next password"}""");

        using var client = host.ClientOf("ann@example.test", "the next password");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(401, (await ann.RefusedAsync("GET", "/v1.0/me")).Status); // the token was issued for the password that is no more
    }

    [Fact]
    public async Task A_list_comes_in_pages()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        for (var i = 0; i < 5; i++) await graph.MakeAsync("/v1.0/groups", $$"""{"displayName":"g{{i}}"}""");
        for (var i = 0; i < 3; i++) await graph.MakeAsync("/v1.0/applications", $$"""{"displayName":"a{{i}}"}""");

        Assert.Equal(["g0", "g1", "g2", "g3", "g4"], (await AllAsync("/v1.0/groups?$top=2")).Order());
        Assert.Equal(["a0", "a1", "a2"], (await AllAsync("/v1.0/servicePrincipals?$top=3")).Order());
        Assert.Equal(["a0", "a1", "a2"], (await AllAsync("/v1.0/applications?$top=1&$select=id")).Order());
        Assert.Equal(400, (await graph.RefusedAsync("GET", "/v1.0/groups?$top=0")).Status);
        Assert.Equal(400, (await graph.RefusedAsync("GET", "/v1.0/groups?$skiptoken=*")).Status);
        var group = (await graph.GoodAsync("GET", "/v1.0/groups")).GetProperty("value")[0].GetProperty("id").GetString();
        Assert.Equal(400, (await graph.RefusedAsync("GET", $"/v1.0/groups/{group}/members?$skiptoken=eHg")).Status);

        async Task<List<string>> AllAsync(string path)
        {
            var names = new List<string>();
            for (string? next = path; next is not null;)
            {
                var page = await graph.GoodAsync("GET", next);
                Assert.True(page.GetProperty("value").GetArrayLength() <= 3);
                names.AddRange(page.GetProperty("value").EnumerateArray().Select(e => e.GetProperty("displayName").GetString()!));
                next = page.TryGetProperty("@odata.nextLink", out var link) ? new Uri(link.GetString()!).PathAndQuery : null;
                Assert.True(link.ValueKind == System.Text.Json.JsonValueKind.Undefined || link.GetString()!.StartsWith("https://graph.berth.localhost", StringComparison.Ordinal));
            }

            return names;
        }
    }

    [Fact]
    public async Task A_group_gives_its_members_what_it_has_for_as_long_as_they_are_in_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var ann = await graph.MakeAsync("/v1.0/users", Ann);
        var group = await graph.MakeAsync("/v1.0/groups", """{"displayName":"Readers","mailNickname":"readers","mailEnabled":false,"securityEnabled":true}""");
        Assert.Equal(409, (await graph.RefusedAsync("POST", "/v1.0/groups", """{"displayName":"Readers"}""")).Status);
        foreach (var (filter, count) in ((string Filter, int Count)[])[("displayName eq 'Readers' and mailNickname eq 'readers'", 1), ("displayName eq 'Readers' and mailNickname eq 'others'", 0)])
            Assert.Equal(count, (await graph.GoodAsync("GET", $"/v1.0/groups?$filter={Uri.EscapeDataString(filter)}")).GetProperty("value").GetArrayLength());
        foreach (var filter in (string[])["displayName eq 'Readers' and", "displayName eq 'Readers' and id eq 'x'", "displayName eq 'Readers' or displayName eq 'x'"])
            Assert.Equal(400, (await graph.RefusedAsync("GET", $"/v1.0/groups?$filter={Uri.EscapeDataString(filter)}")).Status);
        await host.AssignAsync("Readers", "AcrPull");
        using var token = await GraphClient.OfAsync(host, "ann@example.test");
        Assert.Equal(403, (await token.RefusedAsync("GET", "/v1.0/groups")).Status);

        var reference = $$"""{"@odata.id":"https://graph.berth.localhost/v1.0/directoryObjects/{{ann}}"}""";
        await graph.GoodAsync("POST", $"/v1.0/groups/{group}/members/$ref", reference);
        Assert.Equal(400, (await graph.RefusedAsync("POST", $"/v1.0/groups/{group}/members/$ref", reference)).Status);
        Assert.Equal(400, (await graph.RefusedAsync("POST", $"/v1.0/groups/{group}/members/$ref", reference.Replace(ann, group, StringComparison.Ordinal))).Status);
        Assert.Equal(404, (await graph.RefusedAsync("POST", $"/v1.0/groups/{group}/members/$ref", reference.Replace(ann, Guid.NewGuid().ToString(), StringComparison.Ordinal))).Status);
        await token.GoodAsync("GET", "/v1.0/groups");
        var member = (await graph.GoodAsync("GET", $"/v1.0/groups/{group}/members")).GetProperty("value")[0];
        Assert.Equal((ann, "#microsoft.graph.user"), (member.GetProperty("id").GetString(), member.GetProperty("@odata.type").GetString()));
        Assert.Equal("Readers", (await graph.GoodAsync("GET", $"/v1.0/users/{ann}/memberOf")).GetProperty("value")[0].GetProperty("displayName").GetString());

        await graph.GoodAsync("DELETE", $"/v1.0/groups/{group}/members/{ann}/$ref");
        Assert.Equal(404, (await graph.RefusedAsync("DELETE", $"/v1.0/groups/{group}/members/{ann}/$ref")).Status);
        Assert.Equal(403, (await token.RefusedAsync("GET", "/v1.0/groups")).Status);
        await graph.GoodAsync("DELETE", $"/v1.0/groups/{group}");
        Assert.Equal(404, (await graph.RefusedAsync("GET", $"/v1.0/groups/{group}")).Status);
    }

    private static async Task<(int Status, string Code)> CodeAsync(GraphClient graph, string method, string path, string? body = null)
    {
        var (status, code, _) = await graph.RefusedAsync(method, path, body);
        return (status, code);
    }
}
