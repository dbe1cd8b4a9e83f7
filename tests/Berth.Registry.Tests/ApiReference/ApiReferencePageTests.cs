using System.Text.Json;
using Berth.Registry.ApiReference;
using Berth.Registry.Tests.Hosting;
using Berth.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.ApiReference;

/// <summary>The API's document in docs/reference, which is made from the route tables. UPDATE_DOCS=1 writes it anew.</summary>
public sealed class ApiReferencePageTests
{
    private const string Page = "docs/reference/openapi.json";

    [Fact]
    public async Task The_document_in_the_reference_is_current()
    {
        await using var host = await RegistryHost.StartAsync();
        var calls = ReferenceEndpoints.CallsOf(host.Services.GetRequiredService<FeatureWiring>());
        using var document = JsonDocument.Parse(OpenApiDocument.Write(calls, new PublicNames("berth.localhost", 5443, 5443), "local"));
        var content = Lines(document.RootElement, 0) + "\n";

        var file = Path.Combine(Repository.Root, Page);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1") await File.WriteAllTextAsync(file, content);
        Assert.True(File.Exists(file) && content == await File.ReadAllTextAsync(file), $"{Page} is not current: run the tests with UPDATE_DOCS=1 to write it anew.");
    }

    // An operation, a schema and an answer stand on a line each, so that a change of one is a change of one line.
    private static string Lines(JsonElement value, int depth)
    {
        if (value.ValueKind != JsonValueKind.Object || depth == 3) return value.GetRawText();
        var space = new string(' ', 2 * depth);
        var members = value.EnumerateObject().Select(member => $"{space}  \"{member.Name}\": {Lines(member.Value, depth + 1)}");
        return $"{{\n{string.Join(",\n", members)}\n{space}}}";
    }
}
