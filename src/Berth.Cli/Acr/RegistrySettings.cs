using System.CommandLine;
using System.Text.Json;

namespace Berth.Cli.Acr;

/// <summary>The flags that say how a registry is to be.</summary>
internal sealed class RegistrySettings
{
    private readonly Option<string?> _sku = OneOf("The service tier: Basic, Standard or Premium.", "--sku", "Basic", "Standard", "Premium");
    private readonly Option<bool?> _admin = new("--admin-enabled") { Description = "true or false: whether the admin user may sign in." };
    private readonly Option<bool?> _anonymous = new("--anonymous-pull-enabled") { Description = "true or false: whether anybody may pull." };
    private readonly Option<string?> _mode = OneOf("How rights in repositories are given: rbac (on all of them) or abac (on those of a condition).", "--role-assignment-mode", "rbac", "abac");
    private readonly Option<bool?> _exports = new("--allow-exports") { Description = "true or false: whether what is stored may be copied out of the registry by other ways than a pull." };
    private readonly Option<bool?> _dataEndpoint = new("--data-endpoint-enabled") { Description = "true or false: whether blobs are read from a host of their own." };
    private readonly Option<string[]> _tags = TagsOption.Create();

    /// <summary>The flags.</summary>
    public IEnumerable<Option> All => [_sku, _admin, _anonymous, _mode, _exports, _dataEndpoint, _tags];

    /// <summary>Whether one of them is given.</summary>
    public bool IsGiven(ParseResult parsed) => All.Any(option => parsed.GetResult(option) is not null);

    /// <summary>Writes what is given as a registry's body has it.</summary>
    /// <param name="json">The body.</param>
    /// <param name="parsed">What was typed.</param>
    /// <param name="usualSku">The service tier when none is given; null to leave it.</param>
    /// <param name="network">Who may reach it; null to leave that.</param>
    public void Write(Utf8JsonWriter json, ParseResult parsed, string? usualSku, NetworkSettings? network = null)
    {
        if ((parsed.GetValue(_sku) ?? usualSku) is { } sku)
        {
            json.WriteStartObject("sku"u8);
            json.WriteString("name"u8, sku);
            json.WriteEndObject();
        }

        TagsOption.Write(json, parsed, _tags);
        json.WriteStartObject("properties"u8);
        if (parsed.GetValue(_admin) is { } admin) json.WriteBoolean("adminUserEnabled"u8, admin);
        if (parsed.GetValue(_anonymous) is { } anonymous) json.WriteBoolean("anonymousPullEnabled"u8, anonymous);
        if (parsed.GetValue(_mode) is { } mode) json.WriteString("roleAssignmentMode"u8, mode == "abac" ? "AbacRepositoryPermissions" : "LegacyRegistryPermissions");
        if (parsed.GetValue(_exports) is { } exports) WriteExportPolicy(json, exports);
        if (parsed.GetValue(_dataEndpoint) is { } dataEndpoint) json.WriteBoolean("dataEndpointEnabled"u8, dataEndpoint);
        network?.Write(json, parsed);
        json.WriteEndObject();
    }

    private static void WriteExportPolicy(Utf8JsonWriter json, bool isEnabled)
    {
        json.WriteStartObject("policies"u8);
        json.WriteStartObject("exportPolicy"u8);
        json.WriteString("status"u8, isEnabled ? "enabled"u8 : "disabled"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static Option<string?> OneOf(string description, string name, params string[] values)
    {
        var option = new Option<string?>(name) { Description = description };
        option.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, values);
        return option;
    }
}
