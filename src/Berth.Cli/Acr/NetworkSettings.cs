using System.CommandLine;
using System.Text.Json;

namespace Berth.Cli.Acr;

/// <summary>The flags that say who may reach a registry at all.</summary>
internal sealed class NetworkSettings
{
    private readonly Option<string?> _action = new("--default-action") { Description = "What happens to addresses that no network rule names: Allow or Deny." };
    private readonly Option<bool?> _public = new("--public-network-enabled") { Description = "true or false: whether the registry is reached over the public listeners." };

    private readonly Option<bool?> _trusted = new("--allow-trusted-services")
    {
        Description = "true or false: whether the callers that the installation trusts (Network:TrustedCallers) pass the rules.",
    };

    /// <summary>The flags.</summary>
    public NetworkSettings() => _action.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "Allow", "Deny");

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_action, _public, _trusted];

    /// <summary>Whether one of them is given.</summary>
    public bool IsGiven(ParseResult parsed) => All.Any(option => parsed.GetResult(option) is not null);

    /// <summary>Writes what is given as properties of a registry.</summary>
    public void Write(Utf8JsonWriter json, ParseResult parsed)
    {
        if (parsed.GetValue(_action) is { } action)
        {
            json.WriteStartObject("networkRuleSet"u8);
            json.WriteString("defaultAction"u8, action);
            json.WriteEndObject();
        }

        if (parsed.GetValue(_public) is { } isPublic) json.WriteString("publicNetworkAccess"u8, isPublic ? "Enabled" : "Disabled");
        if (parsed.GetValue(_trusted) is { } pass) json.WriteString("networkRuleBypassOptions"u8, pass ? "AzureServices" : "None");
    }
}
