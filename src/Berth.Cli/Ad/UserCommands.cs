using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Login;
using Berth.Cli.Session;

namespace Berth.Cli.Ad;

/// <summary><c>ad user</c>: people.</summary>
internal static class UserCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("user", "People.") { CreateUser(), List(), Show(), Update(), Delete() };

    private static Command CreateUser()
    {
        var displayName = ApiCommand.Required("The name that is shown to people.", "--display-name");
        var name = ApiCommand.Required("The user name: name@domain.", "--user-principal-name", "--upn");
        var password = new NewPasswordOptions("The password, 8 characters at least; asked for at the terminal when none is given.");
        var nickname = ApiCommand.Optional("The mail nickname; the part before '@' when it is not given.", "--mail-nickname");
        return ApiCommand.Create("create", "Makes a person's account.", [displayName, name, .. password.Options, nickname], async (parsed, session, cancellationToken) =>
        {
            var upn = parsed.GetValue(name)!;
            var text = await password.ReadOrAskAsync(parsed, cancellationToken);
            return (await session.GraphAsync(
                HttpMethod.Post, "/users",
                json =>
                {
                    json.WriteBoolean("accountEnabled"u8, true);
                    json.WriteString("displayName"u8, parsed.GetValue(displayName));
                    json.WriteString("mailNickname"u8, parsed.GetValue(nickname) ?? upn.Split('@')[0]);
                    json.WriteString("userPrincipalName"u8, upn);
                    WritePassword(json, text);
                },
                cancellationToken)).Flat();
        });
    }

    private static Command List()
    {
        var name = ApiCommand.Optional("Only the account of this user name.", "--upn");
        var displayName = ApiCommand.Optional("Only accounts whose shown name begins like this.", "--display-name");
        return ApiCommand.Create("list", "Lists people.", [name, displayName], async (parsed, session, cancellationToken) =>
        {
            var filter = parsed.GetValue(name) is { } upn ? $"?$filter=userPrincipalName%20eq%20{ApiCommand.Quote(upn)}"
                : parsed.GetValue(displayName) is { } prefix ? $"?$filter=startswith(displayName,{ApiCommand.Quote(prefix)})"
                : "";
            return Json.Array((await session.GraphListAsync($"/users{filter}", cancellationToken)).Select(user => user.Flat()));
        });
    }

    private static Command Show()
    {
        var id = Id();
        return ApiCommand.Create("show", "Shows a person's account.", [id], async (parsed, session, cancellationToken) =>
            (await session.GraphAsync(HttpMethod.Get, PathOf(parsed, id), null, cancellationToken)).Flat());
    }

    private static Command Update()
    {
        var id = Id();
        var displayName = ApiCommand.Optional("The name that is shown to people.", "--display-name");
        var password = new NewPasswordOptions("A new password, 8 characters at least.");
        var enabled = new Option<bool?>("--account-enabled") { Description = "true or false: whether the person may sign in." };
        return ApiCommand.Create("update", "Changes a person's account.", [id, displayName, .. password.Options, enabled], async (parsed, session, cancellationToken) =>
        {
            var text = await password.ReadAsync(parsed, cancellationToken);
            return await session.GraphAsync(
                HttpMethod.Patch, PathOf(parsed, id),
                json =>
                {
                    if (parsed.GetValue(enabled) is { } may) json.WriteBoolean("accountEnabled"u8, may);
                    json.TextIfAny("displayName", parsed.GetValue(displayName));
                    if (text is not null) WritePassword(json, text);
                },
                cancellationToken);
        });
    }

    private static Command Delete()
    {
        var id = Id();
        return ApiCommand.Create("delete", "Deletes a person's account, with its role assignments.", [id], (parsed, session, cancellationToken) =>
            session.GraphAsync(HttpMethod.Delete, PathOf(parsed, id), null, cancellationToken));
    }

    private static Option<string> Id() => ApiCommand.Required("The object id or the user name.", "--id");

    private static string PathOf(ParseResult parsed, Option<string> id) => $"/users/{Uri.EscapeDataString(parsed.GetValue(id)!)}";

    private static void WritePassword(Utf8JsonWriter json, string password)
    {
        json.WriteStartObject("passwordProfile"u8);
        json.WriteString("password"u8, password);
        json.WriteBoolean("forceChangePasswordNextSignIn"u8, false);
        json.WriteEndObject();
    }
}
