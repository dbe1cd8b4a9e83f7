using System.CommandLine;
using System.Text.Json;

namespace Berth.Cli;

/// <summary>The forms that lists are printed in, as the Azure CLI names them.</summary>
internal enum OutputFormat
{
    /// <summary>A JSON array.</summary>
    Json,

    /// <summary>For people: a heading and one entry a line.</summary>
    Table,

    /// <summary>One entry a line.</summary>
    Tsv,

    /// <summary>A YAML sequence.</summary>
    Yaml,
}

/// <summary>Prints lists.</summary>
internal static class OutputFormats
{
    /// <summary>The flag that chooses the form.</summary>
    public static Option<OutputFormat> Option() => new("--output", "-o") { Description = "json, table, tsv or yaml.", DefaultValueFactory = _ => OutputFormat.Json };

    /// <summary>Prints names. Registries' names and tags need no quoting in any of the forms but JSON and YAML.</summary>
    public static async Task WriteAsync(IAsyncEnumerable<string> names, OutputFormat format, CancellationToken cancellationToken)
    {
        if (format == OutputFormat.Json)
        {
            await WriteJsonAsync(names, cancellationToken);
            return;
        }

        if (format == OutputFormat.Table) await Console.Out.WriteLineAsync($"Result{Environment.NewLine}------");
        await foreach (var name in names.WithCancellation(cancellationToken))
            await Console.Out.WriteLineAsync(format == OutputFormat.Yaml ? $"- '{name}'" : name);
    }

    private static async Task WriteJsonAsync(IAsyncEnumerable<string> names, CancellationToken cancellationToken)
    {
        await using var output = Console.OpenStandardOutput();
        await using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartArray();
            await foreach (var name in names.WithCancellation(cancellationToken)) writer.WriteStringValue(name);
            writer.WriteEndArray();
        }

        await Console.Out.WriteLineAsync();
    }
}
