using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>A registry's scope maps, tokens and admin user as resources, and that their passwords are good at the data plane.</summary>
public sealed class RegistryAccountTests
{
    private const string Map = ControlClient.Local + "/scopeMaps/team-map";
    private const string Token = ControlClient.Local + "/tokens/team-token";
    private const string MapBody = """{"properties":{"description":"d","actions":["repositories/team-a/*/content/read"]}}""";

    [Fact]
    public async Task Every_registry_has_the_scope_maps_that_nobody_changes()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var maps = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + "/scopeMaps")).GetProperty("value").EnumerateArray().ToList();
        Assert.Equal(
            ["_repositories_admin", "_repositories_pull", "_repositories_pull_metadata_read", "_repositories_push", "_repositories_push_metadata_write"],
            maps.Select(map => map.GetProperty("name").GetString()));
        Assert.All(maps, map => Assert.Equal("SystemDefined", map.GetProperty("properties").GetProperty("type").GetString()));
        foreach (var method in new[] { "PUT", "PATCH", "DELETE" })
            await owner.ExpectErrorAsync(400, "SystemScopeMap", method, ControlClient.Local + "/scopeMaps/_repositories_pull", method == "DELETE" ? null : MapBody);
    }

    [Fact]
    public async Task A_scope_map_is_made_changed_and_deleted_when_no_token_has_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        Assert.Equal(Map, made.GetProperty("id").GetString());
        var changed = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Map, """{"properties":{"actions":["repositories/b/content/read","repositories/b/content/write"]}}""");
        Assert.Equal(("d", 2), (changed.GetProperty("properties").GetProperty("description").GetString(), changed.GetProperty("properties").GetProperty("actions").GetArrayLength()));
        await owner.ExpectErrorAsync(400, "InvalidScopeMapActions", "PATCH", Map, """{"properties":{"actions":["repositories/a*b/content/read"]}}""");
        await owner.ExpectErrorAsync(400, "InvalidScopeMapActions", "PATCH", Map, """{"properties":{"actions":[]}}""");

        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(Map));
        await owner.ExpectErrorAsync(409, "ScopeMapInUse", "DELETE", Map);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Token);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Map);
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", Map);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Map);
    }

    [Fact]
    public async Task A_tokens_passwords_are_shown_once_and_sign_in_until_they_are_replaced()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(Map));
        Assert.Equal("enabled", made.GetProperty("properties").GetProperty("status").GetString());
        Assert.Equal(0, made.GetProperty("properties").GetProperty("credentials").GetProperty("passwords").GetArrayLength());

        var both = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{Token}}"}""");
        Assert.Equal("team-token", both.GetProperty("username").GetString());
        var passwords = both.GetProperty("passwords").EnumerateArray().ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("value").GetString()!);
        Assert.Equal(["password1", "password2"], passwords.Keys);
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", passwords["password1"]));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", passwords["password2"]));

        var one = await owner.ExpectAsync(
            HttpStatusCode.OK, "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{Token}}","name":"password1","expiry":"2026-11-25T00:00:00Z"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "team-token", passwords["password1"]));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", one.GetProperty("passwords")[0].GetProperty("value").GetString()!));
        var shown = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Token)).GetProperty("properties").GetProperty("credentials").GetProperty("passwords");
        Assert.All(shown.EnumerateArray(), p => Assert.False(p.TryGetProperty("value", out _)));
        Assert.Equal(2, shown.GetArrayLength());

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Token, """{"properties":{"status":"disabled"}}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "team-token", passwords["password2"]));
    }

    [Fact]
    public async Task A_list_of_a_tokens_passwords_names_those_that_stay()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        await owner.ExpectErrorAsync(
            400, "InvalidRequestContent", "PUT", Token, $$"""{"properties":{"scopeMapId":"{{Map}}","credentials":{"passwords":[{"name":"password1"}]} } }""");
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Token);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(Map));
        var made = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{Token}}"}""");
        var passwords = made.GetProperty("passwords").EnumerateArray().ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("value").GetString()!);

        // What was read may be written back, and what does not name them leaves them.
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Token, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Token)).GetRawText());
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Token, """{"properties":{"status":"enabled","credentials":{"certificates":[]}}}""");
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", passwords["password2"]));

        var left = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Token, """{"properties":{"credentials":{"passwords":[{"name":"password1"}]}}}""");
        Assert.Equal(["password1"], left.GetProperty("properties").GetProperty("credentials").GetProperty("passwords").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "team-token", passwords["password2"]));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", passwords["password1"]));
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PATCH", Token, """{"properties":{"credentials":{"passwords":[{"name":"password2"}]}}}""");

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Token, """{"properties":{"credentials":{"passwords":[]}}}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "team-token", passwords["password1"]));
    }

    [Fact]
    public async Task A_token_is_named_in_any_case_and_keeps_its_name()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Upper = ControlClient.Local + "/tokens/TEAM-TOKEN";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(ControlClient.Local + "/scopeMaps/TEAM-MAP"));
        Assert.Equal(Map, made.GetProperty("properties").GetProperty("scopeMapId").GetString());
        var generated = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{Upper}}"}""");
        var password = generated.GetProperty("passwords")[0].GetProperty("value").GetString()!;
        Assert.Equal("team-token", generated.GetProperty("username").GetString());
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", password));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "TEAM-TOKEN", password)); // a user's name is written as it is

        var disabled = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Upper, """{"properties":{"status":"disabled"}}""");
        Assert.Equal((Token, "team-token"), (disabled.GetProperty("id").GetString(), disabled.GetProperty("name").GetString()));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "team-token", password));

        await owner.ExpectAsync(
            HttpStatusCode.OK, "PUT", ControlClient.Local + "/tokens/Team-Token", $$"""{"properties":{"scopeMapId":"{{ControlClient.Local}}/scopeMaps/Team-Map","status":"enabled"} }""");
        Assert.Equal(["team-token"], await NamesAsync(owner, "tokens"));
        var shown = await owner.ExpectAsync(HttpStatusCode.OK, "GET", Upper);
        Assert.Equal((Token, Map), (shown.GetProperty("id").GetString(), shown.GetProperty("properties").GetProperty("scopeMapId").GetString()));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "team-token", password));

        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Upper);
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "team-token", password));
        Assert.Empty(await NamesAsync(owner, "tokens"));
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", Upper);
    }

    [Fact]
    public async Task A_scope_map_is_named_in_any_case_and_keeps_its_name()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Upper = ControlClient.Local + "/scopeMaps/TEAM-MAP";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        foreach (var (method, path, body) in new (string, string, string?)[]
        {
            ("GET", Upper, null), ("PATCH", Upper, """{"properties":{"description":"e"}}"""), ("PUT", ControlClient.Local + "/scopeMaps/Team-Map", MapBody),
        })
            Assert.Equal((method, Map), (method, (await owner.ExpectAsync(HttpStatusCode.OK, method, path, body)).GetProperty("id").GetString()));
        Assert.Equal(["team-map"], (await NamesAsync(owner, "scopeMaps")).Where(name => name![0] != '_'));

        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(Map));
        await owner.ExpectErrorAsync(409, "ScopeMapInUse", "DELETE", Upper);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Token);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Upper);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Map);
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", Upper);

        // What comes with the registry is found in any case, and changed in none.
        const string Own = ControlClient.Local + "/scopeMaps/_Repositories_PULL";
        Assert.Equal("_repositories_pull", (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Own)).GetProperty("name").GetString());
        foreach (var method in new[] { "PUT", "PATCH", "DELETE" }) await owner.ExpectErrorAsync(400, "SystemScopeMap", method, Own, method == "DELETE" ? null : MapBody);
    }

    [Fact]
    public async Task Of_names_that_stand_and_differ_in_case_alone_the_one_that_is_written_so_is_meant()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/scopeMaps/other-map", MapBody);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(Map));
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/tokens/other-token", TokenBody(Map));

        // As earlier versions let them be made.
        Assert.Equal(1, await host.TamperAsync("UPDATE registry_tokens SET name = 'Team-Token' WHERE name = 'other-token'"));
        Assert.Equal(1, await host.TamperAsync("UPDATE scope_maps SET name = 'Team-Map' WHERE name = 'other-map'"));
        const string OtherToken = ControlClient.Local + "/tokens/Team-Token", OtherMap = ControlClient.Local + "/scopeMaps/Team-Map";
        foreach (var id in new[] { Token, OtherToken, Map, OtherMap }) Assert.Equal(id, await IdAtAsync(id));

        var disabled = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", OtherToken, """{"properties":{"status":"disabled"}}""");
        Assert.Equal(OtherToken, disabled.GetProperty("id").GetString());
        Assert.Equal("enabled", (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Token)).GetProperty("properties").GetProperty("status").GetString());
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Token);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", OtherMap);
        Assert.Equal((OtherToken, Map), (await IdAtAsync(Token), await IdAtAsync(OtherMap)));

        async Task<string?> IdAtAsync(string path) => (await owner.ExpectAsync(HttpStatusCode.OK, "GET", path)).GetProperty("id").GetString();
    }

    [Fact]
    public async Task Changes_of_a_token_at_the_same_time_all_count()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Token, TokenBody(ControlClient.Local + "/scopeMaps/_repositories_pull"));
        for (var round = 0; round < 20; round++)
        {
            var (map, status) = round % 2 == 0 ? (Map, "disabled") : (ControlClient.Local + "/scopeMaps/_repositories_pull", "enabled");
            await Task.WhenAll(
                owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Token, TokenBody(map)),
                owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Token, $$"""{"properties":{"status":"{{status}}"} }"""));
            var shown = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Token)).GetProperty("properties");
            Assert.Equal((map, status), (shown.GetProperty("scopeMapId").GetString(), shown.GetProperty("status").GetString()));
        }
    }

    [Fact]
    public async Task A_token_that_could_be_taken_for_another_account_or_has_no_scope_map_is_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Map, MapBody);
        foreach (var name in new[] { "owner", "admin", "local", "abcd", "under_score", Guid.NewGuid().ToString(), Guid.NewGuid().ToString("N") })
            await owner.ExpectErrorAsync(400, "InvalidTokenName", "PUT", $"{ControlClient.Local}/tokens/{name}", TokenBody(Map));
        await owner.ExpectErrorAsync(400, "ScopeMapNotFound", "PUT", Token, TokenBody(ControlClient.Local + "/scopeMaps/absent"));
        await owner.ExpectErrorAsync(400, "LinkedInvalidPropertyId", "PUT", Token, TokenBody(ControlClient.Registries + "/other/scopeMaps/team-map"));
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PUT", Token, "{}");
        await owner.ExpectErrorAsync(
            400, "CertificatesNotSupported", "PUT", Token, $$"""{"properties":{"scopeMapId":"{{Map}}","credentials":{"certificates":[{"name":"certificate1"}]} } }""");
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{Token}}"}""");
    }

    [Fact]
    public async Task All_who_ask_first_for_the_admin_users_passwords_see_the_same_and_they_are_good()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":true}}""");

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/listCredentials", "{}")));

        var shown = Assert.Single(answers.Select(answer => (PasswordOf(answer, "password"), PasswordOf(answer, "password2"))).Distinct());
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "local", shown.Item1));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "local", shown.Item2));
    }

    [Fact]
    public async Task The_admin_users_passwords_are_shown_again_while_it_is_on()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(400, "UnAuthorizedForCredentialOperations", "POST", ControlClient.Local + "/listCredentials", "{}");
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":true}}""");
        var first = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/listCredentials");
        Assert.Equal("local", first.GetProperty("username").GetString());
        Assert.Equal(first.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/listCredentials", "{}")).GetRawText());
        var (one, two) = (PasswordOf(first, "password"), PasswordOf(first, "password2"));
        Assert.Equal(52, one.Length);
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "local", one));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "local", two));

        var renewed = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/regenerateCredential", """{"name":"password"}""");
        Assert.Equal(two, PasswordOf(renewed, "password2"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "local", one));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "local", PasswordOf(renewed, "password")));
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "POST", ControlClient.Local + "/regenerateCredential", """{"name":"password3"}""");

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":false}}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, "local", two));
    }

    [Fact]
    public async Task An_admin_password_lies_in_the_rows_unreadable_and_is_not_shown_without_its_key()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":true}}""");
        var shown = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/listCredentials");
        var account = await host.Metadata.FindPrincipalAsync("local/admin", CancellationToken.None);
        foreach (var row in await host.Metadata.ListCredentialsAsync(account!.Id, CancellationToken.None))
            Assert.DoesNotContain(PasswordOf(shown, row.Slot!), System.Text.Encoding.Latin1.GetString(row.ProtectedSecret!), StringComparison.Ordinal);

        // A restore ends every token, but the passwords that came back with it can be shown still.
        await host.Metadata.MarkRestoredAsync(CancellationToken.None);
        Assert.Single(await host.Metadata.ListSigningKeysAsync(ISigningKeys.Protection, CancellationToken.None));

        const string Update = "UPDATE signing_keys SET private_key = ";
        await host.TamperAsync($"{Update} randomblob(32) WHERE issuer = 'protection'", $"{Update} decode(repeat('5a', 32), 'hex') WHERE issuer = 'protection'");
        using var again = await ControlClient.OfOwnerAsync(host);
        var said = await again.ExpectErrorAsync(409, "CredentialNotReadable", "POST", ControlClient.Local + "/listCredentials");
        Assert.Contains("az acr credential renew", said, StringComparison.Ordinal);
        var renewed = await again.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/regenerateCredential", """{"name":"password2"}""");
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(host, "local", PasswordOf(renewed, "password2")));
    }

    private static string TokenBody(string map) => $$"""{"properties":{"scopeMapId":"{{map}}"} }""";

    private static string PasswordOf(JsonElement answer, string name) =>
        answer.GetProperty("passwords").EnumerateArray().Single(p => p.GetProperty("name").GetString() == name).GetProperty("value").GetString()!;

    private static async Task<List<string?>> NamesAsync(ControlClient client, string kind) =>
        [.. (await client.ExpectAsync(HttpStatusCode.OK, "GET", $"{ControlClient.Local}/{kind}")).GetProperty("value").EnumerateArray().Select(item => item.GetProperty("name").GetString())];

    private static async Task<HttpStatusCode> SignInAsync(RegistryHost host, string name, string password)
    {
        using var client = host.ClientOf(name, password);
        using var answer = await client.GetAsync(new Uri("/v2/", UriKind.Relative));
        return answer.StatusCode;
    }
}
