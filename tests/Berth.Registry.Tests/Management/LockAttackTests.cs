using System.Net;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Ways around a resource's lock: other spellings of its path, other versions, what is above it, below it and beside it.</summary>
public sealed class LockAttackTests
{
    private const string Second = ControlClient.Registries + "/second";
    private const string Lock = Second + "/providers/Microsoft.Authorization/locks/keep";

    [Theory]
    [InlineData("CanNotDelete", "DELETE", null)]
    [InlineData("ReadOnly", "DELETE", null)]
    [InlineData("ReadOnly", "PATCH", """{"properties":{"adminUserEnabled":true,"publicNetworkAccess":"Disabled"}}""")]
    [InlineData("ReadOnly", "PUT", """{"sku":{"name":"Basic"},"identity":{"type":"SystemAssigned"}}""")]
    public async Task No_spelling_of_a_path_and_no_version_gets_past_a_lock(string level, string method, string? body)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await LockedAsync(host, level);
        var before = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Second)).GetRawText();
        string[] paths =
        [
            Second, Second.ToUpperInvariant(), Second + "/", Second.Replace("/", "//", StringComparison.Ordinal), Second.Replace("second", "%73econd", StringComparison.Ordinal),
            Second.Replace("registries/", "registries/./", StringComparison.Ordinal), Second.Replace("/default/", "/other/../default/", StringComparison.Ordinal),
            Second.Replace("resourceGroups", "resource%47roups", StringComparison.Ordinal), Second.Replace("/second", "%2Fsecond", StringComparison.Ordinal),
            Second + "?api-version=2017-03-01&x=", Second + "%20", Second + "%00", ControlClient.Registries + "/x/../second",
        ];
        foreach (var version in (string[])["2017-03-01", "2019-05-01", "2025-11-01", "2026-01-01-preview"])
        {
            foreach (var path in paths)
            {
                using var answer = await owner.SendRawAsync(method, $"{path}{(path.Contains('?') ? '&' : '?')}api-version={version}", body);
                Assert.True((int)answer.StatusCode is 400 or 404 or 405 or 409 || (method == "DELETE" && answer.StatusCode == HttpStatusCode.NoContent), $"{method} {path} {version}: {answer.StatusCode}");
            }
        }

        Assert.Equal(before, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Second)).GetRawText());
    }

    [Fact]
    public async Task Passwords_tokens_and_scope_maps_of_a_frozen_registry_stay_as_they_are()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second, """{"sku":{"name":"Premium"},"properties":{"adminUserEnabled":true}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second + "/scopeMaps/team-map", """{"properties":{"actions":["repositories/a/content/read"]}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second + "/tokens/pipeline", $$"""{"properties":{"scopeMapId":"{{Second}}/scopeMaps/team-map"} }""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Lock, """{"properties":{"level":"ReadOnly"}}""");
        foreach (var (method, path, body) in new[]
        {
            ("POST", Second + "/generateCredentials", $$"""{"tokenId":"{{Second}}/tokens/pipeline"}"""),
            ("POST", Second + "/regenerateCredential", """{"name":"password"}"""),
            ("POST", Second + "/listCredentials", "{}"),
            ("PATCH", Second + "/tokens/pipeline", """{"properties":{"status":"disabled"}}"""),
            ("PUT", Second + "/tokens/pipeline", $$"""{"properties":{"scopeMapId":"{{Second}}/scopeMaps/team-map"} }"""),
            ("PATCH", Second + "/scopeMaps/team-map", """{"properties":{"actions":["repositories/*/content/write"]}}"""),
            ("DELETE", Second + "/tokens/pipeline", ""),
            ("DELETE", Second + "/scopeMaps/team-map", ""),
            ("PUT", $"{Second}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}", ControlClient.AssignmentOf(ControlClient.AcrPull, Guid.NewGuid().ToString())),
        })
            await owner.ExpectErrorAsync(409, "ScopeLocked", method, path, body.Length == 0 ? null : body);
    }

    [Fact]
    public async Task What_is_above_a_locked_registry_does_not_go_and_what_is_gone_does_not_come_back_past_a_lock()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Group = ControlClient.Subscription + "/resourceGroups/team";
        const string Third = Group + "/providers/Microsoft.ContainerRegistry/registries/third";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Group, """{"location":"local"}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Third, """{"sku":{"name":"Premium"}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Third + "/providers/Microsoft.Authorization/locks/keep", """{"properties":{"level":"CanNotDelete"}}""");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "DELETE", Group);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Third + "/providers/Microsoft.Authorization/locks/keep");
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Third);

        var deleted = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Group + "/providers/Microsoft.ContainerRegistry/deletedRegistries"))
            .GetProperty("value")[0].GetProperty("id").GetString()!;
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Group + "/providers/Microsoft.Authorization/locks/keep", """{"properties":{"level":"ReadOnly"}}""");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "POST", deleted + "/recover", "{}");
        await owner.ExpectErrorAsync(409, "ScopeLocked", "POST", deleted + "/purge", "{}");
    }

    private static async Task<ControlClient> LockedAsync(RegistryHost host, string level)
    {
        var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second, """{"sku":{"name":"Premium"}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Lock, $$"""{"properties":{"level":"{{level}}"} }""");
        return owner;
    }
}
