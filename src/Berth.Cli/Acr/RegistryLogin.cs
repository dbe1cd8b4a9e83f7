using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Berth.Cli.Credentials;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr login</c>: signs docker or podman in to a registry as the account that is signed in here, for some hours.</summary>
internal static class RegistryLogin
{
    /// <summary>The program that is signed in, when it is neither docker nor podman; az reads it, too.</summary>
    private const string Variable = "DOCKER_COMMAND";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var name = RegistryResource.NameOption("--name", "-n");
        var expose = ApiCommand.Switch("Print the token instead; it is a secret.", "--expose-token", "-t");
        return ApiCommand.Create("login", "Signs docker or podman in to a registry.", [name, expose], async (parsed, session, cancellationToken) =>
        {
            var server = ServerName.OfRegistry(session.State, parsed.GetValue(name)!);
            var credential = await RegistrySignIn.ExchangeAsync(session.State, server, cancellationToken);
            if (!parsed.GetValue(expose))
            {
                await SignInAsync(server, credential, cancellationToken);
                return default;
            }

            return Json.Make(json =>
            {
                json.WriteString("accessToken"u8, credential.Secret);
                json.WriteString("loginServer"u8, server);
                json.WriteString("refreshToken"u8, credential.Secret);
                json.WriteString("username"u8, credential.Username);
            });
        });
    }

    private static async Task SignInAsync(string server, StoredCredential credential, CancellationToken cancellationToken)
    {
        var given = Environment.GetEnvironmentVariable(Variable);
        foreach (var program in given is { Length: > 0 } ? (string[])[given] : ["docker", "podman"])
        {
            if (Start(program, ["login", server, "--username", credential.Username, "--password-stdin"]) is not { } process) continue;
            using (process)
            {
                await TellAsync(process, credential.Secret, cancellationToken);
                await process.WaitForExitAsync(cancellationToken);
                if (process.ExitCode == 0) return;
                throw new ClientException($"'{program} login {server}' ended with {process.ExitCode}; what it printed says why.");
            }
        }

        throw new ClientException(
            given is { Length: > 0 } ? $"{Variable} is '{given}', which cannot be started."
            : $"neither docker nor podman is here; set {Variable}, or use --expose-token and sign in with user {credential.Username}.");
    }

    // One that ends before it reads says by its status how it ended.
    private static async Task TellAsync(Process process, string secret, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync(secret.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The pipe is closed at its other end.
        }
    }

    // Null when there is no such program.
    private static Process? Start(string program, IEnumerable<string> arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, UseShellExecute = false });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
