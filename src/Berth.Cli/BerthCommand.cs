using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Ad;
using Berth.Cli.AzureCli;
using Berth.Cli.Completion;
using Berth.Cli.Credentials;
using Berth.Cli.Garbage;
using Berth.Cli.Groups;
using Berth.Cli.Identities;
using Berth.Cli.Kubelet;
using Berth.Cli.Lifecycle;
using Berth.Cli.Login;
using Berth.Cli.Nodes;
using Berth.Cli.Policies;
using Berth.Cli.Quarantine;
using Berth.Cli.Role;
using Berth.Cli.Session;
using Berth.Cli.TagRules;
using Berth.Cli.Usage;
using Berth.Cli.Workloads;
using Berth.Oci;

namespace Berth.Cli;

/// <summary>The client program's command line, with the nouns, verbs and flags of the Azure CLI. It talks HTTP only.</summary>
internal static class BerthCommand
{
    private static readonly (string Name, Func<Command> Create)[] Nouns =
    [
        ("login", LoginCommand.Create),
        ("logout", LoginCommand.CreateLogout),
        ("account", AccountCommand.Create),
        ("acr", AcrCommand.Create),
        ("az", AzCommand.Create),
        ("ad", AdCommand.Create),
        ("group", ResourceGroupCommand.Create),
        ("role", RoleCommand.Create),
        ("identity", IdentityCommand.Create),
        ("policy", PolicyCommand.Create),
        ("workloads", WorkloadsCommand.Create),
        ("garbage", GarbageCommand.Create),
        ("nodes", NodesCommand.Create),
        ("quarantine", QuarantineCommand.Create),
        ("tag-rule", TagRuleCommand.Create),
        ("usage", UsageCommand.Create),
        ("quota", QuotaCommand.Create),
        ("lifecycle", LifecycleCommand.Create),
        ("completion", CompletionCommand.Create),
        ("docker-credential", DockerCredentialCommand.Create),
        ("credential-provider", CredentialProviderCommand.Create),
        ("version", CreateVersion),
    ];

    /// <summary>Runs what the arguments ask for; the result is the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        // Conditions of role assignments begin with '@', which would else name a file of arguments.
        var diagnostics = new DiagnosticOptions();
        var parsed = CreateRoot(diagnostics, args).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync($"berth: {parsed.Errors[0].Message} See ./berth --help.");
            return ExitCodes.Misuse;
        }

        RequestTrace.Level = diagnostics.Read(parsed);
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (OciException e)
        {
            return await FailAsync($"{e.Message} ({e.Code.Describe().Code}, {e.Status})", e);
        }
        catch (ClientException e)
        {
            return await FailAsync(e.Message, e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            return await FailAsync(
                $"the server's certificate is not trusted: {e.InnerException?.Message ?? e.Message} Set SSL_CERT_FILE to the installation's CA, which stands at tls/ca.pem in its data folder.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException or TaskCanceledException { InnerException: TimeoutException })
        {
            return await FailAsync($"the registry could not be reached: {e.Message}", e);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("berth: stopped.");
            return ExitCodes.Stopped;
        }
        catch (ArgumentException e)
        {
            await FailAsync(e.Message, e);
            return ExitCodes.Misuse;
        }
    }

    /// <summary>Every command.</summary>
    public static RootCommand CreateRoot() => CreateRoot(new DiagnosticOptions(), []);

    /// <summary>The commands that the arguments can mean: a start need not make the flags of all the others.</summary>
    private static RootCommand CreateRoot(DiagnosticOptions diagnostics, string[] args)
    {
        var root = new RootCommand("Berth, a private OCI registry: the client. The server's commands are ./berth serve, storage, backup and restore.");
        diagnostics.AddTo(root);
        if (args is ["--version"]) return root;
        var meant = args is [var noun, ..] ? Array.FindIndex(Nouns, entry => entry.Name == noun) : -1;
        foreach (var (_, create) in meant < 0 ? Nouns : Nouns.AsSpan(meant, 1)) root.Add(create());
        return root;
    }

    private static Command CreateVersion()
    {
        var version = new Command("version", "Prints the version.");
        version.SetAction(_ => Console.Out.WriteLine(ClientVersion.Text));
        return version;
    }

    private static async Task<int> FailAsync(string sentence, Exception cause)
    {
        await Console.Error.WriteLineAsync($"berth: {sentence}");
        if (RequestTrace.Level == TraceLevel.Debug) await Console.Error.WriteLineAsync(cause.ToString());
        return ExitCodes.Failure;
    }
}
