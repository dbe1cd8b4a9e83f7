using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr identity</c>: the managed identities that a registry acts as.</summary>
internal static class IdentityCommands
{
    private const string Own = "[system]";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("identity", "The managed identities that a registry acts as.") { Assign(), Show(), Remove() };

    private static Command Assign()
    {
        var identities = Identities("Identities to attach: ids of managed identities, their names in the registry's resource group, or [system] for one of the registry's own.");
        return RegistryResource.Command("assign", "Attaches managed identities to a registry.", Name(), [identities], async (parsed, registry, cancellationToken) =>
        {
            var standing = await StandingAsync(registry, cancellationToken);
            var (own, ids) = Read(registry, parsed.GetValue(identities)!);
            return await SaveAsync(registry, standing.Own || own, [.. standing.Attached.Union(ids, StringComparer.OrdinalIgnoreCase)], [], cancellationToken);
        });
    }

    private static Command Show() => RegistryResource.Command("show", "Shows the identities of a registry.", Name(), [], async (_, registry, cancellationToken) =>
        (await registry.ShowAsync(cancellationToken)).TryGetProperty("identity", out var identity) && identity.ValueKind == JsonValueKind.Object ? identity : default);

    private static Command Remove()
    {
        var identities = Identities("Identities to take away: ids of managed identities, their names in the registry's resource group, or [system] for the registry's own.");
        return RegistryResource.Command("remove", "Takes managed identities away from a registry.", Name(), [identities], async (parsed, registry, cancellationToken) =>
        {
            var standing = await StandingAsync(registry, cancellationToken);
            var (own, ids) = Read(registry, parsed.GetValue(identities)!);
            var missing = ids.Except(standing.Attached, StringComparer.OrdinalIgnoreCase).Concat(own && !standing.Own ? [Own] : []).FirstOrDefault();
            if (missing is not null) throw new ClientException($"the registry does not have the identity '{missing}'; acr identity show lists those that it has.");
            return await SaveAsync(registry, standing.Own && !own, [.. standing.Attached.Except(ids, StringComparer.OrdinalIgnoreCase)], ids, cancellationToken);
        });
    }

    private static async Task<(bool Own, IReadOnlyList<string> Attached)> StandingAsync(RegistryResource registry, CancellationToken cancellationToken)
    {
        if (!(await registry.ShowAsync(cancellationToken)).TryGetProperty("identity", out var identity) || identity.ValueKind != JsonValueKind.Object) return (false, []);
        var attached = identity.TryGetProperty("userAssignedIdentities", out var named) && named.ValueKind == JsonValueKind.Object
            ? named.EnumerateObject().Select(entry => entry.Name).ToList()
            : [];
        return (identity.Required("type").Contains("SystemAssigned", StringComparison.OrdinalIgnoreCase), attached);
    }

    private static (bool Own, IReadOnlyList<string> Ids) Read(RegistryResource registry, string[] identities) => (
        identities.Contains(Own, StringComparer.OrdinalIgnoreCase),
        [.. identities.Where(identity => !identity.Equals(Own, StringComparison.OrdinalIgnoreCase)).Select(identity => identity.StartsWith('/') ? identity : registry.IdentityBeside(identity))]);

    private static Task<JsonElement> SaveAsync(
        RegistryResource registry, bool own, IReadOnlyList<string> attached, IReadOnlyList<string> detached, CancellationToken cancellationToken) =>
        registry.SendForResourceAsync(HttpMethod.Patch, "", json =>
        {
            json.WriteStartObject("identity"u8);
            json.WriteString("type"u8, (own, attached.Count > 0) switch
            {
                (true, true) => "SystemAssigned, UserAssigned",
                (true, false) => "SystemAssigned",
                (false, true) => "UserAssigned",
                _ => "None",
            });
            if (attached.Count > 0)
            {
                json.WriteStartObject("userAssignedIdentities"u8);
                foreach (var id in attached)
                {
                    json.WriteStartObject(id);
                    json.WriteEndObject();
                }

                foreach (var id in detached) json.WriteNull(id);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }, cancellationToken);

    private static Option<string[]> Identities(string description) =>
        new("--identities") { Description = description, Required = true, AllowMultipleArgumentsPerToken = true };

    private static Option<string> Name() => RegistryResource.NameOption("--name", "--registry", "-n", "-r");
}
