using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Role;

/// <summary><c>role definition</c>: the roles that there are.</summary>
internal static class DefinitionCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("definition", "The roles that there are.") { List(), CreateDefinition(), Delete() };

    private static Command List()
    {
        var name = ApiCommand.Optional("Only the role of this name.", "--name", "-n");
        var custom = ApiCommand.Switch("Only roles that operators defined.", "--custom-role-only");
        return ApiCommand.Create("list", "Lists roles.", [name, custom], async (parsed, session, cancellationToken) => Json.Array(
            (await RoleNames.ListAsync(session, session.Subscription, parsed.GetValue(name), cancellationToken))
            .Where(role => !parsed.GetValue(custom) || IsCustom(role)).Select(Shown)));
    }

    private static Command CreateDefinition()
    {
        var definition = ApiCommand.Required("The role as JSON with Name, Description, Actions, NotActions, DataActions, NotDataActions and AssignableScopes, or @ and a file of it.", "--role-definition");
        return ApiCommand.Create("create", "Defines a role.", [definition], async (parsed, session, cancellationToken) =>
        {
            var role = await ReadAsync(parsed.GetValue(definition)!, cancellationToken);
            var name = Find(role, "Name") ?? Find(role, "RoleName") ?? throw new ArgumentException("--role-definition has no Name.");
            var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();
            return Shown(await RoleNames.PutAsync(session, id, json => Write(json, session, role, name), cancellationToken));
        });
    }

    private static Command Delete()
    {
        var name = ApiCommand.Required("The role's name or GUID.", "--name", "-n");
        return ApiCommand.Create("delete", "Deletes a role that operators defined and that is assigned nowhere.", [name], async (parsed, session, cancellationToken) =>
        {
            await RoleNames.DeleteAsync(session, await RoleNames.ResolveAsync(session, parsed.GetValue(name)!, session.Subscription, cancellationToken), cancellationToken);
            return default;
        });
    }

    private static async Task<JsonElement> ReadAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            var json = text.StartsWith('@') ? await File.ReadAllTextAsync(text[1..], cancellationToken) : text;
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // Said below.
        }
        catch (FileNotFoundException)
        {
            throw new ArgumentException($"There is no file {text[1..]}.");
        }

        throw new ArgumentException("--role-definition must be a JSON object, or @ and a file of one.");
    }

    private static void Write(Utf8JsonWriter json, ApiSession session, JsonElement role, JsonElement name)
    {
        json.WriteStartObject("properties"u8);
        json.WritePropertyName("roleName"u8);
        name.WriteTo(json);
        json.WriteString("type"u8, "CustomRole"u8);
        if (Find(role, "Description") is { } description)
        {
            json.WritePropertyName("description"u8);
            description.WriteTo(json);
        }

        json.WritePropertyName("assignableScopes"u8);
        if (Find(role, "AssignableScopes") is { } scopes)
        {
            scopes.WriteTo(json);
        }
        else
        {
            json.WriteStartArray();
            json.WriteStringValue(session.Subscription);
            json.WriteEndArray();
        }

        json.WriteStartArray("permissions"u8);
        json.WriteStartObject();
        foreach (var (from, to) in ((string, string)[])[("Actions", "actions"), ("NotActions", "notActions"), ("DataActions", "dataActions"), ("NotDataActions", "notDataActions")])
        {
            json.WritePropertyName(to);
            (Find(role, from) ?? Json.Array([])).WriteTo(json);
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static JsonElement? Find(JsonElement role, string name)
    {
        foreach (var property in role.EnumerateObject())
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return property.Value;
        }

        return null;
    }

    private static bool IsCustom(JsonElement role) =>
        role.TryGetProperty("properties", out var properties) && properties.Text("type") == "CustomRole";

    // What kind of role it is has the name of what kind of resource it is, so az calls it by another name.
    private static JsonElement Shown(JsonElement role) => Json.Make(json =>
    {
        foreach (var property in role.Flat().EnumerateObject()) property.WriteTo(json);
        if (role.TryGetProperty("properties", out var properties)) json.TextIfAny("roleType", properties.Text("type"));
    });
}
