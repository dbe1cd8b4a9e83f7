using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Policies;

/// <summary>The rules, by the names and definitions that the built-in policies have in Azure.</summary>
internal static class PolicyRules
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<PolicyRule> All { get; } =
    [
        new(
            "admin-user-disabled", "dc921057-6b28-4fbe-9b83-f7bec05db6c2", "The admin user, one password with every right, is off", PolicySeverity.High,
            of => Of(of).Flag("adminUserEnabled") ? "the admin user may sign in" : null, of => $"berth acr update --name {of.Name} --admin-enabled false"),
        new(
            "anonymous-pull-disabled", "9f2dea28-e834-476c-99c5-3507b4728395", "Nobody pulls without a credential", PolicySeverity.High,
            of => Of(of).Flag("anonymousPullEnabled") ? "anybody may pull from every repository" : null, of => $"berth acr update --name {of.Name} --anonymous-pull-enabled false"),
        new(
            "network-restricted", "d0793b48-0edc-4296-a390-4c75d1bdfd71", "Not every address is let in", PolicySeverity.High,
            of => IsPublic(of) && !Is(Of(of).At("networkRuleSet", "defaultAction"), "Deny") ? "addresses that no network rule names are let in" : null,
            of => $"berth acr update --name {of.Name} --default-action Deny"),
        new(
            "public-network-disabled", "0fdf0491-d080-4575-b627-ad0e843cba0f", "Public network access is off", PolicySeverity.Medium,
            of => IsPublic(of) ? "the registry is reached over the public listeners" : null, of => $"berth acr update --name {of.Name} --public-network-enabled false"),
        new(
            "private-link-used", "e8eef0a8-67cf-4eb4-9386-14b0e78733d4", "There is a private endpoint", PolicySeverity.Medium,
            of => Of(of).At("privateEndpointConnections").Items().Any(IsApproved) ? null : "no private listener leads to the registry",
            of => $"# add ADDRESS:PORT={of.Name} to the server's setting Network:PrivateListeners (docs/user/network.md)"),
        new(
            "deleted-content-kept", null, "What is deleted can be restored, or what has no tag is kept for days", PolicySeverity.Medium,
            of => IsOn(of, "softDeletePolicy") || IsOn(of, "retentionPolicy") ? null : "neither soft delete nor retention is on",
            of => $"berth acr config soft-delete update --registry {of.Name} --status enabled --days 7"),
        new(
            "repository-tokens-disabled", "ff05e24e-195c-447e-b322-5e90c9f9f366", "No token with a password of its own is enabled", PolicySeverity.Low,
            of => EnabledTokens(of) switch
            {
                [] => null,
                [var one] => $"the token '{one}' is enabled",
                [var first, .. var others] => $"the token '{first}' is enabled, and {others.Length} others are",
            },
            of => $"berth acr token update --registry {of.Name} --name {EnabledTokens(of).FirstOrDefault()} --status disabled") { NeedsTokens = true },
        new(
            "arm-audience-tokens-disabled", "42781ec6-6127-4c30-bdfa-fb423a0047d3", "Tokens for the control plane do not open the registry", PolicySeverity.Low,
            of => Is(Of(of).At("policies", "azureADAuthenticationAsArmPolicy", "status"), "disabled") ? null : "a token for the control plane is taken at the registry, too",
            of => $"berth acr config authentication-as-arm update --registry {of.Name} --status disabled"),
        new(
            "exports-disabled", "524b0254-c285-4903-bee6-bb8126cde579", "Exports are off", PolicySeverity.Low,
            of => Is(Of(of).At("policies", "exportPolicy", "status"), "disabled") ? null : "what is stored may be copied out by other ways than a pull",
            of => $"berth acr update --name {of.Name} --allow-exports false"),
        new(
            "sku-supports-private-link", "bd560fc0-3c69-498a-ae9f-aa8eb7de0e13", "The service tier has private endpoints", PolicySeverity.Low,
            of => Is(of.Resource.At("sku", "name"), "Premium") ? null : $"the service tier is {of.Resource.At("sku").Text("name")}", of => $"berth acr update --name {of.Name} --sku Premium"),
    ];

    private static JsonElement Of(PolicySubject subject) => subject.Resource.At("properties");

    private static string[] EnabledTokens(PolicySubject subject) =>
        [.. (subject.Tokens ?? []).Where(token => Is(token.At("properties", "status"), "enabled")).Select(token => token.Required("name"))];

    private static bool IsPublic(PolicySubject subject) => !Is(Of(subject).At("publicNetworkAccess"), "Disabled");

    private static bool IsOn(PolicySubject subject, string policy) => Is(Of(subject).At("policies", policy, "status"), "enabled");

    private static bool IsApproved(JsonElement connection) => Is(connection.At("properties", "privateLinkServiceConnectionState", "status"), "Approved");

    private static bool Is(JsonElement value, string text) => value.ValueKind == JsonValueKind.String && text.Equals(value.GetString(), StringComparison.OrdinalIgnoreCase);
}
