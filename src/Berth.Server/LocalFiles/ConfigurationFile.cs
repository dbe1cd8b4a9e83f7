using System.Text.Json;
using Berth.Oci;

namespace Berth.Server.LocalFiles;

/// <summary>The JSON file named by <c>--config</c>; comments and trailing commas are allowed, nesting is the settings' colons.</summary>
internal static class ConfigurationFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Each leaf's key (<c>Http:AllowRemote</c>, <c>Http:TrustedProxies:0</c>) and value, in the file's order.</summary>
    /// <exception cref="CannotStartException">The file cannot be read or is no JSON object.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaxBytes)
                throw new CannotStartException($"--config: {path} is larger than 1 MiB.");
            using var document = JsonReading.ParseReadable(
                File.ReadAllBytes(path),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })
                ?? throw new CannotStartException($"--config: {path} has a name or a text with half of a surrogate pair, which cannot be read.");
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new CannotStartException($"--config: {path} holds no JSON object.");
            var leaves = new List<KeyValuePair<string, string>>();
            Flatten("", document.RootElement, leaves);
            return leaves;
        }
        catch (JsonException e)
        {
            throw new CannotStartException(
                $"--config: {path} is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} cannot be read.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CannotStartException($"--config: {path} cannot be read: {e.Message}", e);
        }
    }

    private static void Flatten(string key, JsonElement element, List<KeyValuePair<string, string>> leaves)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                    Flatten(key.Length == 0 ? property.Name : $"{key}:{property.Name}", property.Value, leaves);
                break;
            case JsonValueKind.Array:
                // An empty array must still replace a list of an earlier layer.
                if (element.GetArrayLength() == 0)
                    leaves.Add(new(key, ""));
                foreach (var (index, item) in element.EnumerateArray().Index())
                    Flatten($"{key}:{index}", item, leaves);
                break;
            case JsonValueKind.Null:
                break;
            default:
                leaves.Add(new(key, element.ToString()));
                break;
        }
    }
}
