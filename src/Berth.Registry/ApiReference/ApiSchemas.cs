using System.Text.Json;

namespace Berth.Registry.ApiReference;

/// <summary>The schemas of the API's bodies, as they stand in the JSON files beside this one.</summary>
internal static class ApiSchemas
{
    private const string Folder = ".ApiReference.Schemas.";

    /// <summary>All of them with their names, in the files' order.</summary>
    public static IReadOnlyList<JsonProperty> Read()
    {
        var assembly = typeof(ApiSchemas).Assembly;
        var schemas = new List<JsonProperty>();
        foreach (var file in assembly.GetManifestResourceNames().Where(name => name.Contains(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var content = assembly.GetManifestResourceStream(file)!;
            using var document = JsonDocument.Parse(content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            schemas.AddRange(document.RootElement.Clone().EnumerateObject());
        }

        return schemas;
    }
}
