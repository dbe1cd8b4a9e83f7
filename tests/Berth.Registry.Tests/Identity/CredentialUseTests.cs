using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity;

/// <summary>When each credential was used last, as an auditor is told.</summary>
public sealed class CredentialUseTests
{
    private const string Prefix = "/berth/v1/registries/local/access/credentials";

    [Fact]
    public async Task A_passwords_use_is_told_with_time_and_address_and_not_its_hash()
    {
        await using var host = await RegistryHost.StartAsync();
        using var ann = await host.SignedInAsync("ann@example.test");
        await host.AssignAsync("ann@example.test", "AcrPull");
        Assert.Equal(JsonValueKind.Null, Assert.Single(await ListAsync(host, "ann@example.test")).GetProperty("lastUsedAt").ValueKind);

        using var wrong = host.ClientOf("ann@example.test", "a wrong password");
        Assert.Equal(HttpStatusCode.Unauthorized, (await wrong.GetAsync("/v2/")).StatusCode);
        Assert.Equal(JsonValueKind.Null, Assert.Single(await ListAsync(host, "ann@example.test")).GetProperty("lastUsedAt").ValueKind);
        host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/v2/")).StatusCode);

        var entry = Assert.Single(await ListAsync(host, "ann@example.test"));
        Assert.Equal(("password", "127.0.0.1"), (Text(entry, "kind"), Text(entry, "lastUsedFrom")));
        Assert.Equal(host.Time.GetUtcNow(), entry.GetProperty("lastUsedAt").GetDateTimeOffset());
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(-5), entry.GetProperty("createdAt").GetDateTimeOffset());
        Assert.DoesNotContain("hash", entry.GetRawText(), StringComparison.OrdinalIgnoreCase);
        var hash = (await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None))!.PasswordHash!;
        Assert.DoesNotContain(hash[^10..], entry.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_secrets_the_one_that_was_used_is_told_at_the_registry_and_at_the_authority()
    {
        await using var host = await RegistryHost.StartAsync();
        using var authority = await AuthorityClient.StartAsync(host);
        var old = new CredentialRecord("00000000-0000-0000-0000-00000000000a", CredentialKind.Secret, host.Time.GetUtcNow())
        {
            SecretHash = SHA256.HashData("another secret"u8),
            DisplayName = "old",
            Hint = "ano",
        };
        await host.Metadata.PutCredentialAsync(authority.ApplicationRow, old, Caller.System, CancellationToken.None);
        using (var docker = host.ClientOf(authority.ApplicationId, authority.Secret)) Assert.Equal(HttpStatusCode.OK, (await docker.GetAsync("/v2/")).StatusCode);

        var entries = (await ListAsync(host, authority.ApplicationId)).ToDictionary(e => Text(e, "keyId")!);
        Assert.Equal(("secret", "old", JsonValueKind.Null), (Text(entries[old.KeyId], "kind"), Text(entries[old.KeyId], "name"), entries[old.KeyId].GetProperty("lastUsedAt").ValueKind));
        Assert.Equal("127.0.0.1", Text(entries["3c0f7f60-7f2e-4f43-a3ea-6a86d7b8f3a0"], "lastUsedFrom"));
        Assert.Equal(2, entries.Count);

        host.Time.Advance(TimeSpan.FromHours(1));
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = authority.ApplicationId,
            ["client_secret"] = "another secret",
            ["scope"] = $"{AuthorityClient.Arm}/.default",
        });
        Assert.Equal(HttpStatusCode.OK, (await authority.Http.PostAsync(AuthorityClient.TokenPath, form)).StatusCode);
        Assert.Equal(
            host.Time.GetUtcNow(), (await ListAsync(host, authority.ApplicationId)).Single(e => Text(e, "keyId") == old.KeyId).GetProperty("lastUsedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_federated_credentials_use_is_told_by_its_name()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Outbound = HttpsServer.Loopback }, trust: issuer.Server.Trust);
        var made = await host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ServicePrincipal, "pipeline", "Pipeline", ClientId: Guid.NewGuid().ToString()), Caller.System, CancellationToken.None);
        foreach (var (name, subject) in new[] { ("ci", TokenIssuer.Subject), ("other", "repo:other") })
        {
            await host.Metadata.PutFederatedCredentialAsync(
                made.Record!.Id, new FederatedCredentialRecord(name, issuer.Name, subject, [TokenIssuer.Audience], null), Caller.System, CancellationToken.None);
        }

        using var client = host.ClientOf(made.Record!.ClientId!, issuer.Token(host.Time.GetUtcNow()));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
        Assert.Equal(
            [("federated", "ci", "127.0.0.1"), ("federated", "other", null)],
            (await ListAsync(host, made.Record.ClientId!)).Select(e => (Text(e, "kind"), Text(e, "name"), Text(e, "lastUsedFrom"))));
    }

    [Fact]
    public async Task Each_credential_that_was_used_between_two_looks_is_told_also_at_the_authority()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Outbound = HttpsServer.Loopback }, trust: issuer.Server.Trust);
        using var authority = await AuthorityClient.StartAsync(host);
        var unused = new CredentialRecord("00000000-0000-0000-0000-00000000000a", CredentialKind.Secret, host.Time.GetUtcNow()) { SecretHash = SHA256.HashData("another secret"u8) };
        await host.Metadata.PutCredentialAsync(authority.ApplicationRow, unused, Caller.System, CancellationToken.None);
        foreach (var subject in (string[])[TokenIssuer.Subject, "repo:other"])
        {
            var trust = new FederatedCredentialRecord(subject[..6], issuer.Name, subject, [TokenIssuer.Audience], null);
            await host.Metadata.PutFederatedCredentialAsync(authority.ApplicationRow, trust, Caller.System, CancellationToken.None);
        }

        Assert.Equal(HttpStatusCode.OK, (await authority.ApplicationAsync()).Status);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        var answer = await authority.PostAsync(
            AuthorityClient.TokenPath, ("grant_type", "client_credentials"), ("client_id", authority.ApplicationId), ("scope", $"{AuthorityClient.Arm}/.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", issuer.Token(host.Time.GetUtcNow())));
        Assert.Equal(HttpStatusCode.OK, answer.Status);

        var now = host.Time.GetUtcNow();
        Assert.Equal(
            new (string?, string?, DateTimeOffset?)[]
            {
                ("federated", "repo:o", null), ("federated", "repo:t", now), ("secret", unused.KeyId, null), ("secret", "3c0f7f60-7f2e-4f43-a3ea-6a86d7b8f3a0", now.AddMinutes(-1)),
            }.Order(),
            (await ListAsync(host, authority.ApplicationId)).Select(e => (Text(e, "kind"), Text(e, "keyId"), UsedAt(e))).Order());

        static DateTimeOffset? UsedAt(JsonElement e) => e.GetProperty("lastUsedAt") is { ValueKind: JsonValueKind.String } time ? time.GetDateTimeOffset() : null;
    }

    [Fact]
    public async Task Everybody_with_a_right_is_listed_with_the_tokens_and_the_admin_user_and_nobody_else()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        foreach (var name in new[] { "ann@example.test", "bob@example.test", "eve@example.test" }) (await host.SignedInAsync(name)).Dispose();
        var group = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "pullers", "pullers"), Caller.System, CancellationToken.None)).Record!;
        await host.Metadata.AddMemberAsync(group.Id, (await host.Metadata.FindPrincipalAsync("bob@example.test", CancellationToken.None))!.Id, Caller.System, CancellationToken.None);
        await host.AssignAsync("ann@example.test", "AcrPush");
        await host.AssignAsync("pullers", "AcrPull");
        var map = ControlClient.Local + "/scopeMaps/_repositories_pull";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/tokens/build", $$"""{"properties":{"scopeMapId":"{{map}}"} }""");
        var given = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{ControlClient.Local}}/tokens/build"}""");
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":true} }""");
        var admin = await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/listCredentials", "");
        using (var token = host.ClientOf("build", given.GetProperty("passwords")[1].GetProperty("value").GetString()!)) Assert.Equal(HttpStatusCode.OK, (await token.GetAsync("/v2/")).StatusCode);
        using (var account = host.ClientOf("local", admin.GetProperty("passwords")[0].GetProperty("value").GetString()!)) Assert.Equal(HttpStatusCode.OK, (await account.GetAsync("/v2/")).StatusCode);

        var entries = await ListAsync(host, null);
        Assert.Equal(
            ["admin password local/admin password used", "admin password local/admin password2 ", "password ann@example.test  ", "password bob@example.test  ", "password owner  ", "token password local/build password1 ", "token password local/build password2 used"],
            entries.Select(e => $"{Text(e, "kind")} {Text(e, "principal")} {Text(e, "name")} {(Text(e, "lastUsedFrom") is null ? "" : "used")}").Order(StringComparer.Ordinal));
        Assert.All(given.GetProperty("passwords").EnumerateArray(), p => Assert.All(entries, e => Assert.DoesNotContain(p.GetProperty("value").GetString()!, e.GetRawText(), StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_long_list_comes_in_pages_that_leave_out_nobody_with_a_right()
    {
        await using var host = await RegistryHost.StartAsync();
        var group = (await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "pullers", "pullers"), Caller.System, CancellationToken.None)).Record!;
        await host.AssignAsync("pullers", "AcrPull");
        var hash = QuickHash.Of("a password of its own");
        var people = Enumerable.Range(0, 440).Select(i => $"p{i:D3}@example.test").ToList();
        await Task.WhenAll(people.Select(async (name, i) =>
        {
            await host.Metadata.SetPasswordAsync(name, hash, Caller.System, CancellationToken.None);
            var person = await host.Metadata.FindPrincipalAsync(name, CancellationToken.None);
            if (i % 2 == 0) await host.Metadata.AddMemberAsync(group.Id, person!.Id, Caller.System, CancellationToken.None);
        }));
        using var owner = await ControlClient.OfOwnerAsync(host);
        var map = ControlClient.Local + "/scopeMaps/_repositories_pull";
        foreach (var token in new[] { "build", "deploy" })
        {
            await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + $"/tokens/{token}", $$"""{"properties":{"scopeMapId":"{{map}}"} }""");
            await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{ControlClient.Local}}/tokens/{{token}}","name":"password1"}""");
        }

        // Who may ask about this registry alone is told neither who else there is nor, by the pages' keys, whose name comes next.
        await host.AssignAsync(people[0], "Reader");
        using var auditor = await EvidenceTests.SignedInToControlAsync(host, people[0]);
        var (listed, pages, keys, ids) = (new List<string>(), 0, new List<string>(), new HashSet<string>());
        for (var next = Prefix; next is not null; pages++)
        {
            using var page = JsonDocument.Parse(await auditor.GetStringAsync(next));
            listed.AddRange(page.RootElement.GetProperty("value").EnumerateArray().Select(e => Text(e, "principal")!));
            ids.UnionWith(page.RootElement.GetProperty("value").EnumerateArray().Select(e => $"0/{Text(e, "objectId")}"));
            next = page.RootElement.TryGetProperty("nextLink", out var link) ? new Uri(link.GetString()!).PathAndQuery : null;
            if (next is not null) keys.Add(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(Uri.UnescapeDataString(next.Split("$skiptoken=")[1]).Replace('-', '+').Replace('_', '/'))));
        }

        Assert.Equal(["local/build", "local/deploy", "owner", .. people.Where((_, i) => i % 2 == 0)], listed.Order(StringComparer.Ordinal));
        Assert.Equal(2, pages);
        Assert.All(keys, key => Assert.Contains(key, ids));
        foreach (var bad in new[] { "9/x", "x", "/" })
        {
            var token = Uri.EscapeDataString(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(bad)));
            Assert.Equal((bad, HttpStatusCode.BadRequest), (bad, (await auditor.GetAsync($"{Prefix}?$skiptoken={token}")).StatusCode));
        }
    }

    private static async Task<List<JsonElement>> ListAsync(RegistryHost host, string? principal)
    {
        using var auditor = await EvidenceTests.SignedInToControlAsync(host, "owner");
        using var answer = JsonDocument.Parse(await auditor.GetStringAsync(Prefix + (principal is null ? "" : $"?principal={principal}")));
        return [.. answer.RootElement.GetProperty("value").Clone().EnumerateArray()];
    }

    private static string? Text(JsonElement e, string name) => e.GetProperty(name).GetString();
}
