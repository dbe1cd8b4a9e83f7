using System.CommandLine;

namespace Berth.Cli.Acr;

/// <summary><c>acr credential</c>: the passwords of a registry's admin user.</summary>
internal static class AdminUserCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("credential", "The passwords of a registry's admin user.") { Show(), Renew() };

    private static Command Show() => RegistryResource.Command("show", "Shows the admin user's name and passwords.", Name(), [], (_, registry, cancellationToken) =>
        registry.SendAsync(HttpMethod.Post, "/listCredentials", null, cancellationToken));

    private static Command Renew()
    {
        var which = new Option<string>("--password-name") { Description = "Which password: password or password2.", Required = true };
        which.AcceptOnlyFromAmong("password", "password2");
        return RegistryResource.Command("renew", "Gives the admin user another password.", Name(), [which], (parsed, registry, cancellationToken) =>
            registry.SendAsync(HttpMethod.Post, "/regenerateCredential", json => json.WriteString("name"u8, parsed.GetValue(which)), cancellationToken));
    }

    private static Option<string> Name() => RegistryResource.NameOption("--name", "-n");
}
