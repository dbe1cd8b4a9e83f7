using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Writes a registry's settings as Azure names them, among those that have no effect here and one value each.</summary>
internal static class SettingsJson
{
    /// <summary>Writes them as properties of the object that is open.</summary>
    public static void Write(Utf8JsonWriter json, RegistryRecord registry, RegistrySettings settings)
    {
        WriteRules(json, settings);
        json.WriteString("publicNetworkAccess"u8, settings.IsPublic ? "Enabled" : "Disabled");
        json.WriteString("networkRuleBypassOptions"u8, settings.TrustedCallersPass ? "AzureServices" : "None");
        json.WriteBoolean("dataEndpointEnabled"u8, settings.HasDataEndpoint);
        foreach (var property in RegistryBody.Defaults.EnumerateObject())
        {
            if (property.Name != "policies")
            {
                property.WriteTo(json);
                continue;
            }

            json.WriteStartObject(property.Name);
            foreach (var policy in property.Value.EnumerateObject()) policy.WriteTo(json);
            WritePolicy(json, "exportPolicy", settings.AllowsExport);
            WritePolicy(json, "azureADAuthenticationAsArmPolicy", settings.TakesControlPlaneTokens);
            WritePolicy(json, "quarantinePolicy", registry.QuarantinesPushes);
            WritePolicy(json, "retentionPolicy", "days", registry.Retention, registry.CreatedAt);
            WritePolicy(json, "softDeletePolicy", "retentionDays", registry.SoftDelete, registry.CreatedAt);
            json.WriteEndObject();
        }
    }

    private static void WriteRules(Utf8JsonWriter json, RegistrySettings settings)
    {
        json.WriteStartObject("networkRuleSet"u8);
        json.WriteString("defaultAction"u8, settings.AllowsByDefault ? "Allow" : "Deny");
        json.WriteStartArray("ipRules"u8);
        foreach (var block in settings.Allowed.Blocks)
        {
            json.WriteStartObject();
            json.WriteString("action"u8, "Allow"u8);
            json.WriteString("value"u8, block.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("virtualNetworkRules"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter json, string name, string days, DeletionPolicy policy, DateTimeOffset createdAt)
    {
        json.WriteStartObject(name);
        json.WriteNumber(days, policy.Days);
        json.WriteString("lastUpdatedTime"u8, policy.UpdatedAt ?? createdAt);
        json.WriteString("status"u8, policy.IsEnabled ? "enabled" : "disabled");
        json.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter json, string name, bool isEnabled)
    {
        json.WriteStartObject(name);
        json.WriteString("status"u8, isEnabled ? "enabled" : "disabled");
        json.WriteEndObject();
    }
}
