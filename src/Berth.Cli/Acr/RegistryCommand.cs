using System.CommandLine;
using System.Text.Json;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary>Makes commands that call one registry's data plane and print what it answers.</summary>
internal static class RegistryCommand
{
    /// <summary>A command whose work gives what is printed; nothing is printed for a value that is undefined.</summary>
    public static Command Create(
        string name, string description, RegistryArguments registry, IEnumerable<Option> options,
        Func<ParseResult, RegistryClient, CancellationToken, Task<JsonElement>> run, bool changes = false)
    {
        return Create(name, description, registry, options, async (parsed, client, printer, cancellationToken) =>
        {
            var answer = await run(parsed, client, cancellationToken);
            if (answer.ValueKind != JsonValueKind.Undefined) await printer.WriteAsync(answer, changes);
        });
    }

    /// <summary>A command that lists names.</summary>
    public static Command CreateList(
        string name, string description, RegistryArguments registry, IEnumerable<Option> options,
        Func<ParseResult, RegistryClient, CancellationToken, IAsyncEnumerable<string>> list) =>
        Create(name, description, registry, options, (parsed, client, printer, cancellationToken) =>
            printer.WriteAsync(list(parsed, client, cancellationToken), cancellationToken));

    /// <summary>A command that prints by itself, such as a list while it is read.</summary>
    public static Command Create(
        string name, string description, RegistryArguments registry, IEnumerable<Option> options,
        Func<ParseResult, RegistryClient, OutputOptions.Printer, CancellationToken, Task> run)
    {
        var command = new Command(name, description);
        var output = new OutputOptions();
        foreach (var option in options) command.Add(option);
        registry.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var printer = output.Read(parsed);
            using var client = await registry.ConnectAsync(parsed, cancellationToken);
            await run(parsed, client, printer, cancellationToken);
        });
        return command;
    }
}
