using System.CommandLine;
using System.Net;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Groups;

/// <summary><c>group</c>: resource groups, which registries and managed identities lie in.</summary>
internal static class ResourceGroupCommand
{
    private const string Version = "2021-04-01";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("group", "Resource groups.") { CreateGroup(), List(), Show(), Delete(), Exists() };

    private static Command CreateGroup()
    {
        var (name, tags) = (Name(), TagsOption.Create());
        var location = ApiCommand.Required("The location; ./berth account list-locations shows those there are.", "--location", "-l");
        return ApiCommand.Create("create", "Makes a resource group, or changes its tags.", [name, location, tags], (parsed, session, cancellationToken) =>
            session.ArmAsync(HttpMethod.Put, PathOf(session, parsed.GetValue(name)!), Version, json =>
            {
                json.WriteString("location"u8, parsed.GetValue(location));
                TagsOption.Write(json, parsed, tags);
            }, cancellationToken));
    }

    private static Command List()
    {
        var tag = ApiCommand.Optional("Only those with this tag, as name or name=value.", "--tag");
        return ApiCommand.Create("list", "Lists the resource groups that you may see.", [tag], async (parsed, session, cancellationToken) =>
        {
            var groups = await session.ArmListAsync($"{session.Subscription}/resourceGroups", Version, cancellationToken);
            return Json.Array(parsed.GetValue(tag) is { } wanted ? groups.Where(group => HasTag(group, wanted)) : groups);
        });
    }

    private static Command Show()
    {
        var name = Name();
        return ApiCommand.Create("show", "Shows a resource group.", [name], (parsed, session, cancellationToken) =>
            session.ArmAsync(HttpMethod.Get, PathOf(session, parsed.GetValue(name)!), Version, null, cancellationToken));
    }

    private static Command Delete()
    {
        var (name, yes) = (Name(), Confirmation.Option());
        var wait = ApiCommand.Switch("Do not wait for the end; there is nothing to wait for.", "--no-wait");
        return ApiCommand.Create("delete", "Deletes a resource group that holds nothing.", [name, yes, wait], (parsed, session, cancellationToken) =>
        {
            Confirmation.Require($"Delete the resource group '{parsed.GetValue(name)}'?", parsed.GetValue(yes));
            return session.ArmAsync(HttpMethod.Delete, PathOf(session, parsed.GetValue(name)!), Version, null, cancellationToken);
        });
    }

    private static Command Exists()
    {
        var name = Name();
        return ApiCommand.Create("exists", "Says whether there is a resource group.", [name], async (parsed, session, cancellationToken) =>
        {
            try
            {
                await session.ArmAsync(HttpMethod.Head, PathOf(session, parsed.GetValue(name)!), Version, null, cancellationToken);
                return Json.Of(true);
            }
            catch (ClientException e) when (e.Status == HttpStatusCode.NotFound)
            {
                return Json.Of(false);
            }
        });
    }

    private static bool HasTag(JsonElement group, string wanted)
    {
        var equals = wanted.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals < 0 ? (wanted, null) : (wanted[..equals], wanted[(equals + 1)..]);
        return group.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Object
            && tags.EnumerateObject().Any(tag => tag.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && (value is null || value == tag.Value.GetString()));
    }

    private static string PathOf(ApiSession session, string name) => $"{session.Subscription}/resourceGroups/{Uri.EscapeDataString(name)}";

    private static Option<string> Name() => ApiCommand.Required("The resource group's name.", "--name", "-n", "--resource-group", "-g");
}
