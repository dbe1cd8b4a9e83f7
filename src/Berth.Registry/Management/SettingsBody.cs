using Berth.Metadata;
using Berth.Registry.Network;

namespace Berth.Registry.Management;

/// <summary>What a client wants of a registry's settings; null leaves one as it is.</summary>
internal sealed record SettingsBody
{
    /// <summary>Whether <c>networkRuleSet.defaultAction</c> is Allow.</summary>
    public bool? AllowsByDefault { get; init; }

    /// <summary><c>networkRuleSet.ipRules</c>, all of them.</summary>
    public AddressSet? Allowed { get; init; }

    /// <summary>Whether <c>publicNetworkAccess</c> is Enabled.</summary>
    public bool? IsPublic { get; init; }

    /// <summary>Whether <c>networkRuleBypassOptions</c> is AzureServices.</summary>
    public bool? TrustedCallersPass { get; init; }

    /// <summary>Whether <c>policies.exportPolicy</c> is enabled.</summary>
    public bool? AllowsExport { get; init; }

    /// <summary>Whether <c>policies.azureADAuthenticationAsArmPolicy</c> is enabled.</summary>
    public bool? TakesControlPlaneTokens { get; init; }

    /// <summary><c>dataEndpointEnabled</c>.</summary>
    public bool? HasDataEndpoint { get; init; }

    /// <summary>Another state of one private endpoint's connection.</summary>
    public ConnectionChange? Connection { get; init; }

    /// <summary>What of <c>policies.softDeletePolicy</c>.</summary>
    public DeletionPolicyChange SoftDelete { get; init; }

    /// <summary>What of <c>policies.retentionPolicy</c>.</summary>
    public DeletionPolicyChange Retention { get; init; }

    /// <summary>Whether <c>policies.quarantinePolicy</c> is enabled.</summary>
    public bool? QuarantinesPushes { get; init; }

    /// <summary>This with a property of the body as well; null where that is none of the settings.</summary>
    /// <exception cref="ManagementException">Its value cannot be.</exception>
    public SettingsBody? With(string name, ResourceBody properties) => name switch
    {
        "networkRuleSet" => WithRules(properties.Object(name)),
        "publicNetworkAccess" => this with { IsPublic = Choose(properties, name, "properties.", "Enabled", "Disabled") },
        "networkRuleBypassOptions" => this with { TrustedCallersPass = Choose(properties, name, "properties.", "AzureServices", "None") },
        "policies" => WithPolicies(properties.Object(name)),
        "dataEndpointEnabled" => this with { HasDataEndpoint = properties.Flag(name) },
        _ => null,
    };

    /// <summary>The settings after the change.</summary>
    public RegistrySettings ApplyTo(RegistrySettings standing) => standing with
    {
        AllowsByDefault = AllowsByDefault ?? standing.AllowsByDefault,
        Allowed = Allowed ?? standing.Allowed,
        IsPublic = IsPublic ?? standing.IsPublic,
        TrustedCallersPass = TrustedCallersPass ?? standing.TrustedCallersPass,
        AllowsExport = AllowsExport ?? standing.AllowsExport,
        TakesControlPlaneTokens = TakesControlPlaneTokens ?? standing.TakesControlPlaneTokens,
        HasDataEndpoint = HasDataEndpoint ?? standing.HasDataEndpoint,
        Connections = Connection is { } change ? standing.Connections.With(change.Name, change.State) : standing.Connections,
    };

    /// <summary>These beside other changes of a registry that has those settings now.</summary>
    public RegistryChanges AddTo(RegistryChanges changes, string standing) =>
        changes with { Properties = ChangeOf(standing), SoftDelete = SoftDelete, Retention = Retention, QuarantinesPushes = QuarantinesPushes };

    private PropertiesChange? ChangeOf(string standing)
    {
        if (this == new SettingsBody()) return null;
        var before = RegistrySettings.Read(standing);
        var after = ApplyTo(before);
        var text = after.Write();
        return text == standing ? null : new PropertiesChange(standing, text, [.. SettingsFacts.Between(before, after), .. Connection is { } change ? SettingsFacts.Of(change) : []]);
    }

