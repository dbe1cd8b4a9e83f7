using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The real Azure CLI over TLS: how people and programs sign in, and the commands with which an operator gives access.</summary>
public sealed class AzureCliTests(AzureCliFixture fixture) : EndToEndTest<AzureCliFixture>(fixture)
{
    private AzureCli _az = null!;

    private ControlClient Control => Fixture.Control;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _az = await Fixture.OwnerAsync();
    }

    [Fact]
    public async Task A_person_is_signed_in_by_password_and_sees_the_subscription()
    {
        var account = await _az.JsonAsync("account", "show");

        Assert.Equal(
            (Control.Tenant, Control.Subscription, "Berth", "owner"),
            (Text(account, "tenantId"), Text(account, "id"), Text(account, "environmentName"), Text(account.GetProperty("user"), "name")));
        var wrong = await _az.Another("az-wrong").RunAsync("login", "-u", Fixture.Endpoint.User, "-p", "wrong", "--tenant", Control.Tenant);
        Assert.NotEqual(0, wrong.Status);
        Assert.Contains("AADSTS50126", wrong.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_is_signed_in_by_a_code_that_the_browser_is_given()
    {
        var name = await MakePersonAsync();

        var signedIn = await _az.Another("az-device").SignInByCodeAsync(name, "A person's passw0rd");

        Assert.Equal((Control.Subscription, name), (Text(signedIn[0], "id"), Text(signedIn[0].GetProperty("user"), "name")));
    }

    [Fact]
    public async Task A_service_principal_that_the_command_line_made_signs_in_and_may_only_what_its_role_says()
    {
        await Client.PushImageAsync(Repo, "1");
        var made = await _az.JsonAsync("ad", "sp", "create-for-rbac", "--name", Content.Name(), "--role", "AcrPull", "--scopes", Control.Scope());
        var (id, secret) = (Text(made, "appId"), Text(made, "password"));

        var sp = _az.Another("az-sp");
        var wrong = await sp.RunAsync("login", "--service-principal", "-u", id, "-p", "wrong", "--tenant", Control.Tenant);
        Assert.Contains("AADSTS7000215", wrong.Errors, StringComparison.Ordinal);
        var signedIn = await sp.JsonAsync("login", "--service-principal", "-u", id, "-p", secret, "--tenant", Control.Tenant);

        Assert.Equal("servicePrincipal", Text(signedIn[0].GetProperty("user"), "type"));
        Assert.Contains(Repo, Texts(await sp.JsonAsync("acr", "repository", "list", "-n", "local")));
        var deletion = await sp.RunAsync("acr", "delete", "-n", "local", "-g", "default", "--yes");
        Assert.NotEqual(0, deletion.Status);
        Assert.Contains("AuthorizationFailed", deletion.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_principal_signs_in_with_a_certificate()
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=robot", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var pem = Path.Combine(NewFolder("certificate"), "robot.pem");
        await File.WriteAllTextAsync(pem, $"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n");
        var (application, clientId, principal) = await Control.MakeServicePrincipalAsync(Content.Name());
        await Control.AssignAsync(Control.Scope(), "7f951dda-4ed3-4680-a7ca-43fe172d538d", principal);
        await Control.GraphAsync("PATCH", $"/applications/{application}", new
        {
            keyCredentials = new[] { new { type = "AsymmetricX509Cert", usage = "Verify", key = Convert.ToBase64String(certificate.RawData) } },
        });

        var signedIn = await _az.Another("az-certificate").JsonAsync("login", "--service-principal", "-u", clientId, "-p", pem, "--tenant", Control.Tenant);

        Assert.Equal(clientId, Text(signedIn[0].GetProperty("user"), "name"));
    }

    [Fact]
    public async Task Repositories_and_tags_are_listed_and_a_token_is_given_that_docker_takes()
    {
        var image = await Client.PushImageAsync(Repo, "1", "2");

        Assert.Contains(Repo, Texts(await _az.JsonAsync("acr", "repository", "list", "-n", "local")));
        var tags = await _az.JsonAsync("acr", "repository", "show-tags", "-n", "local", "--repository", Repo, "--detail");
        Assert.Equal([("1", image.Digest), ("2", image.Digest)], tags.EnumerateArray().Select(tag => (Text(tag, "name"), Text(tag, "digest"))));
        var exposed = await _az.JsonAsync("acr", "login", "-n", "local", "--expose-token");

        Assert.Equal(Fixture.RegistryName, Text(exposed, "loginServer"));
        var creds = $"{Guid.Empty}:{Text(exposed, "accessToken")}";
        (await Fixture.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", creds, $"docker://{Host}/{Repo}:1")).Succeeded();
    }

    [Fact]
    public async Task A_registry_is_made_changed_shown_and_deleted_and_its_admin_user_has_two_passwords()
    {
        var made = await _az.JsonAsync("acr", "create", "-g", "default", "-n", "second", "--sku", "Standard");
        Assert.Equal(($"second.berth.localhost:{Fixture.Port}", "Succeeded"), (Text(made, "loginServer"), Text(made, "provisioningState")));
        Assert.True((await _az.JsonAsync("acr", "update", "-n", "second", "--admin-enabled", "true")).GetProperty("adminUserEnabled").GetBoolean());
        Assert.Equal(["local", "second"], (await _az.JsonAsync("acr", "list")).EnumerateArray().Select(registry => Text(registry, "name")).Order());

        var before = Passwords(await _az.JsonAsync("acr", "credential", "show", "-n", "second"));
        var after = Passwords(await _az.JsonAsync("acr", "credential", "renew", "-n", "second", "--password-name", "password"));

        Assert.NotEqual(before["password"], after["password"]);
        Assert.Equal(before["password2"], after["password2"]);
        await _az.JsonAsync("acr", "delete", "-n", "second", "-g", "default", "--yes");
        Assert.NotEqual(0, (await _az.RunAsync("acr", "show", "-n", "second", "-g", "default")).Status);

        static Dictionary<string, string> Passwords(JsonElement shown) =>
            shown.GetProperty("passwords").EnumerateArray().ToDictionary(p => Text(p, "name"), p => Text(p, "value"));
    }

    [Fact]
    public async Task Network_rules_and_the_policy_of_tokens_are_set_and_taken_back()
    {
        await Client.PushImageAsync(Repo, "1");
        await _az.JsonAsync("acr", "network-rule", "add", "-n", "local", "--ip-address", "203.0.113.0/24");
        var closed = await _az.JsonAsync("acr", "update", "-n", "local", "--default-action", "Deny");
        Assert.Equal("Deny", Text(closed.GetProperty("networkRuleSet"), "defaultAction"));
        using var anybody = Fixture.NewHttpClient();
        using var denied = await anybody.GetAsync(new Uri($"https://{Fixture.RegistryName}/v2/"));
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, denied.StatusCode);
        Assert.NotEqual(0, (await _az.RunAsync("acr", "repository", "list", "-n", "local")).Status);

        var added = await _az.JsonAsync("acr", "network-rule", "add", "-n", "local", "--ip-address", "127.0.0.1");
        Assert.Equal(["203.0.113.0/24", "127.0.0.1"], added.GetProperty("networkRuleSet").GetProperty("ipRules").EnumerateArray().Select(rule => Text(rule, "ipAddressOrRange")));
        Assert.Contains(Repo, Texts(await _az.JsonAsync("acr", "repository", "list", "-n", "local")));
        foreach (var address in (string[])["203.0.113.0/24", "127.0.0.1"]) await _az.JsonAsync("acr", "network-rule", "remove", "-n", "local", "--ip-address", address);
        Assert.Empty((await _az.JsonAsync("acr", "network-rule", "list", "-n", "local")).GetProperty("ipRules").EnumerateArray());
        var opened = await _az.JsonAsync("acr", "update", "-n", "local", "--default-action", "Allow");
        Assert.Equal("Allow", Text(opened.GetProperty("networkRuleSet"), "defaultAction"));

        foreach (var status in (string[])["disabled", "enabled"])
        {
            await _az.JsonAsync("acr", "config", "authentication-as-arm", "update", "-r", "local", "--status", status);
            Assert.Equal(status, Text(await _az.JsonAsync("acr", "config", "authentication-as-arm", "show", "-r", "local"), "status"));
            Assert.Contains(Repo, Texts(await _az.JsonAsync("acr", "repository", "list", "-n", "local")));
        }
    }

    [Fact]
    public async Task A_repository_token_pulls_what_its_scope_map_names()
    {
        await Client.PushImageAsync(Repo, "1");
        await Client.PushImageAsync($"{Repo}-other", "1");
        var map = await _az.JsonAsync("acr", "scope-map", "create", "-r", "local", "-n", "reading", "--repository", Repo, "content/read", "metadata/read");
        Assert.Equal(2, map.GetProperty("actions").GetArrayLength());

        var token = await _az.JsonAsync("acr", "token", "create", "-r", "local", "-n", "machine", "--scope-map", "reading");

        var creds = $"machine:{Text(token.GetProperty("credentials").GetProperty("passwords")[0], "value")}";
        (await Fixture.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", creds, $"docker://{Host}/{Repo}:1")).Succeeded();
        (await Fixture.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", creds, $"docker://{Host}/{Repo}-other:1")).Denied();
    }

    [Fact]
    public async Task A_role_is_given_listed_and_taken_away()
    {
        await Client.PushImageAsync(Repo, "1");
        var (application, clientId, _) = await Control.MakeServicePrincipalAsync(Content.Name());
        var creds = $"{clientId}:{await Control.AddSecretAsync(application)}";
        string[] pull = ["inspect", "--raw", "--tls-verify=false", "--creds", creds, $"docker://{Host}/{Repo}:1"];
        (await Fixture.RunAsync("skopeo", pull)).Denied();

        var assignment = await _az.JsonAsync("role", "assignment", "create", "--assignee", clientId, "--role", "AcrPull", "--scope", Control.Scope());
        (await Fixture.RunAsync("skopeo", pull)).Succeeded();
        var listed = await _az.JsonAsync("role", "assignment", "list", "--scope", Control.Scope(), "--assignee", clientId);
        Assert.Equal(("AcrPull", clientId), (Text(listed[0], "roleDefinitionName"), Text(listed[0], "principalName")));
        (await _az.RunAsync("role", "assignment", "delete", "--ids", Text(assignment, "id"))).Succeeded();

        (await Fixture.RunAsync("skopeo", pull)).Denied();
    }

    [Fact]
    public async Task People_groups_and_managed_identities_are_made()
    {
        var name = $"{Content.Name()}@example.test";
        var person = await _az.JsonAsync("ad", "user", "create", "--display-name", "Ann", "--user-principal-name", name, "--password", "A person's passw0rd");
        await _az.JsonAsync("ad", "group", "create", "--display-name", "team", "--mail-nickname", "team");
        await _az.JsonAsync("ad", "group", "member", "add", "--group", "team", "--member-id", Text(person, "id"));
        var members = await _az.JsonAsync("ad", "group", "member", "list", "--group", "team");
        Assert.Equal(name, Text(members[0], "userPrincipalName"));

        var identity = await _az.JsonAsync("identity", "create", "-n", "cluster", "-g", "default");

        var listed = await _az.JsonAsync("identity", "list");
        Assert.Contains(Text(identity, "clientId"), listed.EnumerateArray().Select(i => Text(i, "clientId")));
    }

    private static string Text(JsonElement json, string name) => ControlClient.Text(json, name);

    private static IEnumerable<string> Texts(JsonElement list) => list.EnumerateArray().Select(item => item.GetString()!);

    private async Task<string> MakePersonAsync()
    {
        var name = $"{Content.Name()}@example.test";
        await Control.AssignAsync(Control.Scope(), "7f951dda-4ed3-4680-a7ca-43fe172d538d", await Control.MakePersonAsync(name, "A person's passw0rd"), "User");
        return name;
    }
}
