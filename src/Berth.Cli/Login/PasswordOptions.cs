using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Login;

/// <summary>Where a password comes from: a flag, stdin, the environment, or the person at the terminal.</summary>
internal sealed class PasswordOptions
{
    private const int MaxLength = 64 * 1024;

    private readonly Option<string?> _password = new("--password", "-p")
    {
        Description = "The password or secret, which process lists show; better are --password-stdin, BERTH_PASSWORD, or none of them, which asks at the terminal.",
    };

    private readonly Option<bool> _fromInput = new("--password-stdin") { Description = "Read the password from stdin." };

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_password);
        command.Add(_fromInput);
    }

    /// <summary>The password, or null where there is none and nobody to ask; nobody is asked when there is no user name.</summary>
    /// <exception cref="ArgumentException">It comes from two places, or stdin holds none.</exception>
    public async Task<string?> ReadAsync(ParseResult parsed, string? username, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_fromInput))
        {
            if (parsed.GetValue(_password) is not null) throw new ArgumentException("Give --password or --password-stdin, not both.");
            return await ReadInputAsync(cancellationToken);
        }

        return (parsed.GetValue(_password) ?? Environment.GetEnvironmentVariable("BERTH_PASSWORD")) is { Length: > 0 } given ? given
            : username is null || Console.IsInputRedirected ? null
            : Terminal.AskPassword("Password: ");
    }

    /// <summary>The password on stdin, without the end of its line.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static async Task<string> ReadInputAsync(CancellationToken cancellationToken)
    {
        var text = await Input.ReadAsync(MaxLength, cancellationToken);
        text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        return text.Length > 0 ? text : throw new ArgumentException("--password-stdin was given, and stdin holds no password.");
    }
}
