using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Berth.Cli.Session;
using Berth.Oci.Client;

namespace Berth.Cli.Lifecycle;

/// <summary>Prints a preview or a run: for people what goes and what is kept and why, for programs all of it as one object.</summary>
internal sealed class PlanReport
{
    private const int MostLines = 200;

    private readonly OutputOptions _output = new();

    /// <summary>Adds the flags that say how.</summary>
    public void AddTo(Command command) => _output.AddTo(command);

    /// <summary>What prints it for programs; null where people read it. It is read before anything is done: a run whose report cannot be printed should not begin.</summary>
    /// <exception cref="Query.QueryException">The query cannot be read.</exception>
    public OutputOptions.Printer? Read(ParseResult parsed) => _output.IsGiven(parsed) ? _output.Read(parsed) : null;

    /// <summary>Prints a plan.</summary>
    public static async Task WriteAsync(OutputOptions.Printer? printer, RegistryClient client, JsonElement plan, bool isRun, CancellationToken cancellationToken)
    {
        var id = PlanClient.IdOf(plan);
        if (printer is null)
        {
            await WriteForPeopleAsync(client, plan, isRun, cancellationToken);
            return;
        }

        var (items, kept) = (await ListAsync(kept: false), await ListAsync(kept: true));
        if (printer.IsPlainTable)
        {
            await printer.WriteAsync(FlatRows.Of(items.Concat(kept), ["repository", "kind", "name", "rule", "action", "outcome", "reason", "keptBy", "bytes"]));
            return;
        }

        var all = Json.Make(json =>
        {
            foreach (var property in plan.EnumerateObject()) property.WriteTo(json);
            Write(json, "items", items);
            Write(json, "keptItems", kept);
        });
        await printer.WriteAsync(all, isOfChange: isRun);

        async Task<List<JsonElement>> ListAsync(bool kept) => await PlanClient.ItemsAsync(client, isRun, id, kept, cancellationToken).ToListAsync(cancellationToken);
    }

    private static void Write(Utf8JsonWriter json, string name, List<JsonElement> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items) item.WriteTo(json);
        json.WriteEndArray();
    }

    private static async Task WriteForPeopleAsync(RegistryClient client, JsonElement plan, bool isRun, CancellationToken cancellationToken)
    {
        var id = PlanClient.IdOf(plan);
        var what = $"{Count(plan, "tags", "tag")} and {Count(plan, "manifests", "manifest")}";
        var line = isRun
            ? FormattableString.Invariant($"Run {id} is done: {what}, {PlanClient.NumberOf(plan, "done")} of them done and {PlanClient.NumberOf(plan, "skipped")} kept at the last moment.")
            : FormattableString.Invariant($"Preview {id}: {what} would go, {SizeOf(PlanClient.NumberOf(plan, "bytes"))} would return, {PlanClient.NumberOf(plan, "kept")} would be kept.");
        await Console.Out.WriteLineAsync(line);
        await WriteAsync(PlanClient.ItemsAsync(client, isRun, id, kept: false, cancellationToken), isRun ? ["repository", "kind", "name", "rule", "action", "outcome", "reason"] : ["repository", "kind", "name", "rule", "action"], null);
        await WriteAsync(PlanClient.ItemsAsync(client, isRun, id, kept: true, cancellationToken), ["repository", "kind", "name", "rule", "reason", "keptBy"], "Kept:");
    }

    private static async Task WriteAsync(IAsyncEnumerable<JsonElement> items, string[] columns, string? heading)
    {
        var shown = new List<JsonElement>();
        var hasMore = false;
        await foreach (var item in items)
        {
            hasMore = shown.Count == MostLines;
            if (hasMore) break;
            shown.Add(item);
        }

        if (shown.Count == 0) return;
        await Console.Out.WriteLineAsync();
        if (heading is not null) await Console.Out.WriteLineAsync(heading);
        foreach (var line in Rows.TableOf(FlatRows.Of(shown, columns))) await Console.Out.WriteLineAsync(line);
        if (hasMore) await Console.Out.WriteLineAsync("… and more; --output json has all.");
    }

    private static string Count(JsonElement plan, string name, string one) => PlanClient.NumberOf(plan, name) switch
    {
        1 => $"1 {one}",
        var count => FormattableString.Invariant($"{count} {one}s"),
    };

    private static string SizeOf(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB"),
        >= 1L << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 10):0.0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
    };
}
