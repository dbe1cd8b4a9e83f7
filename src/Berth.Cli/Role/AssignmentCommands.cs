using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Role;

/// <summary><c>role assignment</c>: who has which role where.</summary>
internal static class AssignmentCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("assignment", "Who has which role where.") { CreateAssignment(), List(), Delete() };

    private static Command CreateAssignment()
    {
        var assignee = ApiCommand.Optional("A user name, a client id or an object id.", "--assignee");
        var objectId = ApiCommand.Optional("An object id, which is not looked up.", "--assignee-object-id");
        var type = ApiCommand.Optional("User, Group or ServicePrincipal; with --assignee-object-id.", "--assignee-principal-type");
        var role = ApiCommand.Required("The role's name or id.", "--role");
        var scope = ApiCommand.Required("The id of the registry, resource group or subscription.", "--scope");
        var condition = ApiCommand.Optional("The condition under which it holds.", "--condition");
        var version = ApiCommand.Optional("The version of the condition's language, which is 2.0.", "--condition-version");
        var description = ApiCommand.Optional("What it is for.", "--description");
        var name = ApiCommand.Optional("The assignment's GUID; a new one when it is not given.", "--name");
        return ApiCommand.Create(
            "create", "Gives a role.", [assignee, objectId, type, role, scope, condition, version, description, name],
            async (parsed, session, cancellationToken) =>
            {
                var (id, kind) = await PrincipalAsync(parsed, session, assignee, objectId, cancellationToken)
                    ?? throw new ArgumentException("Give --assignee or --assignee-object-id.");
                if (parsed.GetValue(version) is { } asked && asked != "2.0") throw new ArgumentException("--condition-version must be 2.0.");
                var where = parsed.GetValue(scope)!;
                return (await RoleAssignments.PutAsync(
                    session,
                    new RoleAssignments.Wanted(where, await RoleNames.ResolveAsync(session, parsed.GetValue(role)!, where, cancellationToken), id, parsed.GetValue(type) ?? kind)
                    {
                        Id = parsed.GetValue(name),
                        Condition = parsed.GetValue(condition),
                        Description = parsed.GetValue(description),
                    },
                    cancellationToken)).Flat();
            });
    }

    private static Command List()
    {
        var assignee = ApiCommand.Optional("Only those of this user name, client id or object id.", "--assignee");
        var role = ApiCommand.Optional("Only those of this role.", "--role");
        var scope = ApiCommand.Optional("Only those at this scope; the subscription when it is not given.", "--scope");
        var all = ApiCommand.Switch("Those below the scope, too.", "--all");
        var inherited = ApiCommand.Switch("Those above the scope, too.", "--include-inherited");
        return ApiCommand.Create("list", "Lists who has which role.", [assignee, role, scope, all, inherited], async (parsed, session, cancellationToken) =>
        {
            var where = parsed.GetValue(scope) ?? session.Subscription;
            var principal = await PrincipalAsync(parsed, session, assignee, null, cancellationToken);
            var found = await FindAsync(session, where, principal?.Id, parsed.GetValue(role), parsed.GetValue(all), parsed.GetValue(inherited), cancellationToken);
            return await NamedAsync(session, where, found, cancellationToken);
        });
    }

    private static Command Delete()
    {
        var ids = new Option<string[]>("--ids") { Description = "Full ids of assignments.", AllowMultipleArgumentsPerToken = true };
        var assignee = ApiCommand.Optional("Those of this user name, client id or object id.", "--assignee");
        var role = ApiCommand.Optional("Those of this role.", "--role");
        var scope = ApiCommand.Optional("Those at this scope; the subscription when it is not given.", "--scope");
        return ApiCommand.Create("delete", "Takes roles away.", [ids, assignee, role, scope], async (parsed, session, cancellationToken) =>
        {
            IEnumerable<string> meant = parsed.GetValue(ids) ?? [];
            if (!meant.Any())
            {
                if (parsed.GetValue(assignee) is null && parsed.GetValue(role) is null && parsed.GetValue(scope) is null)
                    throw new ArgumentException("Give --ids, or --assignee, --role or --scope: without one of them every assignment would go.");
                var principal = await PrincipalAsync(parsed, session, assignee, null, cancellationToken);
                var found = await FindAsync(
                    session, parsed.GetValue(scope) ?? session.Subscription, principal?.Id, parsed.GetValue(role), all: false, inherited: false, cancellationToken);
                meant = found.Select(assignment => assignment.Required("id")).ToList();
                if (!meant.Any()) throw new ClientException("there is no such assignment; ./berth role assignment list --all shows those there are.");
            }

            foreach (var id in meant) await RoleAssignments.DeleteAsync(session, id, cancellationToken);
            return default;
        });
    }

    private static async Task<(string Id, string? Type)?> PrincipalAsync(
        ParseResult parsed, ApiSession session, Option<string?> assignee, Option<string?>? objectId, CancellationToken cancellationToken)
    {
        if (objectId is not null && parsed.GetValue(objectId) is { } id) return (id, null);
        return parsed.GetValue(assignee) is { } name ? await Assignees.ResolveAsync(session, name, cancellationToken) : null;
    }

    private static async Task<List<JsonElement>> FindAsync(
        ApiSession session, string scope, string? principalId, string? role, bool all, bool inherited, CancellationToken cancellationToken)
    {
        var roleId = role is null ? null : LastOf(await RoleNames.ResolveAsync(session, role, scope, cancellationToken));
        var found = await RoleAssignments.ListAsync(session, scope, principalId, all, cancellationToken);
        return [.. found.Where(assignment =>
        {
            var at = assignment.Text("scope") ?? "";
            var isMeant = IsAtOrBelow(scope, at) ? all || Same(at, scope) : inherited;
            return isMeant
                && (principalId is null || Same(assignment.Text("principalId"), principalId))
                && (roleId is null || Same(LastOf(assignment.Text("roleDefinitionId")), roleId));
        })];
    }

    private static async Task<JsonElement> NamedAsync(ApiSession session, string scope, List<JsonElement> assignments, CancellationToken cancellationToken)
    {
        if (assignments.Count == 0) return Json.Array([]);
        var principals = await Assignees.NamesOfAsync(session, assignments.Select(a => a.Required("principalId")), cancellationToken);
        var roles = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var definition in await RoleNames.ListAsync(session, scope, null, cancellationToken)) roles[LastOf(definition.Text("id"))] = definition.Flat().Text("roleName");
        return Json.Array(assignments.Select(assignment => Json.Make(json =>
        {
            json.WriteString("principalName"u8, principals.GetValueOrDefault(assignment.Required("principalId"), ""));
            json.WriteString("roleDefinitionName"u8, roles.GetValueOrDefault(LastOf(assignment.Text("roleDefinitionId"))) ?? "");
            foreach (var property in assignment.EnumerateObject()) property.WriteTo(json);
        })));
    }

    private static bool IsAtOrBelow(string scope, string other) =>
        Same(scope, other) || other.StartsWith($"{scope.TrimEnd('/')}/", StringComparison.OrdinalIgnoreCase);

    private static bool Same(string? one, string? other) =>
        string.Equals(one?.TrimEnd('/'), other?.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);

    private static string LastOf(string? id) => id is null ? "" : id[(id.LastIndexOf('/') + 1)..];
}
