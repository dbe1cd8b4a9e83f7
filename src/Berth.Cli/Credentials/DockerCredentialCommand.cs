using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Credentials;

/// <summary><c>docker-credential</c>: Docker's credential-helper protocol, which docker, podman, skopeo, buildah, helm and oras speak with a program of the name docker-credential-berth.</summary>
internal static class DockerCredentialCommand
{
    /// <summary>The name under which container tools start the program.</summary>
    public const string ProgramName = "docker-credential-berth";

    private const int MaxInput = 256 * 1024;

    // The user name that docker stores a refresh token with.
    private const string IdentityToken = "<token>";

    // These words are part of the protocol: tools go on without a credential when they read them.
    private const string NotFound = "credentials not found in native keychain";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("docker-credential", "Docker's credential helper: docker-credential-berth is another name of it.")
    {
        Verb("get", "Reads a server's name and prints the credential for it.", GetAsync),
        Verb("store", "Reads a credential as JSON and keeps it.", StoreAsync),
        Verb("erase", "Reads a server's name and forgets the credential that is kept for it.", EraseAsync),
        Verb("list", "Prints the servers that there are credentials for, with the user names.", ListAsync),
    };

    private static Command Verb(string name, string description, Func<CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description);
        command.SetAction(async (_, cancellationToken) =>
        {
            try
            {
                return await run(cancellationToken);
            }
            catch (Exception e) when (e is ClientException or HttpRequestException or IOException)
            {
                // The tools show what stands on stdout.
                await Console.Out.WriteLineAsync($"berth: {e.Message}");
                return 1;
            }
        });
        return command;
    }

    private static async Task<int> GetAsync(CancellationToken cancellationToken)
    {
        var given = (await Input.ReadAsync(MaxInput, cancellationToken)).Trim();
        var server = ServerName.Normalize(given);
        var credential = (await CredentialStore.ReadAsync(cancellationToken)).GetValueOrDefault(server);
        if (credential is null && await SessionFile.FindAsync(cancellationToken) is { } session && ServerName.IsOf(session, server))
            credential = await RegistrySignIn.ExchangeAsync(session, server, cancellationToken);
        if (credential is null)
        {
            await Console.Out.WriteLineAsync(NotFound);
            return 1;
        }

        await PrintAsync(json =>
        {
            json.WriteString("ServerURL"u8, given);
            json.WriteString("Username"u8, credential.Username);
            json.WriteString("Secret"u8, credential.Secret);
        });
        return 0;
    }

    private static async Task<int> StoreAsync(CancellationToken cancellationToken)
    {
        var text = await Input.ReadAsync(MaxInput, cancellationToken);
        try
        {
            using var document = JsonDocument.Parse(text);
            var (server, username, secret) = (document.RootElement.Text("ServerURL"), document.RootElement.Text("Username"), document.RootElement.Text("Secret"));
            if (server is null || username is null || secret is null) throw new ClientException("a credential has the texts ServerURL, Username and Secret.");
            var name = ServerName.Normalize(server);

            // A token ends within hours; kept, it would stand before the sign-in that gives new ones.
            var isGiven = username is RegistrySignIn.TokenUser or IdentityToken && await SessionFile.FindAsync(cancellationToken) is { } session && ServerName.IsOf(session, name);
            await CredentialStore.WriteAsync(name, isGiven ? null : new StoredCredential(username, secret), cancellationToken);
            return 0;
        }
        catch (JsonException)
        {
            throw new ClientException("stdin holds no JSON; a credential is {\"ServerURL\":\"…\",\"Username\":\"…\",\"Secret\":\"…\"}.");
        }
    }

    private static async Task<int> EraseAsync(CancellationToken cancellationToken)
    {
        await CredentialStore.WriteAsync(ServerName.Normalize(await Input.ReadAsync(MaxInput, cancellationToken)), null, cancellationToken);
        return 0;
    }

    private static async Task<int> ListAsync(CancellationToken cancellationToken)
    {
        var kept = await CredentialStore.ReadAsync(cancellationToken);
        var session = await SessionFile.FindAsync(cancellationToken);
        await PrintAsync(json =>
        {
            foreach (var (server, credential) in kept) json.WriteString(server, credential.Username);
            if (session is not null && new Uri(session.Endpoint).Authority is var own && !kept.ContainsKey(own)) json.WriteString(own, RegistrySignIn.TokenUser);
        });
        return 0;
    }

    private static Task PrintAsync(Action<Utf8JsonWriter> write) => Console.Out.WriteLineAsync(Json.Make(write).GetRawText());
}
