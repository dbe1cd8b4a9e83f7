using System.Text.Json.Nodes;
using Berth.Registry.Management;

namespace Berth.Registry.Tests.Management;

/// <summary>A body for each route that reads one: with it the request is done.</summary>
internal static class ValidBodies
{
    /// <summary>The body.</summary>
    public static JsonObject Of(ManagementRoute route, string objectId) => JsonNode.Parse(TextOf(route.Name, objectId))!.AsObject();

    private static string TextOf(string route, string objectId) => route switch
    {
        "groups.put" => """{"location":"test","tags":{"a":"b"}}""",
        "groups.patch" => """{"tags":{"a":"b"}}""",
        "registries.put" => """
            {"location":"test","tags":{"a":"b"},"sku":{"name":"Premium"},"identity":{"type":"None"},"properties":{"adminUserEnabled":true,"networkRuleSet":{"defaultAction":"Allow","ipRules":[{"action":"Allow","value":"203.0.113.0/24"}]},"policies":{"exportPolicy":{"status":"enabled"}}}}
            """,
        "registries.patch" => """{"tags":{"a":"b"},"sku":{"name":"Premium"},"properties":{"anonymousPullEnabled":true}}""",
        "registries.check-name" => """{"name":"another5","type":"Microsoft.ContainerRegistry/registries"}""",
        "deleted-registries.recover" => """{"name":"another5"}""",
        "deleted-registries.purge" or "admin-user.list" => "{}",
        "admin-user.regenerate" => """{"name":"password"}""",
        "scope-maps.put" or "scope-maps.patch" => """{"properties":{"description":"text","actions":["repositories/b/content/read"]}}""",
        "tokens.put" or "tokens.patch" => $$"""{"properties":{"scopeMapId":"{{ControlClient.Local}}/scopeMaps/keeper-map","status":"enabled"} }""",
        "tokens.generate-credentials" => $$"""{"tokenId":"{{ControlClient.Local}}/tokens/keeper","name":"password1","expiry":"2030-01-01T00:00:00Z"}""",
        "role-definitions.put" => """
            {"properties":{"roleName":"Own","description":"text","type":"CustomRole","assignableScopes":["/subscriptions/subscription"],"permissions":[{"actions":["Microsoft.ContainerRegistry/registries/push/write"],"notActions":[],"dataActions":[],"notDataActions":[]}]}}
            """,
        "role-assignments.put" => ControlClient.AssignmentOf("11111111-2222-3333-4444-555555555555", objectId, more: ",\"description\":\"text\""),
        "identities.put" => """{"location":"local","tags":{"a":"b"}}""",
        "federation.put" => """{"properties":{"issuer":"https://issuer.example","subject":"other","audiences":["api://AzureADTokenExchange"]}}""",
        "network-rules.dry-run" => """{"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[]},"publicNetworkAccess":"Enabled","networkRuleBypassOptions":"None"}}""",
        "private-endpoint-connections.put" => """{"properties":{"privateLinkServiceConnectionState":{"status":"Rejected","description":"text"}}}""",
        "tags.put" => """{"properties":{"tags":{"a":"b"}}}""",
        "tags.patch" => """{"operation":"Merge","properties":{"tags":{"c":"d"}}}""",
        "locks.put" => """{"properties":{"level":"CanNotDelete","notes":"text"}}""",
        _ => throw new NotSupportedException($"{route} takes a body that no test knows: add one that is good."),
    };
}
