using System.CommandLine;
using Berth.Cli.Login;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary>The flags that name a registry and who signs in; the credentials may come from the environment instead.</summary>
internal sealed class RegistryArguments
{
    private readonly Option<string> _name = new("--name", "-n")
    {
        Description = "The registry's address: host[:port], with http:// in front for a plain listener.",
        Required = true,
    };

    private readonly Option<string?> _username = new("--username", "-u") { Description = "The user name (or BERTH_USERNAME)." };
    private readonly PasswordOptions _password = new();

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_name);
        command.Add(_username);
        _password.AddTo(command);
    }

    /// <summary>A client of the registry that the flags name.</summary>
    /// <exception cref="ArgumentException">The address is none, or one of user name and password is missing.</exception>
    public async Task<RegistryClient> ConnectAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var name = parsed.GetValue(_name)!;
        var text = name.Contains("://", StringComparison.Ordinal) ? name : $"https://{name}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new ArgumentException($"--name is '{name}', which is no address; give host[:port] or http://host[:port].");

        var username = parsed.GetValue(_username) ?? Environment.GetEnvironmentVariable("BERTH_USERNAME");
        var password = await _password.ReadAsync(parsed, username, cancellationToken);
        if (username is null != password is null) throw new ArgumentException("Give both a user name and a password, or neither.");
        return new RegistryClient(address, new RegistryClientOptions
        {
            Credential = username is null ? null : RegistryCredential.FromPassword(username, password!),
        });
    }
}
