using System.CommandLine;

namespace Berth.Cli.Login;

/// <summary>Where the password that somebody is to have comes from: a flag, stdin, or the person at the terminal; never from where one's own comes from.</summary>
/// <param name="description">What the password is.</param>
internal sealed class NewPasswordOptions(string description)
{
    private readonly Option<string?> _password = new("--password")
    {
        Description = $"{description} Process lists show it; better is --password-stdin.",
    };

    private readonly Option<bool> _fromInput = new("--password-stdin") { Description = "Read the password from stdin." };

    /// <summary>The flags.</summary>
    public IReadOnlyList<Option> Options => [_password, _fromInput];

    /// <summary>The password that was given, or null.</summary>
    /// <exception cref="ArgumentException">It comes from two places, or stdin holds none.</exception>
    public async Task<string?> ReadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (!parsed.GetValue(_fromInput)) return parsed.GetValue(_password);
        if (parsed.GetValue(_password) is not null) throw new ArgumentException("Give --password or --password-stdin, not both.");
        return await PasswordOptions.ReadInputAsync(cancellationToken);
    }

    /// <summary>The password that was given, or that the person at the terminal types twice.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public async Task<string> ReadOrAskAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (await ReadAsync(parsed, cancellationToken) is { } given) return given;
        if (Console.IsInputRedirected) throw new ArgumentException("Give --password-stdin or --password; there is no terminal to ask at.");
        var typed = Terminal.AskPassword("New password: ");
        return typed == Terminal.AskPassword("New password again: ") ? typed : throw new ArgumentException("What was typed twice is not the same.");
    }
}
