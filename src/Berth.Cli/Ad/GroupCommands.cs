using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Ad;

/// <summary><c>ad group</c>: groups and who is in them.</summary>
internal static class GroupCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("group", "Groups.")
    {
        CreateGroup(), List(), Show(), Delete(), new Command("member", "Who is in a group.") { AddMember(), RemoveMember(), ListMembers() },
    };

    private static Command CreateGroup()
    {
        var name = ApiCommand.Required("The group's name.", "--display-name");
        var nickname = ApiCommand.Optional("The mail nickname; there is no mail, so it says nothing.", "--mail-nickname");
        return ApiCommand.Create("create", "Makes a group.", [name, nickname], async (parsed, session, cancellationToken) => (await session.GraphAsync(
            HttpMethod.Post, "/groups",
            json =>
            {
                json.WriteString("displayName"u8, parsed.GetValue(name));
                json.TextIfAny("mailNickname", parsed.GetValue(nickname));
                json.WriteBoolean("mailEnabled"u8, false);
                json.WriteBoolean("securityEnabled"u8, true);
            },
            cancellationToken)).Flat());
    }

    private static Command List()
    {
        var name = ApiCommand.Optional("Only groups whose name begins like this.", "--display-name");
        return ApiCommand.Create("list", "Lists groups.", [name], async (parsed, session, cancellationToken) =>
        {
            var filter = parsed.GetValue(name) is { } prefix ? $"?$filter=startswith(displayName,{ApiCommand.Quote(prefix)})" : "";
            return Json.Array((await session.GraphListAsync($"/groups{filter}", cancellationToken)).Select(group => group.Flat()));
        });
    }

    private static Command Show()
    {
        var group = Group();
        return ApiCommand.Create("show", "Shows a group.", [group], async (parsed, session, cancellationToken) =>
            (await session.GraphAsync(HttpMethod.Get, await PathOfAsync(session, parsed.GetValue(group)!, cancellationToken), null, cancellationToken)).Flat());
    }

    private static Command Delete()
    {
        var group = Group();
        return ApiCommand.Create("delete", "Deletes a group, with its role assignments.", [group], async (parsed, session, cancellationToken) =>
            await session.GraphAsync(HttpMethod.Delete, await PathOfAsync(session, parsed.GetValue(group)!, cancellationToken), null, cancellationToken));
    }

    private static Command AddMember()
    {
        var (group, member) = (Group(), Member());
        return ApiCommand.Create("add", "Puts somebody into a group.", [group, member], async (parsed, session, cancellationToken) => await session.GraphAsync(
            HttpMethod.Post, $"{await PathOfAsync(session, parsed.GetValue(group)!, cancellationToken)}/members/$ref",
            json => json.WriteString("@odata.id"u8, $"{session.State.GraphEndpoint}/v1.0/directoryObjects/{parsed.GetValue(member)}"), cancellationToken));
    }

    private static Command RemoveMember()
    {
        var (group, member) = (Group(), Member());
        return ApiCommand.Create("remove", "Takes somebody out of a group.", [group, member], async (parsed, session, cancellationToken) => await session.GraphAsync(
            HttpMethod.Delete,
            $"{await PathOfAsync(session, parsed.GetValue(group)!, cancellationToken)}/members/{Uri.EscapeDataString(parsed.GetValue(member)!)}/$ref", null,
            cancellationToken));
    }

    private static Command ListMembers()
    {
        var group = Group();
        return ApiCommand.Create("list", "Lists who is in a group.", [group], async (parsed, session, cancellationToken) => Json.Array(
            (await session.GraphListAsync($"{await PathOfAsync(session, parsed.GetValue(group)!, cancellationToken)}/members", cancellationToken))
            .Select(member => member.Flat())));
    }

    private static Option<string> Group() => ApiCommand.Required("The group's object id or its name.", "--group", "-g");

    private static Option<string> Member() => ApiCommand.Required("The member's object id.", "--member-id");

    private static async Task<string> PathOfAsync(ApiSession session, string group, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(group, out _)) return $"/groups/{group}";
        var found = await session.GraphListAsync($"/groups?$filter=displayName%20eq%20{ApiCommand.Quote(group)}", cancellationToken);
        return found.Count == 1
            ? $"/groups/{found[0].Required("id")}"
            : throw new ClientException($"there is no group '{group}'; ./berth ad group list shows those there are.");
    }
}
