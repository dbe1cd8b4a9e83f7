using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>A registry's tokens: accounts with a scope map and two passwords, which are shown once.</summary>
internal sealed partial class TokenResourceEndpoints(RegistryFinder finder, IRegistryTokens tokens, ICredentials credentials, TimeProvider time)
{
    private const string ScopeMaps = "/scopeMaps/";
    private const string Tokens = "/tokens/";
    private static readonly string[] Slots = ["password1", "password2"];

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfRegistry<TokenResourceEndpoints>("tokens.list", "GET", "/tokens", "tokens/read", (e, r) => e.ListAsync(r)),
        ManagementRoute.OfRegistry<TokenResourceEndpoints>("tokens.get", "GET", "/tokens/{token}", "tokens/read", (e, r) => e.GetAsync(r)),
        ManagementRoute.OfRegistry<TokenResourceEndpoints>("tokens.put", "PUT", "/tokens/{token}", "tokens/write", (e, r) => e.PutAsync(r)),
        ManagementRoute.OfRegistry<TokenResourceEndpoints>("tokens.patch", "PATCH", "/tokens/{token}", "tokens/write", (e, r) => e.PatchAsync(r)),
        ManagementRoute.OfRegistry<TokenResourceEndpoints>("tokens.delete", "DELETE", "/tokens/{token}", "tokens/delete", (e, r) => e.DeleteAsync(r)),
        ManagementRoute.OfRegistry<TokenResourceEndpoints>(
            "tokens.generate-credentials", "POST", "/generateCredentials", "generateCredentials/action", (e, r) => e.GenerateAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        var page = await tokens.ListTokensAsync(registry.Id, request.After, ManagementRequest.PageSize, request.Aborted);
        var entries = new List<(RegistryTokenRecord Token, IReadOnlyList<CredentialRecord> Credentials)>();
        foreach (var token in page.Items) entries.Add((token, await credentials.ListCredentialsAsync(token.Principal.Id, request.Aborted)));
        await request.WriteListAsync(entries, (json, entry) => Write(json, registry, entry.Token, entry.Credentials), page.More ? page.Last : null);
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        await WriteAsync(request, registry, await FindAsync(request, registry, request["token"]), 200);
    }

    private async Task PutAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        RequireName(registry, request["token"]);
        var properties = ReadProperties(await request.ReadBodyAsync());
        if (ReadScopeMap(registry, properties) is not { } map)
            throw ManagementException.BadContent($"The body needs 'properties.scopeMapId', such as '{ScopeMapEndpoints.IdOf(registry, "_repositories_pull")}'.");
        if (await tokens.FindTokenInAnyCaseAsync(registry.Id, request["token"], request.Aborted) is { } standing)
        {
            await UpdateAsync(request, registry, new RegistryTokenChanges(map, ReadStatus(properties), ReadKept(properties, standing.Credentials)));
            return;
        }

