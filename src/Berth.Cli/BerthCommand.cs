using System.CommandLine;
using System.Reflection;
using Berth.Cli.Acr;
using Berth.Cli.Ad;
using Berth.Cli.AzureCli;
using Berth.Cli.Credentials;
using Berth.Cli.Identities;
using Berth.Cli.Kubelet;
using Berth.Cli.Login;
using Berth.Cli.Role;
using Berth.Cli.Session;
using Berth.Oci;

namespace Berth.Cli;

/// <summary>The client program's command line, with the nouns, verbs and flags of the Azure CLI. It talks HTTP only.</summary>
internal static class BerthCommand
{
    private const int Failure = 1;
    private const int Misuse = 2;

    /// <summary>Runs what the arguments ask for; the result is the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        // Conditions of role assignments begin with '@', which would else name a file of arguments.
        var parsed = CreateRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync($"berth: {parsed.Errors[0].Message} See ./berth --help.");
            return Misuse;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (OciException e)
        {
            await Console.Error.WriteLineAsync($"berth: {e.Message} ({e.Code.Describe().Code}, {e.Status})");
            return Failure;
        }
        catch (ClientException e)
        {
            await Console.Error.WriteLineAsync($"berth: {e.Message}");
            return Failure;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            await Console.Error.WriteLineAsync(
                $"berth: the server's certificate is not trusted: {e.InnerException?.Message ?? e.Message} Set SSL_CERT_FILE to the installation's CA, which stands at tls/ca.pem in its data folder.");
            return Failure;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException or TaskCanceledException { InnerException: TimeoutException })
        {
            await Console.Error.WriteLineAsync($"berth: the registry could not be reached: {e.Message}");
            return Failure;
        }
        catch (ArgumentException e)
        {
            await Console.Error.WriteLineAsync($"berth: {e.Message}");
            return Misuse;
        }
    }

    /// <summary>Every command.</summary>
    public static RootCommand CreateRoot()
    {
        var version = new Command("version", "Prints the version.");
        version.SetAction(_ => Console.Out.WriteLine(Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)));
        return new RootCommand("Berth, a private OCI registry: the client. The server's commands are ./berth serve, storage, backup and restore.")
        {
            LoginCommand.Create(),
            LoginCommand.CreateLogout(),
            LoginCommand.CreateAccount(),
            AcrCommand.Create(),
            AzCommand.Create(),
            AdCommand.Create(),
            RoleCommand.Create(),
            IdentityCommand.Create(),
            DockerCredentialCommand.Create(),
            CredentialProviderCommand.Create(),
            version,
        };
    }
}
