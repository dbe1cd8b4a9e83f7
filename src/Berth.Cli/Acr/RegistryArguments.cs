using System.CommandLine;
using Berth.Cli.Credentials;
using Berth.Cli.Login;
using Berth.Cli.Session;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary>
/// The flags that name a registry and who signs in. A bare name is a registry of the installation that <c>login</c> signed in to, as whom it is asked; a user name and
/// password may be given instead, or stand in the environment.
/// </summary>
internal sealed class RegistryArguments
{
    private readonly Option<string> _name;
    private readonly Option<string?> _username = new("--username", "-u") { Description = "The user name (or BERTH_USERNAME); the account that is signed in when it is not given." };
    private readonly PasswordOptions _password = new();

    /// <summary>The flags, the registry's under these names.</summary>
    public RegistryArguments(params string[] names) => _name = new Option<string>(names[0], names[1..])
    {
        Description = "The registry: its name, or its address host[:port], with http:// in front for a plain listener.",
        HelpName = RegistryResource.HelpName,
        Required = true,
    };

    /// <summary>Whether the registry may be left out; it must not, by default.</summary>
    public bool IsOptional
    {
        get => !_name.Required;
        init => _name.Required = !value;
    }

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_name);
        command.Add(_username);
        _password.AddTo(command);
    }

    /// <summary>A client of the registry that the flags name.</summary>
    /// <exception cref="ArgumentException">The address is none, or one of user name and password is missing.</exception>
    /// <exception cref="ClientException">The account that is signed in was refused.</exception>
    public async Task<RegistryClient> ConnectAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        await (await FindAsync(parsed, cancellationToken))!.ConnectAsync(cancellationToken);

    /// <summary>The registry that the flags name, and who asks; null when they name none.</summary>
    /// <exception cref="ArgumentException">The address is none, or one of user name and password is missing.</exception>
    public async Task<RegistryTarget?> FindAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_name) is not { } name) return null;
        var session = await SessionFile.FindAsync(cancellationToken);
        var address = AddressOf(name, session);
        var username = parsed.GetValue(_username) ?? Environment.GetEnvironmentVariable("BERTH_USERNAME");
        var password = await _password.ReadAsync(parsed, username, cancellationToken);
        if (username is null != password is null) throw new ArgumentException("Give both a user name and a password, or neither.");

        var isOwn = session is not null && address.Scheme == Uri.UriSchemeHttps && ServerName.IsOf(session, address.Authority);
        return new RegistryTarget(address, isOwn ? session : null, username is null ? null : RegistryCredential.FromPassword(username, password!));
    }

    private static Uri AddressOf(string name, SessionState? session)
    {
        // Names of registries have neither dots nor ports.
        if (session is not null && name != "localhost" && name.Length > 0 && name.All(char.IsAsciiLetterOrDigit)) return new Uri($"https://{ServerName.OfRegistry(session, name)}");
        var text = name.Contains("://", StringComparison.Ordinal) ? name : $"https://{name}";
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new ArgumentException($"'{name}' is no registry's name and no address; give a name, host[:port] or http://host[:port].");
    }
}
