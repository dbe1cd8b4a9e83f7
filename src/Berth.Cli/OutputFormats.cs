using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Berth.Cli;

/// <summary>The forms that answers are printed in, as the Azure CLI names them.</summary>
internal enum OutputFormat
{
    /// <summary>JSON.</summary>
    Json,

    /// <summary>For people: a heading and one entry a line.</summary>
    Table,

    /// <summary>One entry a line, its values apart by tabs.</summary>
    Tsv,

    /// <summary>YAML.</summary>
    Yaml,

    /// <summary>For spreadsheets: a heading and one entry a line, its values apart by commas.</summary>
    Csv,
}

/// <summary>Prints lists and objects.</summary>
internal static class OutputFormats
{
    // It is read by people and programs, and never stands in a page.
    private static readonly JsonWriterOptions ForTerminals = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // A list may be longer than memory; what is written of it leaves in pieces of about this size.
    private const int MostPending = 16 * 1024;

    /// <summary>The flag that chooses the form.</summary>
    public static Option<OutputFormat> Option() => new("--output", "-o") { Description = "json, table, tsv, yaml or csv.", DefaultValueFactory = _ => OutputFormat.Json };

    /// <summary>Prints names. Registries' names and tags need no quoting in any of the forms but JSON and YAML.</summary>
    public static async Task WriteAsync(IAsyncEnumerable<string> names, OutputFormat format, CancellationToken cancellationToken)
    {
        if (format == OutputFormat.Json)
        {
            await WriteJsonAsync(names, cancellationToken);
            return;
        }

        if (format == OutputFormat.Csv) await Console.Out.WriteAsync("result\r\n");
        if (format == OutputFormat.Table) await Console.Out.WriteLineAsync($"Result{Environment.NewLine}------");
        await foreach (var name in names.WithCancellation(cancellationToken))
            await Console.Out.WriteAsync(format switch
            {
                OutputFormat.Yaml => $"- '{name}'{Environment.NewLine}",
                OutputFormat.Csv => $"{Csv.Cell(name)}\r\n",
                _ => name + Environment.NewLine,
            });
    }

    /// <summary>Prints an object, a list of objects, or what a query made of them.</summary>
    public static Task WriteAsync(JsonElement value, OutputFormat format) => format switch
    {
        OutputFormat.Json => WriteJsonAsync(value),
        OutputFormat.Yaml => WriteLinesAsync(Yaml.LinesOf(value)),
        OutputFormat.Csv => WriteCsvAsync(value),
        OutputFormat.Tsv => WriteLinesAsync(Rows.TabbedOf(value)),
        _ => WriteLinesAsync(Rows.TableOf(value)),
    };

    private static async Task WriteCsvAsync(JsonElement value)
    {
        foreach (var line in Csv.LinesOf(value)) await Console.Out.WriteAsync(line);
    }

    private static async Task WriteLinesAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines) await Console.Out.WriteLineAsync(line);
    }

    private static async Task WriteJsonAsync(JsonElement value)
    {
        await using (var output = Console.OpenStandardOutput())
        {
            await using var writer = new Utf8JsonWriter(output, ForTerminals);
            value.WriteTo(writer);
        }

        await Console.Out.WriteLineAsync();
    }

    /// <summary>Prints a list of objects as JSON while it is read.</summary>
    public static Task WriteJsonAsync(IAsyncEnumerable<JsonElement> items, CancellationToken cancellationToken) =>
        WriteJsonAsync(items, static (writer, item) => item.WriteTo(writer), cancellationToken);

    private static Task WriteJsonAsync(IAsyncEnumerable<string> names, CancellationToken cancellationToken) =>
        WriteJsonAsync(names, static (writer, name) => writer.WriteStringValue(name), cancellationToken);

    private static async Task WriteJsonAsync<T>(IAsyncEnumerable<T> items, Action<Utf8JsonWriter, T> write, CancellationToken cancellationToken)
    {
        // A list that cannot be read at all prints nothing.
        await using var reader = items.GetAsyncEnumerator(cancellationToken);
        var hasMore = await reader.MoveNextAsync();
        await using (var output = Console.OpenStandardOutput())
        {
            await using var writer = new Utf8JsonWriter(output, ForTerminals);
            writer.WriteStartArray();
            while (hasMore)
            {
                write(writer, reader.Current);
                if (writer.BytesPending > MostPending) await writer.FlushAsync(cancellationToken);
                hasMore = await reader.MoveNextAsync();
            }

            writer.WriteEndArray();
        }

        await Console.Out.WriteLineAsync();
    }
}
