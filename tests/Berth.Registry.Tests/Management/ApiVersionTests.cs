using System.Net;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Clients of several versions change the same resource: who speaks an old one leaves what came later as it stands.</summary>
public sealed class ApiVersionTests
{
    private const string Old = "2017-10-01";

    [Theory]
    [InlineData("PATCH", """{"properties":{"adminUserEnabled":true}}""")]
    [InlineData("PUT", """{"location":"test","sku":{"name":"Standard"},"properties":{"adminUserEnabled":true}}""")]
    public async Task A_registry_keeps_what_an_old_version_has_no_words_for(string method, string body)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """
            {"tags":{"team":"a"},"identity":{"type":"SystemAssigned"},"properties":{"anonymousPullEnabled":true,"roleAssignmentMode":"AbacRepositoryPermissions","publicNetworkAccess":"Enabled",
            "networkRuleBypassOptions":"None","networkRuleSet":{"defaultAction":"Allow","ipRules":[{"value":"203.0.113.0/24"}]},
            "policies":{"exportPolicy":{"status":"disabled"},"azureADAuthenticationAsArmPolicy":{"status":"disabled"}}}}
            """);
        var before = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);

        using var answer = await owner.SendRawAsync(method, $"{ControlClient.Local}?api-version={Old}", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        var after = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        Assert.True(after.GetProperty("properties").GetProperty("adminUserEnabled").GetBoolean());
        foreach (var name in new[] { "tags", "identity" }) Assert.Equal(before.GetProperty(name).GetRawText(), after.GetProperty(name).GetRawText());
        foreach (var property in before.GetProperty("properties").EnumerateObject().Where(property => property.Name != "adminUserEnabled"))
            Assert.Equal((property.Name, property.Value.GetRawText()), (property.Name, after.GetProperty("properties").GetProperty(property.Name).GetRawText()));
    }

    [Fact]
    public async Task An_assignment_keeps_its_condition_when_an_old_version_puts_it_again_and_loses_it_when_a_new_one_does()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (user, ann) = await ControlClient.NewUserAsync(host, "ann@example.test");
        user.Dispose();
        var path = $"{ControlClient.Local}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}";
        const string Reader = "b93aa761-3e63-49ed-ac28-beffa264f7ac";
        const string Condition = "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase 'team/app'";
        await owner.ExpectAsync(
            HttpStatusCode.Created, "PUT", path, ControlClient.AssignmentOf(Reader, ann, more: $",\"condition\":\"{Condition}\",\"conditionVersion\":\"2.0\",\"description\":\"the team's\""));
        var plain = ControlClient.AssignmentOf(Reader, ann);

        using var old = await owner.SendRawAsync("PUT", $"{path}?api-version=2018-09-01-preview", plain);
        Assert.Equal(HttpStatusCode.OK, old.StatusCode);
        Assert.Equal((Condition, "2.0", "the team's"), Of(await owner.ExpectAsync(HttpStatusCode.OK, "GET", path)));

        using var current = await owner.SendRawAsync("PUT", $"{path}?api-version=2022-04-01", plain);
        Assert.Equal(HttpStatusCode.OK, current.StatusCode);
        Assert.Equal((null, null, null), Of(await owner.ExpectAsync(HttpStatusCode.OK, "GET", path)));

        static (string?, string?, string?) Of(JsonElement shown)
        {
            var properties = shown.GetProperty("properties");
            return (properties.GetProperty("condition").GetString(), properties.GetProperty("conditionVersion").GetString(), properties.GetProperty("description").GetString());
        }
    }

    [Fact]
    public async Task A_disabled_token_that_is_put_without_a_status_stays_disabled()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var body = $$"""{"properties":{"scopeMapId":"{{ControlClient.Local}}/scopeMaps/_repositories_pull"} }""";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Local + "/tokens/machine", body);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local + "/tokens/machine", """{"properties":{"status":"disabled"}}""");

        var put = await owner.ExpectAsync(HttpStatusCode.OK, "PUT", ControlClient.Local + "/tokens/machine", body);

        Assert.Equal("disabled", put.GetProperty("properties").GetProperty("status").GetString());
    }
}
