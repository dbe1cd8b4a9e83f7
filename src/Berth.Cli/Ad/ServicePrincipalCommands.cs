using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Berth.Cli.Role;
using Berth.Cli.Session;

namespace Berth.Cli.Ad;

/// <summary><c>ad sp</c>: the accounts that programs sign in with.</summary>
internal static class ServicePrincipalCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("sp", "Service principals: the accounts of programs.")
    {
        CreateForRbac(), List(), Show(), Delete(), new Command("credential", "Secrets.") { Reset() },
    };

    private static Command CreateForRbac()
    {
        var name = ApiCommand.Required("The name that is shown to people.", "--name", "-n", "--display-name");
        var role = ApiCommand.Optional("A role's name or id to give it; none is given without.", "--role");
        var scopes = new Option<string[]>("--scopes") { Description = "Where to give the role: ids of resources.", AllowMultipleArgumentsPerToken = true };
        var years = Years();
        return ApiCommand.Create("create-for-rbac", "Makes a service principal with a secret, which is shown once.", [name, role, scopes, years], async (parsed, session, cancellationToken) =>
        {
            var displayName = parsed.GetValue(name)!;
            var where = parsed.GetValue(scopes) ?? [];
            if (parsed.GetValue(role) is null != (where.Length == 0)) throw new ArgumentException("Give --role and --scopes together, or neither.");

            // What may be wrong is found before anything is made.
            var known = await session.GraphListAsync($"/servicePrincipals?$filter=displayName%20eq%20{ApiCommand.Quote(displayName)}", cancellationToken);
            if (known.Count > 0)
                throw new ClientException($"there is a service principal '{displayName}' ({known[0].Text("appId")}); give another name, or it a new secret: ./berth ad sp credential reset --id {known[0].Text("appId")}.");
            var roles = new List<(string Scope, string Role)>();
            foreach (var scope in where) roles.Add((scope, await RoleNames.ResolveAsync(session, parsed.GetValue(role)!, scope, cancellationToken)));

            var made = await session.GraphAsync(HttpMethod.Post, "/applications", json => json.WriteString("displayName"u8, displayName), cancellationToken);
            var (id, appId) = (made.Required("id"), made.Required("appId"));
            try
            {
                var principal = await session.GraphAsync(HttpMethod.Post, "/servicePrincipals", json => json.WriteString("appId"u8, appId), cancellationToken);
                var password = await AddSecretAsync(session, id, "rbac", parsed.GetValue(years), cancellationToken);
                foreach (var (scope, roleId) in roles)
                    await RoleAssignments.PutAsync(session, new RoleAssignments.Wanted(scope, roleId, principal.Required("id"), "ServicePrincipal"), cancellationToken);
                return Credential(appId, displayName, password, session.State.TenantId);
            }
            catch
            {
                // Half of it is of no use to anybody.
                await session.GraphAsync(HttpMethod.Delete, $"/applications/{id}", null, CancellationToken.None);
                throw;
            }
        });
    }

    private static Command List()
    {
        var name = ApiCommand.Optional("Only those whose shown name begins like this.", "--display-name");
        var client = ApiCommand.Optional("Only the one with this client id.", "--spn");
        return ApiCommand.Create("list", "Lists service principals and managed identities.", [name, client], async (parsed, session, cancellationToken) =>
        {
            var filter = parsed.GetValue(client) is { } spn ? $"?$filter=servicePrincipalNames/any(c:c%20eq%20{ApiCommand.Quote(spn)})"
                : parsed.GetValue(name) is { } prefix ? $"?$filter=startswith(displayName,{ApiCommand.Quote(prefix)})"
                : "";
            return Json.Array((await session.GraphListAsync($"/servicePrincipals{filter}", cancellationToken)).Select(principal => principal.Flat()));
        });
    }

    private static Command Show()
    {
        var id = Id();
        return ApiCommand.Create("show", "Shows a service principal.", [id], async (parsed, session, cancellationToken) =>
            (await FindAsync(session, parsed.GetValue(id)!, cancellationToken)).Flat());
    }

    private static Command Delete()
    {
        var id = Id();
        return ApiCommand.Create("delete", "Deletes a service principal, with its secrets and role assignments.", [id], async (parsed, session, cancellationToken) =>
        {
            var principal = await FindAsync(session, parsed.GetValue(id)!, cancellationToken);
            return await session.GraphAsync(HttpMethod.Delete, $"/servicePrincipals/{principal.Required("id")}", null, cancellationToken);
        });
    }

    private static Command Reset()
    {
        var id = Id();
        var append = ApiCommand.Switch("Keep the secrets that it has.", "--append");
        var years = Years();
        return ApiCommand.Create("reset", "Gives a service principal a new secret, which is shown once, in the place of those it has.", [id, append, years], async (parsed, session, cancellationToken) =>
        {
            var principal = await FindAsync(session, parsed.GetValue(id)!, cancellationToken);
            var path = principal.Required("id");
            var password = await AddSecretAsync(session, path, "rbac", parsed.GetValue(years), cancellationToken);
            if (!parsed.GetValue(append) && principal.TryGetProperty("passwordCredentials", out var old))
            {
                foreach (var secret in old.EnumerateArray())
                    await session.GraphAsync(HttpMethod.Post, $"/applications/{path}/removePassword", json => json.WriteString("keyId"u8, secret.Required("keyId")), cancellationToken);
            }

            return Credential(principal.Required("appId"), null, password, session.State.TenantId);
        });
    }

    private static Option<string> Id() => ApiCommand.Required("The client id or the object id.", "--id");

    private static Option<int> Years() => new("--years") { Description = "How many years the secret is good.", DefaultValueFactory = _ => 1 };

    private static async Task<JsonElement> FindAsync(ApiSession session, string id, CancellationToken cancellationToken)
    {
        var found = await session.GraphListAsync($"/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20{ApiCommand.Quote(id)})", cancellationToken);
        return found.Count == 1 ? found[0] : await session.GraphAsync(HttpMethod.Get, $"/servicePrincipals/{Uri.EscapeDataString(id)}", null, cancellationToken);
    }

    private static async Task<string> AddSecretAsync(ApiSession session, string application, string name, int years, CancellationToken cancellationToken)
    {
        if (years is < 1 or > 99) throw new ArgumentException("--years must be a number from 1 to 99.");
        var end = TimeProvider.System.GetUtcNow().AddYears(years).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var made = await session.GraphAsync(
            HttpMethod.Post, $"/applications/{application}/addPassword",
            json =>
            {
                json.WriteStartObject("passwordCredential"u8);
                json.WriteString("displayName"u8, name);
                json.WriteString("endDateTime"u8, end);
                json.WriteEndObject();
            },
            cancellationToken);
        return made.Required("secretText");
    }

    private static JsonElement Credential(string appId, string? displayName, string password, string tenant) => Json.Make(json =>
    {
        json.WriteString("appId"u8, appId);
        json.TextIfAny("displayName", displayName);
        json.WriteString("password"u8, password);
        json.WriteString("tenant"u8, tenant);
    });
}