    private SettingsBody WithRules(ResourceBody rules)
    {
        const string Path = "properties.networkRuleSet.";
        rules.Only("defaultAction", "ipRules", "virtualNetworkRules");
        if (rules.Objects("virtualNetworkRules") is { Count: > 0 })
        {
            throw ManagementException.Bad(
                "FeatureNotSupported", $"'{Path}virtualNetworkRules' may only be []: there are no virtual networks here. Name the network's addresses in 'ipRules'.");
        }

        return this with
        {
            AllowsByDefault = Choose(rules, "defaultAction", Path, "Allow", "Deny") ?? AllowsByDefault,
            Allowed = rules.Objects("ipRules") is { } items ? new AddressSet(items.Select((item, i) => ReadRule(item, $"{Path}ipRules[{i}]."))) : Allowed,
        };
    }

    private static AddressBlock ReadRule(ResourceBody rule, string path)
    {
        var action = rule.Only("action", "value").Text("action");
        if (action is not null && !action.Equals("Allow", StringComparison.OrdinalIgnoreCase))
            throw ManagementException.Bad("InvalidIpRule", $"'{path}action' may only be 'Allow', not '{ManagementException.Shorten(action)}': what no rule allows is denied by 'defaultAction'.");
        var value = rule.RequiredText("value");
        return AddressBlock.TryParse(value, out var block, out var fault)
            ? block
            : throw ManagementException.Bad("InvalidIpRule", $"'{path}value': '{ManagementException.Shorten(value)}' {fault}.");
    }

    private SettingsBody WithPolicies(ResourceBody policies)
    {
        const string Path = "properties.policies.";
        var settings = this;
        foreach (var policy in policies.Properties)
        {
            switch (policy.Name)
            {
                case "exportPolicy": settings = settings with { AllowsExport = IsEnabled(policy.Name) ?? settings.AllowsExport }; break;
                case "azureADAuthenticationAsArmPolicy":
                    settings = settings with { TakesControlPlaneTokens = IsEnabled(policy.Name) ?? settings.TakesControlPlaneTokens };
                    break;
                case "quarantinePolicy": settings = settings with { QuarantinesPushes = IsEnabled(policy.Name) ?? settings.QuarantinesPushes }; break;
                case "softDeletePolicy": settings = settings with { SoftDelete = ReadDays(policy.Name, "retentionDays", 1, 90) }; break;
                case "retentionPolicy": settings = settings with { Retention = ReadDays(policy.Name, "days", 0, 365) }; break;
                default: RegistryBody.RequireDefault(policy.Value, RegistryBody.Defaults.GetProperty("policies"), policy.Name, Path); break;
            }
        }

        return settings;

        DeletionPolicyChange ReadDays(string name, string days, int least, int most)
        {
            // When it was changed last is not the client's to say; az sends back what it read.
            var policy = policies.Object(name).Only("status", days, "lastUpdatedTime");
            var number = policy.Number(days);
            if (number < least || number > most) throw ManagementException.BadContent($"'{Path}{name}.{days}' is a whole number from {least} to {most}, not {number}.");
            return new DeletionPolicyChange(Choose(policy, "status", $"{Path}{name}.", "enabled", "disabled"), number);
        }

        bool? IsEnabled(string name) => Choose(policies.Object(name).Only("status"), "status", $"{Path}{name}.", "enabled", "disabled");
    }

    // Whether it is the first of the two words; null when it is absent.
    private static bool? Choose(ResourceBody among, string name, string path, string yes, string no) => among.Text(name) switch
    {
        null => null,
        { } text when text.Equals(yes, StringComparison.OrdinalIgnoreCase) => true,
        { } text when text.Equals(no, StringComparison.OrdinalIgnoreCase) => false,
        { } text => throw ManagementException.BadContent($"'{path}{name}' is '{yes}' or '{no}', not '{ManagementException.Shorten(text)}'."),
    };
}

/// <summary>Another state of a private endpoint's connection.</summary>
/// <param name="Name">The connection's name.</param>
/// <param name="State">What becomes of it.</param>
internal sealed record ConnectionChange(string Name, ConnectionState State);
