using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr token</c>: accounts of one registry that may do what their scope map says.</summary>
internal static class TokenCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("token", "Accounts of one registry that may do what their scope map says.")
    {
        CreateToken(), List(), Show(), Update(), Delete(), new Command("credential", "A token's passwords.") { Generate(), DeletePasswords() },
    };

    private static Command CreateToken()
    {
        var (name, map, status, repositories) = (Name(), ScopeMap(), Status(), RepositoryActions.Option("--repository", "What is allowed, in place of --scope-map"));
        var without = ApiCommand.Switch("Make no passwords.", "--no-passwords");
        var expiry = new ExpiryOptions();
        return RegistryResource.Command(
            "create", "Makes a token; its passwords are shown once.", Registry(), [name, map, repositories, status, without, .. expiry.All], async (parsed, registry, cancellationToken) =>
            {
                var token = parsed.GetValue(name)!;
                var scopeMap = await MapAsync(parsed, registry, map, repositories, token, cancellationToken);
                var made = await registry.SendForResourceAsync(HttpMethod.Put, PathOf(token), json => Write(json, scopeMap, parsed.GetValue(status)), cancellationToken);
                return parsed.GetValue(without) ? made : WithPasswords(made, await GenerateAsync(registry, token, null, expiry.Read(parsed), cancellationToken));
            });
    }

    private static Command List() => RegistryResource.Command("list", "Lists a registry's tokens.", Registry(), [], (_, registry, cancellationToken) =>
        registry.ListAsync("/tokens", cancellationToken));

    private static Command Show()
    {
        var name = Name();
        return RegistryResource.Command("show", "Shows a token, without its passwords.", Registry(), [name], (parsed, registry, cancellationToken) =>
            registry.SendForResourceAsync(HttpMethod.Get, PathOf(parsed.GetValue(name)!), null, cancellationToken));
    }

    private static Command Update()
    {
        var (name, map, status) = (Name(), ScopeMap(), Status());
        return RegistryResource.Command("update", "Gives a token another scope map, or disables or enables it.", Registry(), [name, map, status], (parsed, registry, cancellationToken) =>
        {
            var scopeMap = parsed.GetValue(map) is { } wanted ? registry.Id + ScopeMapCommands.PathOf(wanted) : null;
            if (scopeMap is null && parsed.GetValue(status) is null) throw new ArgumentException("Give --scope-map or --status.");
            return registry.SendForResourceAsync(
                HttpMethod.Patch, PathOf(parsed.GetValue(name)!), json => Write(json, scopeMap, parsed.GetValue(status)), cancellationToken);
        });
    }

    private static Command Delete()
    {
        var (name, yes) = (Name(), Confirmation.Option());
        return RegistryResource.Command("delete", "Deletes a token.", Registry(), [name, yes], (parsed, registry, cancellationToken) =>
        {
            Confirmation.Require($"Delete the token '{parsed.GetValue(name)}'?", parsed.GetValue(yes));
            return registry.SendAsync(HttpMethod.Delete, PathOf(parsed.GetValue(name)!), null, cancellationToken);
        });
    }

    private static Command Generate()
    {
        var (name, expiry) = (Name(), new ExpiryOptions());
        var (first, second) = (ApiCommand.Switch("Only the first password.", "--password1"), ApiCommand.Switch("Only the second password.", "--password2"));
        return RegistryResource.Command(
            "generate", "Gives a token new passwords, which are shown once.", Registry(), [name, first, second, .. expiry.All], (parsed, registry, cancellationToken) =>
            {
                var slot = (parsed.GetValue(first), parsed.GetValue(second)) switch { (true, false) => "password1", (false, true) => "password2", _ => null };
                return GenerateAsync(registry, parsed.GetValue(name)!, slot, expiry.Read(parsed), cancellationToken);
            });
    }

    private static Command DeletePasswords()
    {
        var name = Name();
        var (first, second) = (ApiCommand.Switch("The first password.", "--password1"), ApiCommand.Switch("The second password.", "--password2"));
        return RegistryResource.Command("delete", "Deletes a token's passwords.", Registry(), [name, first, second], async (parsed, registry, cancellationToken) =>
        {
            string[] deleted = [.. parsed.GetValue(first) ? (string[])["password1"] : [], .. parsed.GetValue(second) ? (string[])["password2"] : []];
            if (deleted.Length == 0) throw new ArgumentException("Give --password1, --password2, or both.");
            var path = PathOf(parsed.GetValue(name)!);
            var standing = (await registry.SendAsync(HttpMethod.Get, path, null, cancellationToken)).Flat();
            var known = standing.GetProperty("credentials").GetProperty("passwords").EnumerateArray().Select(password => password.Required("name")).ToList();
            if (deleted.Except(known).FirstOrDefault() is { } absent) throw new ClientException($"the token has no {absent}.");
            return await registry.SendForResourceAsync(HttpMethod.Patch, path, json => WriteKept(json, known.Except(deleted)), cancellationToken);
        });
    }

    private static async Task<string> MapAsync(
        ParseResult parsed, RegistryResource registry, Option<string?> map, Option<string[]> repositories, string token, CancellationToken cancellationToken)
    {
        var actions = RepositoryActions.Read(parsed, repositories);
        if (parsed.GetValue(map) is not null == actions.Count > 0) throw new ArgumentException("Give --scope-map or --repository, one of them.");
        if (parsed.GetValue(map) is { } named) return registry.Id + ScopeMapCommands.PathOf(named);

        // As az names it.
        var path = ScopeMapCommands.PathOf($"{token}-scope-map");
        await registry.SendAsync(HttpMethod.Put, path, json => RepositoryActions.Write(json, actions, $"Created by token: {token}"), cancellationToken);
        return registry.Id + path;
    }

    private static Task<JsonElement> GenerateAsync(
        RegistryResource registry, string token, string? slot, DateTimeOffset? expiry, CancellationToken cancellationToken) =>
        registry.SendAsync(HttpMethod.Post, "/generateCredentials", json =>
        {
            json.WriteString("tokenId"u8, registry.Id + PathOf(token));
            json.TextIfAny("name", slot);
            if (expiry is { } end) json.WriteString("expiry"u8, end);
        }, cancellationToken);

    private static JsonElement WithPasswords(JsonElement token, JsonElement credentials) => Json.Make(json =>
    {
        foreach (var property in token.EnumerateObject().Where(property => property.Name != "credentials")) property.WriteTo(json);
        json.WritePropertyName("credentials"u8);
        credentials.WriteTo(json);
    });

    private static void Write(Utf8JsonWriter json, string? scopeMap, string? status)
    {
        json.WriteStartObject("properties"u8);
        json.TextIfAny("scopeMapId", scopeMap);
        json.TextIfAny("status", status);
        json.WriteEndObject();
    }

    // The list says which ones stay.
    private static void WriteKept(Utf8JsonWriter json, IEnumerable<string> kept)
    {
        json.WriteStartObject("properties"u8);
        json.WriteStartObject("credentials"u8);
        json.WriteStartArray("passwords"u8);
        foreach (var name in kept)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string PathOf(string name) => $"/tokens/{Uri.EscapeDataString(name)}";

    private static Option<string> Registry() => RegistryResource.NameOption("--registry", "-r");

    private static Option<string> Name() => ApiCommand.Required("The token's name.", "--name", "-n");

    private static Option<string?> ScopeMap() => ApiCommand.Optional("The scope map's name.", "--scope-map");

    private static Option<string?> Status()
    {
        var option = new Option<string?>("--status") { Description = "enabled or disabled." };
        option.AcceptOnlyFromAmong("enabled", "disabled");
        return option;
    }
}
