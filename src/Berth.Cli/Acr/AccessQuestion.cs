using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Query;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>Makes the commands of <c>acr access</c>, whose answers are evidence: the same columns in each form, whatever the entries hold.</summary>
internal static class AccessQuestion
{
    /// <summary>A command whose entries have the columns, and further ones where the width of a terminal does not matter.</summary>
    public static Command Create(
        string name, string description, IReadOnlyList<Option> options, string[] columns, string[] further,
        Func<ParseResult, ApiSession, CancellationToken, Task<JsonElement>> ask)
    {
        return ApiCommand.Create(name, description, options, async (parsed, session, cancellationToken) =>
        {
            var answer = await ask(parsed, session, cancellationToken);
            var format = parsed.GetValue<OutputFormat>("--output");
            if (format is OutputFormat.Json or OutputFormat.Yaml) return answer;

            if (parsed.GetValue<string?>("--query") is { } query)
            {
                // A query is of the answer, whatever form its result is printed in.
                var found = JmesPath.Parse(query).Search(answer);
                if (found.ValueKind != JsonValueKind.Null) await OutputFormats.WriteAsync(format == OutputFormat.Csv ? found : FlatRows.Of(found), format);
                return default;
            }

            var items = ItemsOf(answer);
            if (format != OutputFormat.Csv) return FlatRows.Of(items, format == OutputFormat.Table ? columns : [.. columns, .. further]);
            foreach (var line in Csv.LinesOf(items, [.. columns, .. further])) await Console.Out.WriteAsync(line);
            return default;
        });
    }

    // An explanation is one object: an entry for each of its reasons, or one without when nothing says anything.
    private static List<JsonElement> ItemsOf(JsonElement answer)
    {
        if (answer.ValueKind == JsonValueKind.Array) return [.. answer.EnumerateArray()];
        var reasons = answer.TryGetProperty("reasons", out var given) ? given.EnumerateArray().ToList() : [];
        return reasons.Count == 0 ? [answer] : [.. reasons.Select(reason => Beside(answer, reason))];
    }

    private static JsonElement Beside(JsonElement answer, JsonElement reason) => Json.Make(json =>
    {
        foreach (var property in answer.EnumerateObject().Concat(reason.EnumerateObject())) property.WriteTo(json);
    });
}
