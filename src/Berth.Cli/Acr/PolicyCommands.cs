using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr config</c>: the policies of a registry.</summary>
internal static class PolicyCommands
{
    /// <summary>The command with its groups.</summary>
    public static Command Create()
    {
        var retention = new Command("retention", "Whether manifests that no tag names are deleted, and after how many days.") { Show("retentionPolicy"), UpdateRetention() };
        var softDelete = new Command("soft-delete", "Whether what is deleted can be restored, and for how many days.") { Show("softDeletePolicy"), UpdateSoftDelete() };
        var tokens = new Command("authentication-as-arm", "Whether tokens of the control plane open the registry, too.")
        {
            Show("azureADAuthenticationAsArmPolicy"), UpdateStatus("azureADAuthenticationAsArmPolicy"),
        };
        return new Command("config", "The policies of a registry.") { retention, softDelete, tokens };
    }

    /// <summary><c>quarantine policy</c>, for which Azure has no command.</summary>
    public static Command Quarantine() => new("policy", "Whether what is pushed starts quarantined, until somebody says that it passed.")
    {
        Show("quarantinePolicy"), UpdateStatus("quarantinePolicy"),
    };

    private static Command Show(string policy) => RegistryResource.Command("show", "Shows the policy.", Registry(), [], async (_, registry, cancellationToken) =>
        PolicyIn(await registry.ShowAsync(cancellationToken), policy));

    private static Command UpdateRetention()
    {
        var (status, days) = (Status(), Days("After how many days without a tag, 0 to 365; 0 is at once."));
        var type = new Option<string>("--type") { Description = "What is deleted: UntaggedManifests.", Required = true };
        type.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "UntaggedManifests");
        return RegistryResource.Command("update", "Changes the policy.", Registry(), [type, status, days], (parsed, registry, cancellationToken) =>
            UpdateAsync(registry, "retentionPolicy", "days", parsed.GetValue(status), parsed.GetValue(days), cancellationToken));
    }

    private static Command UpdateSoftDelete()
    {
        var (status, days, yes) = (Status(), Days("For how many days, 1 to 90."), Confirmation.Option());
        return RegistryResource.Command("update", "Changes the policy.", Registry(), [status, days, yes], async (parsed, registry, cancellationToken) =>
        {
            if (parsed.GetValue(days) is { } wanted)
            {
                var standing = PolicyIn(await registry.ShowAsync(cancellationToken), "softDeletePolicy").GetProperty("retentionDays").GetInt32();
                if (wanted < standing)
                    Confirmation.Require($"What was deleted more than {wanted} days ago can then be restored no longer, which took {standing} days until now. Go on?", parsed.GetValue(yes));
            }

            return await UpdateAsync(registry, "softDeletePolicy", "retentionDays", parsed.GetValue(status), parsed.GetValue(days), cancellationToken);
        });
    }

    private static Command UpdateStatus(string policy)
    {
        var status = Status();
        status.Required = true;
        return RegistryResource.Command("update", "Changes the policy.", Registry(), [status], (parsed, registry, cancellationToken) =>
            UpdateAsync(registry, policy, null, parsed.GetValue(status), null, cancellationToken));
    }

    private static async Task<JsonElement> UpdateAsync(
        RegistryResource registry, string policy, string? daysName, string? status, int? days, CancellationToken cancellationToken)
    {
        if (status is null && days is null) throw new ArgumentException("Say what to change: --status, --days.");
        var changed = await registry.SendAsync(HttpMethod.Patch, "", json =>
        {
            json.WriteStartObject("properties"u8);
            json.WriteStartObject("policies"u8);
            json.WriteStartObject(policy);
            json.TextIfAny("status", status?.ToLowerInvariant());
            if (days is { } number && daysName is not null) json.WriteNumber(daysName, number);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }, cancellationToken);
        return PolicyIn(changed, policy);
    }

    private static JsonElement PolicyIn(JsonElement registry, string policy) =>
        registry.TryGetProperty("properties", out var properties) && properties.TryGetProperty("policies", out var policies) && policies.TryGetProperty(policy, out var found)
            ? found
            : throw new ClientException($"the registry says nothing of its '{policy}'; is the server another version than this client?");

    private static Option<string> Registry() => RegistryResource.NameOption("--registry", "-r", "--name", "-n");

    private static Option<string?> Status()
    {
        var option = new Option<string?>("--status") { Description = "enabled or disabled." };
        option.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "enabled", "disabled");
        return option;
    }

    private static Option<int?> Days(string description) => new("--days") { Description = description };
}
