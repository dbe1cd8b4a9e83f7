using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Login;

/// <summary><c>login</c> and <c>logout</c>: who is signed in to which installation.</summary>
internal static class LoginCommand
{
    /// <summary><c>login</c>.</summary>
    public static Command Create()
    {
        var endpoint = ApiCommand.Optional("Any address of the installation, such as https://local.berth.localhost:5443 (or BERTH_ENDPOINT).", "--endpoint");
        var username = ApiCommand.Optional("The user name, or a service principal's client id (or BERTH_USERNAME).", "--username", "-u");
        var password = new PasswordOptions();
        var isServicePrincipal = ApiCommand.Switch("Sign in as a service principal.", "--service-principal");
        var tenant = ApiCommand.Optional("The tenant's GUID; the installation has one.", "--tenant", "-t");
        var command = new Command("login", "Signs in to an installation.") { endpoint, username, isServicePrincipal, tenant };
        password.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = Given(parsed, username, "BERTH_USERNAME");
            var address = AddressOf(Given(parsed, endpoint, "BERTH_ENDPOINT"));
            var secret = await password.ReadAsync(parsed, name, cancellationToken)
                ?? throw new ArgumentException("Give --password-stdin or --password, or set BERTH_PASSWORD; there is no terminal to ask at.");
            using var client = Wire.Connect();
            var state = await DiscoverAsync(client, address, name, parsed.GetValue(isServicePrincipal) ? secret : null, cancellationToken);
            if (parsed.GetValue(tenant) is { } asked && !asked.Equals(state.TenantId, StringComparison.OrdinalIgnoreCase))
                throw new ClientException($"the installation's tenant is {state.TenantId}, not '{asked}'.");
            var signedIn = await new Authority(client, TimeProvider.System).SignInAsync(state, secret, cancellationToken);
            using (await PrivateFile.LockAsync(cancellationToken)) await SessionFile.WriteAsync(signedIn, cancellationToken);
            await Console.Out.WriteLineAsync($"Signed in to {state.Endpoint} as {name}.");
        });
        return command;
    }

    /// <summary><c>logout</c>.</summary>
    public static Command CreateLogout()
    {
        var command = new Command("logout", "Forgets who is signed in, and the tokens.");
        command.SetAction(async (_, cancellationToken) =>
            await Console.Out.WriteLineAsync(await SessionFile.DeleteAsync(cancellationToken) ? "Signed out." : "Nobody was signed in."));
        return command;
    }

    private static string Given(ParseResult parsed, Option<string?> option, string variable) =>
        (parsed.GetValue(option) ?? Environment.GetEnvironmentVariable(variable)) is { Length: > 0 } value
            ? value
            : throw new ArgumentException($"Give {option.Name}, or set {variable}.");

    private static Uri AddressOf(string text)
    {
        if (!Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var address))
            throw new ArgumentException($"--endpoint is '{text}', which is no address; give https://host[:port].");

        // Where the password goes is what this address says: over the network, only TLS says who does.
        return address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)
            ? new Uri(address.GetLeftPart(UriPartial.Authority))
            : throw new ArgumentException($"--endpoint must be an https address; http is for this machine alone.");
    }

    private static async Task<SessionState> DiscoverAsync(HttpClient client, Uri address, string name, string? secret, CancellationToken cancellationToken)
    {
        var known = await Wire.SendAsync(client, HttpMethod.Get, new Uri(address, "/.well-known/berth"), null, null, cancellationToken);
        return new SessionState
        {
            Endpoint = address.GetLeftPart(UriPartial.Authority),
            LoginEndpoint = Secure("loginEndpoint"),
            ArmEndpoint = Secure("armEndpoint"),
            GraphEndpoint = Secure("graphEndpoint"),
            TenantId = known.Required("tenantId"),
            SubscriptionId = known.Required("subscriptionId"),
            UserName = name,
            Secret = secret,
        };

        string Secure(string property) => known.Required(property) is var text && text.StartsWith("https://", StringComparison.Ordinal)
            ? text.TrimEnd('/')
            : throw new ClientException($"{address.Authority} names '{text}' as {property}, which is not https; nothing was sent there.");
    }
}
