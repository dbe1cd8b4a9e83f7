using Berth.Cli.Session;

namespace Berth.Cli.Role;

/// <summary>Principals as people name them: by user name, client id or object id.</summary>
internal static class Assignees
{
    /// <summary>The object id and the type of the principal that somebody named.</summary>
    /// <exception cref="ClientException">There is none.</exception>
    public static async Task<(string Id, string Type)> ResolveAsync(ApiSession session, string name, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(name, out _))
        {
            var users = await session.GraphListAsync($"/users?$filter=userPrincipalName%20eq%20{ApiCommand.Quote(name)}", cancellationToken);
            return users.Count == 1
                ? (users[0].Required("id"), "User")
                : throw new ClientException($"there is no user '{name}'; give a user name, a client id or an object id. ./berth ad user list, ad group list and ad sp list show them.");
        }

        var programs = await session.GraphListAsync($"/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20{ApiCommand.Quote(name)})", cancellationToken);
        if (programs.Count == 1) return (programs[0].Required("id"), "ServicePrincipal");
        var found = await session.GraphAsync(HttpMethod.Get, $"/directoryObjects/{name}", null, cancellationToken);
        return (found.Required("id"), found.Text("@odata.type") switch { "#microsoft.graph.user" => "User", "#microsoft.graph.group" => "Group", _ => "ServicePrincipal" });
    }

    /// <summary>The names of principals by object id; those that the directory does not know are left out.</summary>
    public static async Task<Dictionary<string, string>> NamesOfAsync(ApiSession session, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var some in ids.Distinct(StringComparer.OrdinalIgnoreCase).Chunk(1_000))
        {
            var answer = await session.GraphAsync(
                HttpMethod.Post, "/directoryObjects/getByIds",
                json =>
                {
                    json.WriteStartArray("ids"u8);
                    foreach (var id in some) json.WriteStringValue(id);
                    json.WriteEndArray();
                    json.WriteStartArray("types"u8);
                    foreach (var type in (string[])["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]) json.WriteStringValue(type);
                    json.WriteEndArray();
                },
                cancellationToken);
            foreach (var found in answer.GetProperty("value").EnumerateArray())
                names[found.Required("id")] = found.Text("userPrincipalName") ?? found.Text("appId") ?? found.Text("displayName") ?? "";
        }

        return names;
    }
}
