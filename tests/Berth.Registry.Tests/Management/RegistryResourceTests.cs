using System.Net;
using System.Net.Http.Headers;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Registries as resources: made, changed, listed and deleted over the control plane.</summary>
public sealed class RegistryResourceTests
{
    private const string Team = ControlClient.Registries + "/teamone";

    [Fact]
    public async Task A_registry_is_made_changed_and_deleted_and_is_served_meanwhile()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var made = await owner.ExpectAsync(
            HttpStatusCode.Created, "PUT", ControlClient.Registries + "/TeamOne",
            """{"location":"local","sku":{"name":"premium"},"tags":{"a":"b"},"properties":{"roleAssignmentMode":"AbacRepositoryPermissions","zoneRedundancy":"Disabled","networkRuleSet":null}}""");
        Assert.Equal((Team, "Premium", "b"), (made.GetProperty("id").GetString(), made.GetProperty("sku").GetProperty("name").GetString(), made.GetProperty("tags").GetProperty("a").GetString()));
        var properties = made.GetProperty("properties");
        Assert.Equal("teamone.berth.localhost", properties.GetProperty("loginServer").GetString());
        Assert.Equal("AbacRepositoryPermissions", properties.GetProperty("roleAssignmentMode").GetString());
        Assert.Equal("Succeeded", properties.GetProperty("provisioningState").GetString());
        Assert.Equal("enabled", properties.GetProperty("policies").GetProperty("azureADAuthenticationAsArmPolicy").GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, await StatusAtAsync(host, "teamone"));

