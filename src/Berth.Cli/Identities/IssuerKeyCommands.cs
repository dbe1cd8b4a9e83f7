using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Identities;

/// <summary><c>identity issuer-keys</c>: keys of issuers that the server cannot ask for them, as without a network.</summary>
internal static class IssuerKeyCommands
{
    private const string Path = "/berth/v1/issuer-keys";
    private const string Version = "2023-07-01";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("issuer-keys", "Keys of issuers that the server cannot ask for them.") { Set(), List(), Delete() };

    private static Command Set()
    {
        var issuer = Issuer();
        var file = ApiCommand.Required("A file with the issuer's public keys, a JWK set.", "--jwks");
        return ApiCommand.Create("set", "Brings an issuer's keys, in the place of those before; the issuer is not asked any more.", [issuer, file], async (parsed, session, cancellationToken) =>
        {
            var keys = await ReadAsync(parsed.GetValue(file)!, cancellationToken);
            return await session.ArmAsync(
                HttpMethod.Put, Path, Version, json =>
                {
                    foreach (var property in keys.EnumerateObject()) property.WriteTo(json);
                },
                cancellationToken, Query(parsed, issuer));
        });
    }

    private static Command List() => ApiCommand.Create("list", "Lists the issuers whose keys were brought.", [], async (_, session, cancellationToken) =>
        Json.Array(await session.ArmListAsync(Path, Version, cancellationToken)));

    private static Command Delete()
    {
        var issuer = Issuer();
        return ApiCommand.Create("delete", "Forgets the keys that were brought; the issuer is asked again.", [issuer], (parsed, session, cancellationToken) =>
            session.ArmAsync(HttpMethod.Delete, Path, Version, null, cancellationToken, Query(parsed, issuer)));
    }

    private static async Task<JsonElement> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = File.OpenRead(file);
            using var document = await JsonDocument.ParseAsync(stream, new JsonDocumentOptions { AllowDuplicateProperties = false }, cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new ClientException($"'{file}' is no JWK set: it must be an object with a list 'keys'.");
        }
        catch (JsonException)
        {
            throw new ClientException($"'{file}' is not JSON; give a file such as 'kubectl get --raw /openid/v1/jwks' writes.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ClientException($"'{file}' cannot be read: {e.Message}");
        }
    }

    private static Option<string> Issuer() => ApiCommand.Required("The issuer that tokens name in 'iss', exactly.", "--issuer");

    private static string Query(ParseResult parsed, Option<string> issuer) => $"&issuer={Uri.EscapeDataString(parsed.GetValue(issuer)!)}";
}
