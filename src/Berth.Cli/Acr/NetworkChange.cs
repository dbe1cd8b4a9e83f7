using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>Changes a registry's network rules after a look at whom that would cut off.</summary>
internal static class NetworkChange
{
    private const int MostNamed = 10;

    /// <summary>The flag that saves rules which cut off whoever sets them.</summary>
    public static Option<bool> Force() => ApiCommand.Switch("Saves the rules without a look at whom they cut off: also when they no longer let you in from where you are.", "--force");

    /// <summary>Saves the rules; the result is the registry.</summary>
    /// <exception cref="ClientException">They would cut off whoever sets them, and are not forced.</exception>
    public static async Task<JsonElement> SaveAsync(RegistryResource registry, Action<Utf8JsonWriter> rules, bool force, CancellationToken cancellationToken)
    {
        if (!force) await CheckAsync(registry, rules, cancellationToken);
        return await registry.UpdateAsync(rules, cancellationToken);
    }

    /// <summary>Says whom the rules would cut off.</summary>
    /// <exception cref="ClientException">They would cut off whoever sets them.</exception>
    public static async Task CheckAsync(RegistryResource registry, Action<Utf8JsonWriter> rules, CancellationToken cancellationToken)
    {
        var outcome = await registry.DryRunAsync(rules, cancellationToken);
        Check(outcome.GetProperty("caller"));
        await WarnAsync(outcome);
    }

    private static void Check(JsonElement caller)
    {
        if (caller.GetProperty("allowed").ValueKind != JsonValueKind.False || caller.GetProperty("allowedNow").ValueKind == JsonValueKind.False) return;
        throw new ClientException(
            $"these rules do not let in {caller.Text("address")}, from where you are calling: nothing was changed. "
            + $"Add the address first (acr network-rule add --ip-address {caller.Text("address")}), or say --force.");
    }

    private static async Task WarnAsync(JsonElement outcome)
    {
        var cutOff = outcome.GetProperty("value").EnumerateArray().Where(one => one.GetProperty("allowed").ValueKind == JsonValueKind.False).ToList();
        var more = outcome.TryGetProperty("nextLink", out _) || outcome.GetProperty("isCut").GetBoolean() || cutOff.Count > MostNamed;
        if (cutOff.Count == 0) return;
        await Console.Error.WriteLineAsync("berth: seen in the last 30 days, and not let in any more:");
        foreach (var one in cutOff.Take(MostNamed))
        {
            var principal = one.Text("principal") is { Length: > 0 } name ? name : "(without credentials)";
            await Console.Error.WriteLineAsync($"berth:   {principal} from {one.Text("address")}, last at {one.Text("lastSeenAt")}");
        }

        if (more) await Console.Error.WriteLineAsync("berth:   and others");
    }
}
