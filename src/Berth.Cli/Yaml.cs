using System.Text.Json;

namespace Berth.Cli;

/// <summary>JSON values as YAML in block style; texts are quoted as JSON quotes them, which YAML reads, too.</summary>
internal static class Yaml
{
    /// <summary>The value's lines.</summary>
    public static IEnumerable<string> LinesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object when value.EnumerateObject().Any() => value.EnumerateObject().SelectMany(p => Under($"{KeyOf(p.Name)}:", p.Value)),
        JsonValueKind.Array when value.GetArrayLength() > 0 => value.EnumerateArray().SelectMany(item => Indented(LinesOf(item), "- ", "  ")),
        JsonValueKind.Object => ["{}"],
        JsonValueKind.Array => ["[]"],
        _ => [value.GetRawText()],
    };

    private static IEnumerable<string> Under(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object when value.EnumerateObject().Any() => LinesOf(value).Select(line => $"  {line}").Prepend(name),
        JsonValueKind.Array when value.GetArrayLength() > 0 => LinesOf(value).Prepend(name),
        _ => [$"{name} {LinesOf(value).Single()}"],
    };

    private static string KeyOf(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? name : $"\"{JsonEncodedText.Encode(name)}\"";

    private static IEnumerable<string> Indented(IEnumerable<string> lines, string first, string rest) =>
        lines.Select((line, i) => (i == 0 ? first : rest) + line);
}
