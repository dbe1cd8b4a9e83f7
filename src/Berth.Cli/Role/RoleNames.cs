using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Role;

/// <summary>Roles as people name them.</summary>
internal static class RoleNames
{
    private const string Collection = "/providers/Microsoft.Authorization/roleDefinitions";
    private const string Version = "2022-04-01";

    /// <summary>The path of a role.</summary>
    public static string PathOf(ApiSession session, string id) => $"{session.Subscription}{Collection}/{id}";

    /// <summary>The roles at a scope, or the one of a name.</summary>
    public static Task<IReadOnlyList<JsonElement>> ListAsync(ApiSession session, string scope, string? name, CancellationToken cancellationToken) => session.ArmListAsync(
        $"{scope.TrimEnd('/')}{Collection}", Version, cancellationToken, name is null ? "" : $"&$filter=roleName%20eq%20{ApiCommand.Quote(name)}");

    /// <summary>The full id of the role that somebody named by name, GUID or full id.</summary>
    /// <exception cref="ClientException">There is none.</exception>
    public static async Task<string> ResolveAsync(ApiSession session, string role, string scope, CancellationToken cancellationToken)
    {
        if (role.StartsWith('/')) return role;
        if (Guid.TryParse(role, out var guid)) return PathOf(session, guid.ToString());

        // A server that knows no filter gives all.
        var found = (await ListAsync(session, scope, role, cancellationToken))
            .FirstOrDefault(definition => role.Equals(definition.Flat().Text("roleName"), StringComparison.OrdinalIgnoreCase));
        return found.Text("id") ?? throw new ClientException($"there is no role '{role}'; ./berth role definition list shows those there are.");
    }

    /// <summary>Makes a role.</summary>
    public static Task<JsonElement> PutAsync(ApiSession session, string id, Action<Utf8JsonWriter> body, CancellationToken cancellationToken) =>
        session.ArmAsync(HttpMethod.Put, PathOf(session, id), Version, body, cancellationToken);

    /// <summary>Deletes a role.</summary>
    public static Task<JsonElement> DeleteAsync(ApiSession session, string id, CancellationToken cancellationToken) =>
        session.ArmAsync(HttpMethod.Delete, id, Version, null, cancellationToken);
}
