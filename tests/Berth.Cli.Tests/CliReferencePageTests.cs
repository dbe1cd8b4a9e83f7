using System.CommandLine;
using System.Globalization;
using System.Text;
using Berth.Testing;

namespace Berth.Cli.Tests;

/// <summary>The reference page of the client's commands, which is made from the commands. UPDATE_DOCS=1 writes it anew.</summary>
public sealed class CliReferencePageTests
{
    private const string Page = "docs/reference/cli.md";

    [Fact]
    public void The_reference_page_of_the_commands_is_current()
    {
        var page = new StringBuilder("""
            # Commands of the client

            Made from the commands: do not edit (`UPDATE_DOCS=1 dotnet test --project tests/Berth.Cli.Tests` writes it anew).

            Each is called as `./berth COMMAND`; `--help` shows the same. Flags in bold must be given. `--output` (`-o`) is `json`, `table`, `tsv`, `yaml` or `csv` where nothing else is said;
            `--query` is a [JMESPath](https://jmespath.org) expression that says what of the answer is printed, and nothing is printed when it finds nothing. Exit codes: 0 done, 1 it failed, 2
            the command line is wrong; one sentence on stderr says why ([exit-codes.md](exit-codes.md)).

            Every command takes `--verbose`, which tells each request on stderr with its status, its time and the id by which the server's log names it, and `--debug`, which adds the query, some
            headers of the answer and the cause of a failure. Neither tells bodies or credentials: values that are not known to be harmless are left out. [client.md](../user/client.md) has
            completion for shells, and what to do when a registry cannot be reached.

            """);
        foreach (var command in BerthCommand.CreateRoot().Subcommands.OrderBy(c => c.Name, StringComparer.Ordinal)) Describe(page, command, "");

        var file = Path.Combine(Repository.Root, Page);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1") File.WriteAllText(file, page.ToString());
        Assert.True(File.Exists(file) && File.ReadAllText(file) == page.ToString(), $"{Page} is not current: run the tests with UPDATE_DOCS=1 to write it anew.");
    }

    private static void Describe(StringBuilder page, Command command, string above)
    {
        if (command.Hidden) return;
        var name = $"{above} {command.Name}".Trim();
        if (above.Length == 0) page.Append(CultureInfo.InvariantCulture, $"\n## {name}\n\n{command.Description}\n");
        if (command.Action is not null && above.Length > 0) page.Append(CultureInfo.InvariantCulture, $"\n### {name}\n\n{command.Description}\n");
        var options = command.Options.Where(IsItsOwn).ToList();
        if (options.Count > 0) page.Append("\n| flag | what it is |\n|---|---|\n");
        foreach (var option in options)
        {
            var names = string.Join(", ", option.Aliases.Prepend(option.Name).Distinct().Select(n => $"`{n}`"));
            page.Append(CultureInfo.InvariantCulture, $"| {(option.Required ? $"**{names}**" : names)} | {option.Description?.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }

        foreach (var below in command.Subcommands) Describe(page, below, name);
    }

    // Those of the forms stand on the page's head; a command with forms of its own says them.
    private static bool IsItsOwn(Option option) => option.Name switch
    {
        "--help" or "--version" or "--query" => false,
        "--output" => option.ValueType != typeof(OutputFormat),
        _ => true,
    };
}
