using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>Applications, service principals and their credentials as a client of Microsoft Graph sees them.</summary>
public sealed class DirectoryApplicationTests
{
    [Fact]
    public async Task An_application_and_its_service_principal_are_one()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);

        var application = await graph.GoodAsync("POST", "/v1.0/applications", """{"displayName":"puller","signInAudience":"AzureADMyOrg"}""");
        var (id, appId) = (application.GetProperty("id").GetString(), application.GetProperty("appId").GetString());
        var (status, made) = await graph.SendAsync("POST", "/v1.0/servicePrincipals", $$"""{"appId":"{{appId}}"}""");

        Assert.Equal((HttpStatusCode.Created, id), (status, made.GetProperty("id").GetString()));
        foreach (var path in (string[])[
            $"/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{appId}')", $"/v1.0/servicePrincipals?$filter=appId eq '{appId}'",
            "/v1.0/servicePrincipals?$filter=displayName eq 'puller'", "/v1.0/servicePrincipals", "/v1.0/applications", $"/v1.0/applications?$filter=appId eq '{appId}'",
            "/v1.0/servicePrincipals?$filter=startswith(displayName,'pull')"])
            Assert.Equal(id, Assert.Single((await graph.GoodAsync("GET", path)).GetProperty("value").EnumerateArray()).GetProperty("id").GetString());
        foreach (var path in (string[])[$"/v1.0/applications(appId='{appId}')", $"/v1.0/applications/{id}", $"/v1.0/servicePrincipals/{id}", $"/v1.0/servicePrincipals(appId='{appId}')"])
            Assert.Equal(appId, (await graph.GoodAsync("GET", path)).GetProperty("appId").GetString());
        Assert.Equal(404, (await graph.RefusedAsync("POST", "/v1.0/servicePrincipals", $$"""{"appId":"{{Guid.NewGuid()}}"}""")).Status);
        Assert.Empty((await graph.GoodAsync("GET", "/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq 'https://x')")).GetProperty("value").EnumerateArray());
        Assert.Contains("identifierUris", (await graph.RefusedAsync("PATCH", $"/v1.0/applications/{id}", """{"identifierUris":[]}""")).Message, StringComparison.Ordinal);

        await graph.GoodAsync("DELETE", $"/v1.0/servicePrincipals/{id}");
        Assert.Equal(404, (await graph.RefusedAsync("GET", $"/v1.0/applications/{id}")).Status);
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_signs_in_until_it_is_removed_or_the_account_is_disabled()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var (id, appId) = await MakeAsync(graph);
        await host.AssignAsync(appId, "AcrPull");

        var first = await graph.GoodAsync("POST", $"/v1.0/applications/{id}/addPassword", """{"passwordCredential":{"displayName":"first"}}""");
        var second = await graph.GoodAsync("POST", $"/v1.0/servicePrincipals/{id}/addPassword");
        var secret = first.GetProperty("secretText").GetString()!;
        Assert.Matches("^[A-Za-z0-9_-]{40,}$", secret);
        Assert.NotEqual(secret, second.GetProperty("secretText").GetString());
        Assert.Equal((secret[..3], "2028-11-24T12:00:00Z"), (first.GetProperty("hint").GetString(), first.GetProperty("endDateTime").GetString()));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await SignInAsync(first), await SignInAsync(second)));

        foreach (var path in (string[])[$"/v1.0/applications/{id}", $"/v1.0/servicePrincipals/{id}", "/v1.0/servicePrincipals", "/v1.0/applications", $"/v1.0/directoryObjects/{id}"])
        {
            var text = (await graph.GoodAsync("GET", path)).GetRawText();
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            if (!path.Contains("Objects", StringComparison.Ordinal)) Assert.Contains(first.GetProperty("keyId").GetString()!, text, StringComparison.Ordinal);
        }

        await graph.GoodAsync("POST", $"/v1.0/applications/{id}/removePassword", $$"""{"keyId":"{{first.GetProperty("keyId").GetString()}}"}""");
        Assert.Equal(404, (await graph.RefusedAsync("POST", $"/v1.0/applications/{id}/removePassword", $$"""{"keyId":"{{first.GetProperty("keyId").GetString()}}"}""")).Status);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await SignInAsync(first), await SignInAsync(second)));
        await graph.GoodAsync("PATCH", $"/v1.0/servicePrincipals/{id}", """{"accountEnabled":false}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(second));

        async Task<HttpStatusCode> SignInAsync(System.Text.Json.JsonElement credential)
        {
            using var client = host.ClientOf(appId, credential.GetProperty("secretText").GetString()!);
            return (await client.GetAsync("/v2/")).StatusCode;
        }
    }

    [Theory]
    [InlineData("""{"passwordCredential":{"endDateTime":"2020-01-01T00:00:00Z"}}""", "endDateTime")]
    [InlineData("""{"passwordCredential":{"endDateTime":"9000-01-01T00:00:00Z"}}""", "endDateTime")]
    [InlineData("""{"passwordCredential":{"endDateTime":"tomorrow"}}""", "endDateTime")]
    [InlineData("""{"passwordCredential":{"startDateTime":"2027-11-24T12:00:00Z"}}""", "startDateTime")]
    [InlineData("""{"passwordCredential":[]}""", "passwordCredential")]
    public async Task A_secret_that_would_not_be_good_now_is_refused(string body, string named)
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var (id, _) = await MakeAsync(graph);

        Assert.Contains(named, (await graph.RefusedAsync("POST", $"/v1.0/applications/{id}/addPassword", body)).Message, StringComparison.Ordinal);
        Assert.Empty((await graph.GoodAsync("GET", $"/v1.0/applications/{id}")).GetProperty("passwordCredentials").EnumerateArray());
    }

    [Fact]
    public async Task There_are_no_more_secrets_than_a_sign_in_looks_at()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var (id, _) = await MakeAsync(graph);
        for (var i = 0; i < Berth.Metadata.ICredentials.MostCredentials; i++) await graph.GoodAsync("POST", $"/v1.0/applications/{id}/addPassword");

        Assert.Equal(400, (await graph.RefusedAsync("POST", $"/v1.0/applications/{id}/addPassword")).Status);
    }

    [Fact]
    public async Task Certificates_are_replaced_as_a_list()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var (id, _) = await MakeAsync(graph);
        var (one, two) = (Certificate(host, 2048), Certificate(host, 2048));

        await PatchAsync(one);
        var kept = Assert.Single((await KeysAsync())).GetProperty("keyId").GetString();
        await PatchAsync(one, two);
        Assert.Contains(kept, (await KeysAsync()).Select(k => k.GetProperty("keyId").GetString()));
        await PatchAsync(two);
        Assert.DoesNotContain(kept, (await KeysAsync()).Select(k => k.GetProperty("keyId").GetString()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, Assert.Single(await KeysAsync()).GetProperty("key").ValueKind);

        foreach (var bad in (string[])["bm8gY2VydGlmaWNhdGU=", "*", Certificate(host, 1024), Certificate(host, 2048, ended: true)])
            Assert.Equal(400, (await graph.RefusedAsync("PATCH", $"/v1.0/applications/{id}", ListOf(bad))).Status);
        Assert.Single(await KeysAsync());
        await graph.GoodAsync("PATCH", $"/v1.0/applications/{id}", """{"keyCredentials":[]}""");
        Assert.Empty(await KeysAsync());

        async Task PatchAsync(params string[] keys) => await graph.GoodAsync("PATCH", $"/v1.0/applications/{id}", ListOf(keys));
        async Task<List<System.Text.Json.JsonElement>> KeysAsync() =>
            [.. (await graph.GoodAsync("GET", $"/v1.0/applications/{id}")).GetProperty("keyCredentials").EnumerateArray()];
        static string ListOf(params string[] keys) =>
            $$"""{"keyCredentials":[{{string.Join(',', keys.Select(k => $$"""{"type":"AsymmetricX509Cert","usage":"Verify","key":"{{k}}"}"""))}}]}""";
    }

    [Fact]
    public async Task Federated_credentials_are_made_changed_and_removed()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var (id, _) = await MakeAsync(graph);
        var path = $"/v1.0/applications/{id}/federatedIdentityCredentials";
        const string body = """{"name":"ci","issuer":"https://issuer.test","subject":"repo:a","audiences":["api://x"],"description":"builds"}""";

        Assert.Equal(400, (await graph.RefusedAsync("POST", path, body)).Status); // a name has three characters
        Assert.Equal(400, (await graph.RefusedAsync("POST", path, body.Replace("\"ci\"", "\"ci-main\\n\"", StringComparison.Ordinal))).Status); // nor does it end in a new line
        await graph.GoodAsync("POST", path, body.Replace("\"ci\"", "\"ci-main\"", StringComparison.Ordinal));
        Assert.Equal(409, (await graph.RefusedAsync("POST", path, body.Replace("\"ci\"", "\"ci-main\"", StringComparison.Ordinal))).Status);
        Assert.Equal(409, (await graph.RefusedAsync("POST", path, body.Replace("\"ci\"", "\"ci-other\"", StringComparison.Ordinal))).Status);
        foreach (var (change, to) in ((string, string)[])[("https://issuer.test", "http://issuer.test"), ("[\"api://x\"]", "[]"), ("repo:a", ""), ("[\"api://x\"]", "[7]")])
            Assert.Equal(400, (await graph.RefusedAsync("POST", path, body.Replace("\"ci\"", "\"bad\"", StringComparison.Ordinal).Replace(change, to, StringComparison.Ordinal))).Status);

        await graph.GoodAsync("PATCH", $"{path}/ci-main", """{"subject":"repo:b"}""");
        var one = Assert.Single((await graph.GoodAsync("GET", path)).GetProperty("value").EnumerateArray());
        Assert.Equal(("ci-main", "repo:b", "builds"), (one.GetProperty("name").GetString(), one.GetProperty("subject").GetString(), one.GetProperty("description").GetString()));
        await graph.GoodAsync("DELETE", $"{path}/ci-main");
        Assert.Equal(404, (await graph.RefusedAsync("GET", $"{path}/ci-main")).Status);
    }

    [Fact]
    public async Task A_managed_identity_is_seen_and_enabled_or_disabled_and_not_changed_otherwise()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var group = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!;
        var clientId = Guid.NewGuid().ToString();
        var made = await host.Metadata.CreateManagedIdentityAsync(
            new NewManagedIdentity(group.SubscriptionId, group.ResourceGroup, "pipeline", "local", "{}", clientId), Caller.System, CancellationToken.None);
        var id = made.Record!.Principal.ObjectId;

        var shown = Assert.Single((await graph.GoodAsync("GET", $"/v1.0/servicePrincipals?$filter=appId eq '{clientId}'")).GetProperty("value").EnumerateArray());
        Assert.Equal((id, "ManagedIdentity"), (shown.GetProperty("id").GetString(), shown.GetProperty("servicePrincipalType").GetString()));
        Assert.Equal(404, (await graph.RefusedAsync("GET", $"/v1.0/applications/{id}")).Status);
        foreach (var body in (string[])["""{"displayName":"x"}""", """{"accountEnabled":false,"displayName":"x"}""", """{"keyCredentials":[]}""", """{"accountEnabled":"no"}"""])
            Assert.Equal(400, (await graph.RefusedAsync("PATCH", $"/v1.0/servicePrincipals/{id}", body)).Status);
        Assert.Equal(400, (await graph.RefusedAsync("PATCH", $"/v1.0/applications/{id}", """{"accountEnabled":false}""")).Status);
        Assert.Equal(400, (await graph.RefusedAsync("DELETE", $"/v1.0/servicePrincipals/{id}")).Status);
        Assert.True((await graph.GoodAsync("GET", $"/v1.0/servicePrincipals/{id}")).GetProperty("accountEnabled").GetBoolean());

        foreach (var enabled in (bool[])[false, true])
        {
            await graph.GoodAsync("PATCH", $"/v1.0/servicePrincipals/{id}", $$"""{"accountEnabled":{{(enabled ? "true" : "false")}} }""");
            var after = await graph.GoodAsync("GET", $"/v1.0/servicePrincipals/{id}");
            Assert.Equal((enabled, "pipeline"), (after.GetProperty("accountEnabled").GetBoolean(), after.GetProperty("displayName").GetString()));
        }

        Assert.Equal(400, (await graph.RefusedAsync("POST", $"/v1.0/servicePrincipals/{id}/addPassword")).Status);
    }

    [Fact]
    public async Task Ids_are_resolved_many_at_once_and_unknown_ones_left_out()
    {
        await using var host = await RegistryHost.StartAsync();
        using var graph = await GraphClient.OfAsync(host);
        var (id, appId) = await MakeAsync(graph);
        var group = await graph.MakeAsync("/v1.0/groups", """{"displayName":"g"}""");
        var ids = $"\"{id}\",\"{group}\",\"{Guid.NewGuid()}\",\"no guid\"";

        var all = await graph.GoodAsync("POST", "/v1.0/directoryObjects/getByIds", $$"""{"ids":[{{ids}}],"types":["directoryObject"]}""");
        var some = await graph.GoodAsync("POST", "/v1.0/directoryObjects/getByIds", $$"""{"ids":[{{ids}}],"types":["servicePrincipal","user"]}""");

        Assert.Equal(2, all.GetProperty("value").GetArrayLength());
        var principal = Assert.Single(some.GetProperty("value").EnumerateArray());
        Assert.Equal(("#microsoft.graph.servicePrincipal", appId), (principal.GetProperty("@odata.type").GetString(), principal.GetProperty("servicePrincipalNames")[0].GetString()));
        var many = string.Join(',', Enumerable.Repeat("\"x\"", 1001));
        Assert.Equal(400, (await graph.RefusedAsync("POST", "/v1.0/directoryObjects/getByIds", $$"""{"ids":[{{many}}]}""")).Status);
    }

    private static async Task<(string Id, string AppId)> MakeAsync(GraphClient graph)
    {
        var application = await graph.GoodAsync("POST", "/v1.0/applications", """{"displayName":"app"}""");
        return (application.GetProperty("id").GetString()!, application.GetProperty("appId").GetString()!);
    }

    private static string Certificate(RegistryHost host, int bits, bool ended = false)
    {
        using var key = RSA.Create(bits);
        var now = host.Time.GetUtcNow();
        using var certificate = new CertificateRequest("CN=app", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(now.AddYears(-2), ended ? now.AddYears(-1) : now.AddYears(1));
        return Convert.ToBase64String(certificate.RawData);
    }
}
