using System.CommandLine;
using System.Text.Json;

namespace Berth.Cli.Session;

/// <summary>Makes commands that call the installation and print what it answers.</summary>
internal static class ApiCommand
{
    /// <summary>A command whose work gives what is printed; nothing is printed for a value that is undefined.</summary>
    public static Command Create(
        string name, string description, IEnumerable<Option> options, Func<ParseResult, ApiSession, CancellationToken, Task<JsonElement>> run)
    {
        var command = new Command(name, description);
        foreach (var option in options) command.Add(option);
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            using var session = await ApiSession.OpenAsync(cancellationToken);
            var answer = await run(parsed, session, cancellationToken);
            if (answer.ValueKind != JsonValueKind.Undefined) await printer.WriteAsync(answer, session.HasChanged);
        });
        return command;
    }

    /// <summary>A text that must be given.</summary>
    public static Option<string> Required(string description, params string[] names) => new(names[0], names[1..]) { Description = description, Required = true };

    /// <summary>A text that may be given.</summary>
    public static Option<string?> Optional(string description, params string[] names) => new(names[0], names[1..]) { Description = description };

    /// <summary>A switch.</summary>
    public static Option<bool> Switch(string description, params string[] names) => new(names[0], names[1..]) { Description = description };

    /// <summary>A text within single quotes in a filter of a path's query.</summary>
    public static string Quote(string text) => Uri.EscapeDataString($"'{text.Replace("'", "''", StringComparison.Ordinal)}'");
}
