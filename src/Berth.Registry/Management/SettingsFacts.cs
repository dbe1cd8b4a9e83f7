using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>What a change of a registry's settings was, for the ledger: each setting that is another now, and what it is.</summary>
internal static class SettingsFacts
{
    /// <summary>The fact that names the private endpoint's connection whose state was changed.</summary>
    public const string Connection = "privateEndpointConnection";

    /// <summary>The fact that says what became of it.</summary>
    public const string ConnectionStatusFact = "privateLinkServiceConnectionState.status";

    // A ledger record is read with others; whoever needs more compares the lists before and after.
    private const int MostNamed = 50;

    /// <summary>The settings that differ.</summary>
    public static IReadOnlyList<(string Name, string Value)> Between(RegistrySettings before, RegistrySettings after)
    {
        var facts = new List<(string, string)>();
        Add("networkRuleSet.defaultAction", before.AllowsByDefault, after.AllowsByDefault, "Allow", "Deny");
        AddRules("networkRuleSet.ipRules.added", Without(after.Allowed, before.Allowed));
        AddRules("networkRuleSet.ipRules.removed", Without(before.Allowed, after.Allowed));
        Add("publicNetworkAccess", before.IsPublic, after.IsPublic, "Enabled", "Disabled");
        Add("networkRuleBypassOptions", before.TrustedCallersPass, after.TrustedCallersPass, "AzureServices", "None");
        Add("policies.exportPolicy.status", before.AllowsExport, after.AllowsExport, "enabled", "disabled");
        Add("policies.azureADAuthenticationAsArmPolicy.status", before.TakesControlPlaneTokens, after.TakesControlPlaneTokens, "enabled", "disabled");
        Add("dataEndpointEnabled", before.HasDataEndpoint, after.HasDataEndpoint, "true", "false");
        return facts;

        void Add(string name, bool was, bool becomes, string yes, string no)
        {
            if (was != becomes) facts.Add((name, becomes ? yes : no));
        }

        void AddRules(string name, List<string> rules)
        {
            if (rules.Count == 0) return;
            var named = string.Join(',', rules.Take(MostNamed));
            facts.Add((name, rules.Count > MostNamed ? $"{named} and {rules.Count - MostNamed} more" : named));
        }
    }

    /// <summary>What became of a private endpoint's connection.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(ConnectionChange change) =>
    [
        (Connection, change.Name), (ConnectionStatusFact, change.State.Status.ToString()),
        .. change.State.Description is { } description ? [("privateLinkServiceConnectionState.description", description)] : Array.Empty<(string, string)>(),
    ];

    private static List<string> Without(AddressSet set, AddressSet other)
    {
        var standing = other.Blocks.Select(block => block.Text).ToHashSet(StringComparer.Ordinal);
        return [.. set.Blocks.Select(block => block.Text).Where(text => !standing.Contains(text))];
    }
}