        ReadKept(properties, []);
        var put = await tokens.PutTokenAsync(registry.Id, request["token"], map, ReadStatus(properties) ?? true, request.Caller, request.Aborted);
        if (put.Outcome == CreateOutcome.Unknown) throw MapNotFound(registry, map);
        if (put.Outcome == CreateOutcome.Exists) throw new ManagementException(409, "AlreadyInUse", $"Another account of the registry has the name '{request["token"]}'; choose another.");
        await WriteAsync(request, registry, await FindAsync(request, registry, request["token"]), put.Outcome == CreateOutcome.Created ? 201 : 200);
    }

    private async Task PatchAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        var standing = await FindAsync(request, registry, request["token"]);
        var properties = ReadProperties(await request.ReadBodyAsync());
        await UpdateAsync(request, registry, new RegistryTokenChanges(ReadScopeMap(registry, properties), ReadStatus(properties), ReadKept(properties, standing.Credentials)));
    }

    private async Task UpdateAsync(ManagementRequest request, RegistryRecord registry, RegistryTokenChanges changes)
    {
        var update = await tokens.UpdateTokenAsync(registry.Id, request["token"], changes, request.Caller, request.Aborted);
        if (update.Record is { } changed)
        {
            await WriteAsync(request, registry, changed, 200);
            return;
        }

        // Either the token is gone since it was read, or the scope map is not there.
        var standing = await FindAsync(request, registry, request["token"]);
        throw MapNotFound(registry, changes.ScopeMap ?? standing.Token.ScopeMap);
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        await request.WriteEmptyAsync(await tokens.DeleteTokenAsync(registry.Id, request["token"], request.Caller, request.Aborted) ? 200 : 204);
    }

    private async Task GenerateAsync(ManagementRequest request)
    {
        var registry = await FindRegistryAsync(request);
        var body = (await request.ReadBodyAsync()).Only("tokenId", "expiry", "name");
        var name = NameOf(registry, body.RequiredText("tokenId"), Tokens, "tokenId");
        var slot = body.Text("name");
        if (slot is not null && !Slots.Contains(slot)) throw ManagementException.BadContent("'name' is 'password1' or 'password2', or absent for both.");
        var now = time.GetUtcNow();
        var expiry = ReadExpiry(body, now);
        var token = (await FindAsync(request, registry, name)).Token;

        var made = new List<(string Name, string Value)>();
        foreach (var each in slot is null ? Slots : [slot])
        {
            var value = AdminUserEndpoints.NewPassword();
            var credential = new CredentialRecord(Guid.CreateVersion7(now).ToString(), CredentialKind.Secret, now)
            {
                Slot = each,
                SecretHash = SHA256.HashData(Encoding.UTF8.GetBytes(value)),
                ExpiresAt = expiry,
            };
            await credentials.PutCredentialAsync(token.Principal.Id, credential, request.Caller, request.Aborted);
            made.Add((each, value));
        }

        await request.WriteAsync(200, json =>
        {
            json.WriteStartObject();
            json.WriteString("username"u8, token.Name);
            json.WriteStartArray("passwords"u8);
            foreach (var (each, value) in made)
            {
                json.WriteStartObject();
                json.WriteString("creationTime"u8, now);
                WriteTime(json, "expiry", expiry);
                json.WriteString("name"u8, each);
                json.WriteString("value"u8, value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<RegistryRecord> FindRegistryAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        await ScopeMapEndpoints.EnsureSystemDefinedAsync(tokens, registry, request.Aborted);
        return registry;
    }

    private async Task<RegistryTokenGrant> FindAsync(ManagementRequest request, RegistryRecord registry, string name) =>
        await tokens.FindTokenInAnyCaseAsync(registry.Id, name, request.Aborted)
        ?? throw ManagementException.NotFound($"{ScopeText.Registry(registry)}{Tokens}{ManagementException.Shorten(name)}");

    private static void RequireName(RegistryRecord registry, string name)
    {
        if (!TokenName().IsMatch(name)) throw ManagementException.Bad("InvalidTokenName", "A token's name has 5 to 50 letters, digits and hyphens.");

        // They would be taken for another account, or for a service principal, when somebody signs in.
        if (name.Equals(OwnerAccount.Name, StringComparison.OrdinalIgnoreCase) || name.Equals(AdminUser.Name, StringComparison.OrdinalIgnoreCase)
            || name.Equals(registry.Name, StringComparison.OrdinalIgnoreCase) || Guid.TryParse(name, out _))
            throw ManagementException.Bad("InvalidTokenName", $"'{name}' is the name of another account, or looks like a service principal's; choose another.");
    }

    private static ResourceBody ReadProperties(ResourceBody body)
    {
        body.Only("id", "name", "type", "systemData", "location", "properties").Text("location");
        var properties = body.Object("properties")
            .Only("scopeMapId", "status", "credentials", "creationDate", "provisioningState");
        if (properties.Object("credentials").Only("certificates", "passwords").Objects("certificates") is { Count: > 0 })
            throw ManagementException.Bad("CertificatesNotSupported", "A token signs in with passwords, not with certificates: leave 'properties.credentials.certificates' out.");
        return properties;
    }

    // A list of passwords names those that stay, as az sends it to delete the others; without one, all stay.
    private static HashSet<string>? ReadKept(ResourceBody properties, IReadOnlyList<CredentialRecord> known)
    {
        if (properties.Object("credentials").Objects("passwords") is not { } passwords) return null;
        var kept = passwords.Select(password => password.Only("name", "creationTime", "expiry", "value").RequiredText("name")).ToHashSet(StringComparer.Ordinal);
        return kept.FirstOrDefault(name => known.All(credential => credential.Slot != name)) is { } absent
            ? throw ManagementException.BadContent(
                $"The token has no '{ManagementException.Shorten(absent)}' that 'properties.credentials.passwords' could keep; passwords are made by generateCredentials (az acr token credential generate).")
            : kept;
    }

    private static ManagementException MapNotFound(RegistryRecord registry, string map) => ManagementException.Bad(
        "ScopeMapNotFound", $"There is no scope map '{ManagementException.Shorten(map)}' in registry '{registry.Name}'; make it first (az acr scope-map create).");

    private static string? ReadScopeMap(RegistryRecord registry, ResourceBody properties) =>
        properties.Text("scopeMapId") is { Length: > 0 } id ? NameOf(registry, id, ScopeMaps, "properties.scopeMapId") : null;

    private static string NameOf(RegistryRecord registry, string id, string kind, string property)
    {
        var prefix = ScopeText.Registry(registry) + kind;
        return id.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && id.Length > prefix.Length
            ? id[prefix.Length..]
            : throw ManagementException.Bad("LinkedInvalidPropertyId", $"'{property}' is an id that begins with '{prefix}'.");
    }

    private static bool? ReadStatus(ResourceBody properties) => properties.Text("status") switch
    {
        null => null,
        var text when text.Equals("enabled", StringComparison.OrdinalIgnoreCase) => true,
        var text when text.Equals("disabled", StringComparison.OrdinalIgnoreCase) => false,
        _ => throw ManagementException.BadContent("'properties.status' is 'enabled' or 'disabled'."),
    };

    private static DateTimeOffset? ReadExpiry(ResourceBody body, DateTimeOffset now)
    {
        if (body.Text("expiry") is not { } text) return null;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var expiry))
            throw ManagementException.BadContent("'expiry' is a time such as 2030-01-31T00:00:00Z.");
        return expiry > now ? expiry : throw ManagementException.BadContent("'expiry' lies in the past; give a later time.");
    }

    private static Task WriteAsync(ManagementRequest request, RegistryRecord registry, RegistryTokenGrant grant, int status) =>
        request.WriteAsync(status, json => Write(json, registry, grant.Token, grant.Credentials));

    private static void Write(Utf8JsonWriter json, RegistryRecord registry, RegistryTokenRecord token, IReadOnlyList<CredentialRecord> known)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"{ScopeText.Registry(registry)}{Tokens}{token.Name}");
        json.WriteString("name"u8, token.Name);
        json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries/tokens");
        json.WriteStartObject("properties"u8);
        json.WriteString("creationDate"u8, token.CreatedAt);
        json.WriteString("provisioningState"u8, "Succeeded");
        json.WriteString("scopeMapId"u8, ScopeMapEndpoints.IdOf(registry, token.ScopeMap));
        json.WriteString("status"u8, token.Principal.Enabled ? "enabled"u8 : "disabled"u8);
        json.WriteStartObject("credentials"u8);
        json.WriteStartArray("certificates"u8);
        json.WriteEndArray();
        json.WriteStartArray("passwords"u8);
        foreach (var credential in known.Where(c => c.Slot is not null).OrderBy(c => c.Slot, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("creationTime"u8, credential.CreatedAt);
            WriteTime(json, "expiry", credential.ExpiresAt);
            json.WriteString("name"u8, credential.Slot);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } value) json.WriteString(name, value);
        else json.WriteNull(name);
    }

    [GeneratedRegex(@"^[A-Za-z0-9-]{5,50}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TokenName();
}