        var changed = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", Team, """{"sku":{"name":"Basic"},"properties":{"adminUserEnabled":true,"anonymousPullEnabled":true}}""");
        Assert.True(changed.GetProperty("properties").GetProperty("adminUserEnabled").GetBoolean());
        Assert.True(changed.GetProperty("properties").GetProperty("anonymousPullEnabled").GetBoolean());
        Assert.Equal(("b", "Basic"), (changed.GetProperty("tags").GetProperty("a").GetString(), changed.GetProperty("sku").GetProperty("name").GetString()));

        // What was read may be written back as it is.
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Team, changed.GetRawText());
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Team);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Team);
        await owner.ExpectAsync(HttpStatusCode.NoContent, "DELETE", Team);
    }

    [Theory]
    [InlineData("""{"properties":{"publicNetworkAccess":"SecuredByPerimeter"}}""", "properties.publicNetworkAccess")]
    [InlineData("""{"properties":{"publicNetworkAccess":false}}""", "properties.publicNetworkAccess")]
    [InlineData("""{"properties":{"networkRuleBypassOptions":"Some"}}""", "properties.networkRuleBypassOptions")]
    [InlineData("""{"properties":{"policies":{"retentionPolicy":{"days":366,"status":"enabled"}}}}""", "properties.policies.retentionPolicy.days")]
    [InlineData("""{"properties":{"policies":{"retentionPolicy":{"days":-1}}}}""", "properties.policies.retentionPolicy.days")]
    [InlineData("""{"properties":{"policies":{"retentionPolicy":{"days":7.5}}}}""", "properties.policies.retentionPolicy.days")]
    [InlineData("""{"properties":{"policies":{"retentionPolicy":{"retentionDays":7}}}}""", "properties.policies.retentionPolicy.retentionDays")]
    [InlineData("""{"properties":{"policies":{"softDeletePolicy":{"status":"on"}}}}""", "properties.policies.softDeletePolicy.status")]
    [InlineData("""{"properties":{"policies":{"softDeletePolicy":{"retentionDays":0}}}}""", "properties.policies.softDeletePolicy.retentionDays")]
    [InlineData("""{"properties":{"policies":{"softDeletePolicy":{"retentionDays":91}}}}""", "properties.policies.softDeletePolicy.retentionDays")]
    [InlineData("""{"properties":{"policies":{"softDeletePolicy":{"retentionDays":"7"}}}}""", "properties.policies.softDeletePolicy.retentionDays")]
    [InlineData("""{"properties":{"policies":{"exportPolicy":{"status":"on"}}}}""", "properties.policies.exportPolicy.status")]
    [InlineData("""{"properties":{"policies":{"azureADAuthenticationAsArmPolicy":{"state":"disabled"}}}}""", "properties.policies.azureADAuthenticationAsArmPolicy.state")]
    [InlineData("""{"properties":{"networkRuleSet":{"defaultAction":"Maybe"}}}""", "properties.networkRuleSet.defaultAction")]
    [InlineData("""{"properties":{"networkRuleSet":{"denyRules":[]}}}""", "properties.networkRuleSet.denyRules")]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":{}}}}""", "properties.networkRuleSet.ipRules")]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":["10.0.0.0/8"]}}}""", "properties.networkRuleSet.ipRules[0]")]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":[{"value":"10.0.0.0/8"},{"action":"Deny","value":"10.1.0.0/16"}]}}}""", "properties.networkRuleSet.ipRules[1].action")]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":[{"action":"Allow"}]}}}""", "properties.networkRuleSet.ipRules[0].value")]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":[{"value":"10.0.0.300"}]}}}""", "properties.networkRuleSet.ipRules[0].value")]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":[{"value":"10.1.0.0/8"}]}}}""", "write 10.0.0.0/8")]
    [InlineData("""{"properties":{"networkRuleSet":{"virtualNetworkRules":[{"virtualNetworkSubnetResourceId":"/x"}]}}}""", "properties.networkRuleSet.virtualNetworkRules")]
    [InlineData("""{"properties":{"encryption":{"status":"enabled"}}}""", "properties.encryption.status")]
    [InlineData("""{"properties":{"nonsense":1}}""", "properties.nonsense")]
    [InlineData("""{"properties":{"policies":{"nonsense":{}}}}""", "properties.policies.nonsense")]
    [InlineData("""{"nonsense":1}""", "nonsense")]
    [InlineData("""{"properties":{"adminUserEnabled":"yes"}}""", "properties.adminUserEnabled")]
    [InlineData("""{"properties":{"roleAssignmentMode":"Other"}}""", "roleAssignmentMode")]
    [InlineData("""{"properties":[]}""", "properties")]
    [InlineData("""{"tags":{"a":1}}""", "'a'")]
    [InlineData("""{"sku":{"name":"Huge"}}""", "sku.name")]
    [InlineData("""{"identity":{"type":"UserAssigned"}}""", "identity.type")]
    [InlineData("""{"tags":{},"tags":{}}""", "twice")]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "no JSON")]
    public async Task What_would_have_no_effect_is_refused_and_named(string body, string named)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (status, answer) = await owner.SendAsync("PATCH", ControlClient.Local, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(named, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_or_too_deep_is_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(413, "RequestEntityTooLarge", "PATCH", ControlClient.Local, $$"""{"tags":{"a":"{{new string('x', 1 << 20)}}"} }""");
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PATCH", ControlClient.Local, new string('[', 100) + new string(']', 100));
    }

    [Theory]
    [InlineData("abcd", 400)]
    [InlineData("a-hyphen", 400)]
    [InlineData("login", 400)]
    [InlineData("graph", 400)]
    [InlineData("owner", 400)]
    public async Task A_name_that_is_no_hosts_or_means_something_else_is_refused(string name, int status)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(status, "InvalidResourceName", "PUT", $"{ControlClient.Registries}/{name}", """{"sku":{"name":"Basic"}}""");
        var check = await owner.ExpectAsync(
            HttpStatusCode.OK, "POST", ControlClient.Subscription + "/providers/Microsoft.ContainerRegistry/checkNameAvailability",
            $$"""{"name":"{{name}}","type":"Microsoft.ContainerRegistry/registries"}""");
        Assert.False(check.GetProperty("nameAvailable").GetBoolean());
    }

    [Fact]
    public async Task A_name_is_given_once_and_the_default_registry_stays()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Subscription + "/resourcegroups/second", """{"location":"local"}""");
        const string Elsewhere = ControlClient.Subscription + "/resourceGroups/second/providers/Microsoft.ContainerRegistry/registries/local";
        await owner.ExpectErrorAsync(409, "AlreadyInUse", "PUT", Elsewhere, """{"sku":{"name":"Basic"}}""");
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Elsewhere);
        await owner.ExpectErrorAsync(409, "DefaultRegistry", "DELETE", ControlClient.Local);
    }

    private static async Task<HttpStatusCode> StatusAtAsync(RegistryHost host, string registry)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Host = $"{registry}.berth.localhost";
        request.Headers.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader); // good at every registry, as no token is
        using var response = await host.Client.SendAsync(request);
        return response.StatusCode;
    }
}
