using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.ApiReference;

/// <summary>The API's document as a server gives it.</summary>
internal sealed class ApiDocument
{
    private ApiDocument(JsonElement root)
    {
        Root = root;
        Check = new SchemaCheck(root);
        Operations = root.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Object).Select(member => (Path: path.Name, Method: member.Name.ToUpperInvariant(), member.Value)))
            .ToDictionary(operation => operation.Value.GetProperty("operationId").GetString()!);
    }

    public JsonElement Root { get; }

    public SchemaCheck Check { get; }

    /// <summary>The operations by their ids.</summary>
    public IReadOnlyDictionary<string, (string Path, string Method, JsonElement Value)> Operations { get; }

    /// <summary>Fetches it, as nobody in particular.</summary>
    public static async Task<ApiDocument> FetchAsync(RegistryHost host)
    {
        using var nobody = host.WithoutCredential();
        return new ApiDocument(JsonDocument.Parse(await nobody.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative))).RootElement);
    }

    /// <summary>The schema of the body that an operation takes, or null.</summary>
    public JsonElement? BodyOf(string name) => Operations[name].Value.TryGetProperty("requestBody", out var body) ? SchemaOf(body) : null;

    /// <summary>What an answer does that the document does not say; null for nothing.</summary>
    public string? FindFault(string name, int status, JsonElement answer)
    {
        if (!Operations.TryGetValue(name, out var operation)) return "the document has no such operation";
        if (!operation.Value.GetProperty("responses").TryGetProperty($"{status}", out var response)) return $"the document has no answer {status}";
        response = Check.Resolve(response);
        if (!response.TryGetProperty("content", out _)) return answer.ValueKind == JsonValueKind.Undefined ? null : $"{status} has a body: {answer}";
        return answer.ValueKind == JsonValueKind.Undefined ? $"{status} has no body" : Check.FindFault(SchemaOf(response), answer);
    }

    private static JsonElement SchemaOf(JsonElement holder) => holder.GetProperty("content").EnumerateObject().First().Value.GetProperty("schema");
}
