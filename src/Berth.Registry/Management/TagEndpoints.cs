using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>A resource's tags by themselves, as clients read and change them that know resources of any kind (<c>az tag</c>, the Azure SDKs).</summary>
internal sealed class TagEndpoints(IResourceTags resources)
{
    private const string Type = "Microsoft.Resources/tags";
    private const string Name = "default";
    private const string One = "{scope}/providers/" + Type + "/{tagsName}";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<TagEndpoints>("tags.get", "GET", One, Type + "/read", (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<TagEndpoints>("tags.put", "PUT", One, Type + "/write", (e, r) => e.PutAsync(r)),
        ManagementRoute.Of<TagEndpoints>("tags.patch", "PATCH", One, Type + "/write", (e, r) => e.PatchAsync(r)),
        ManagementRoute.Of<TagEndpoints>("tags.delete", "DELETE", One, Type + "/delete", (e, r) => e.DeleteAsync(r)),
    ];

    private async Task GetAsync(ManagementRequest request)
    {
        RequireDefault(request);
        await WriteAsync(request, await resources.FindResourceTagsAsync(request.Scope, request.Aborted) ?? throw Absent(request));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        var body = (await request.ReadBodyAsync()).Only("id", "name", "type", "properties");
        await WriteAsync(request, await ChangeAsync(request, ResourceTagOperation.Replace, ReadTags(body)));
    }

    private async Task PatchAsync(ManagementRequest request)
    {
        var body = (await request.ReadBodyAsync()).Only("operation", "properties");
        var operation = body.RequiredText("operation").ToUpperInvariant() switch
        {
            "REPLACE" => ResourceTagOperation.Replace,
            "MERGE" => ResourceTagOperation.Merge,
            "DELETE" => ResourceTagOperation.Delete,
            _ => throw ManagementException.BadContent("'operation' is 'Merge', 'Replace' or 'Delete'."),
        };
        await WriteAsync(request, await ChangeAsync(request, operation, ReadTags(body)));
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        await ChangeAsync(request, ResourceTagOperation.Replace, "{}");
        await request.WriteEmptyAsync(200);
    }

    private async Task<string> ChangeAsync(ManagementRequest request, ResourceTagOperation operation, string named)
    {
        RequireDefault(request);
        var (outcome, tags) = await resources.ChangeResourceTagsAsync(request.Scope, new ResourceTagChange(operation, named), request.Caller, request.Aborted);
        if (outcome == CreateOutcome.TooMany) throw ManagementException.BadContent($"There may be {IResourceTags.MostTags} tags at most.");
        return tags ?? throw Absent(request);
    }

    private static void RequireDefault(ManagementRequest request)
    {
        if (!request["tagsName"].Equals(Name, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.NotFound($"{ScopeText.Write(request.Scope)}/providers/{Type}/{ManagementException.Shorten(request["tagsName"])}");
    }

    private static ManagementException Absent(ManagementRequest request) => request.Scope.Value.Split('/') switch
    {
        { Length: <= 3 } => ManagementException.Bad("FeatureNotSupported", "The subscription has no tags here; resource groups, registries and managed identities have."),
        [_, _, _, "resourcegroups", var name] => ManagementException.GroupNotFound(name),
        _ => ManagementException.NotFound(ScopeText.Write(request.Scope)),
    };

    private static string ReadTags(ResourceBody body) =>
        body.Object("properties").Only("tags").Tags() ?? throw ManagementException.BadContent("The body needs 'properties.tags', an object of texts.");

    private static Task WriteAsync(ManagementRequest request, string tags) => request.WriteAsync(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"{ScopeText.Write(request.Scope)}/providers/{Type}/{Name}");
        json.WriteString("name"u8, Name);
        json.WriteString("type"u8, Type);
        json.WriteStartObject("properties"u8);
        json.WritePropertyName("tags"u8);
        json.WriteRawValue(tags);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
