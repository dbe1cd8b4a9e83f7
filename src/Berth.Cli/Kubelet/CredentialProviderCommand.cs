using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Kubelet;

/// <summary>
/// <c>credential-provider</c>: kubelet's credential-provider protocol. The pod's own service account signs in to the registry: the password is its token, the user name the client id of the identity
/// that trusts it. Nothing is exchanged, so that nothing outlives the token, and the program needs neither the network nor a place to keep anything.
/// </summary>
internal static class CredentialProviderCommand
{
    private const int MaxRequest = 1024 * 1024;
    private const int MaxToken = 64 * 1024;

    // A pull that begins with the credential must still be over its sign-in when the token ends.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var clientId = ApiCommand.Optional("The client id for service accounts that have no annotation.", "--client-id");
        var annotations = new Option<string[]>("--client-id-annotation")
        {
            Description = "The annotation of the service account that holds the client id; the first that is there counts.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["berth.dev/client-id", "azure.workload.identity/client-id"],
        };
        var tokenFile = ApiCommand.Optional("The file of a token for the whole node, for kubelets that send none of the pod.", "--token-file");
        var audience = ApiCommand.Optional("Refuse tokens that are not for this audience.", "--audience");
        var registries = new Option<string[]>("--registry")
        {
            Description = "Give tokens to these registries only (host[:port]); without it kubelet's matchImages alone say which.",
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command("credential-provider", "Speaks kubelet's credential-provider protocol: pods pull as their service account.")
        {
            clientId, annotations, tokenFile, audience, registries,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = CredentialRequest.Parse(await Input.ReadAsync(MaxRequest, cancellationToken));
            if (parsed.GetValue(registries) is { Length: > 0 } known && !known.Contains(request.Registry, StringComparer.OrdinalIgnoreCase))
                throw new ClientException($"{request.Registry} is none of the registries that --registry names; no token goes there.");
            var now = TimeProvider.System.GetUtcNow();
            var token = ServiceAccountToken.Parse(
                request.Token ?? await ReadFileAsync(parsed.GetValue(tokenFile), cancellationToken), parsed.GetValue(audience), now);
            var user = ClientIdOf(request, parsed.GetValue(annotations)!, parsed.GetValue(clientId));
            await Console.Out.WriteLineAsync(Json.Make(json => WriteResponse(json, request.Registry, user, token, now)).GetRawText());
        });
        return command;
    }

    private static async Task<string> ReadFileAsync(string? path, CancellationToken cancellationToken)
    {
        if (path is null)
            throw new ClientException("kubelet sent no service account's token; set tokenAttributes in its CredentialProviderConfig, or give --token-file.");
        try
        {
            await using var file = File.OpenRead(path);
            return (await Input.ReadAsync(file, "--token-file", MaxToken, cancellationToken)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ClientException($"--token-file {path} cannot be read: {e.Message}");
        }
    }

    private static string ClientIdOf(CredentialRequest request, string[] annotations, string? otherwise)
    {
        var given = annotations.Select(request.Annotations.GetValueOrDefault).FirstOrDefault(value => value is not null) ?? otherwise
            ?? throw new ClientException($"the service account has no annotation {string.Join(" or ", annotations)}, and --client-id is not given; kubelet sends the annotations that its CredentialProviderConfig names.");
        return Guid.TryParseExact(given, "D", out _) ? given : throw new ClientException("the client id is no GUID; ./berth identity show prints it.");
    }

    private static void WriteResponse(Utf8JsonWriter json, string registry, string user, ServiceAccountToken token, DateTimeOffset now)
    {
        var seconds = Math.Max(0, (long)(token.Until - now - Margin).TotalSeconds);
        json.WriteString("kind"u8, "CredentialProviderResponse"u8);
        json.WriteString("apiVersion"u8, CredentialRequest.ApiVersion);
        json.WriteString("cacheKeyType"u8, "Registry"u8);
        json.WriteString("cacheDuration"u8, string.Create(CultureInfo.InvariantCulture, $"{seconds}s"));
        json.WriteStartObject("auth"u8);
        json.WriteStartObject(registry);
        json.WriteString("username"u8, user);
        json.WriteString("password"u8, token.Text);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
