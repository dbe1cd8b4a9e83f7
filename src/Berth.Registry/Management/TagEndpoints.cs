using System.Text;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>A resource's tags by themselves, as clients read and change them that know resources of any kind (<c>az tag</c>, the Azure SDKs).</summary>
internal sealed class TagEndpoints(IInstallation installation, IRegistries registries, IPrincipals principals, RegistryUpdate update)
{
    private const string Type = "Microsoft.Resources/tags";
    private const string Name = "default";
    private const string One = "{scope}/providers/" + Type + "/{tagsName}";
    private const int MostTags = 50;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<TagEndpoints>("tags.get", "GET", One, Type + "/read", async (e, r) => await WriteAsync(r, (await e.FindAsync(r)).Tags)),
        ManagementRoute.Of<TagEndpoints>("tags.put", "PUT", One, Type + "/write", (e, r) => e.PutAsync(r)),
        ManagementRoute.Of<TagEndpoints>("tags.patch", "PATCH", One, Type + "/write", (e, r) => e.PatchAsync(r)),
        ManagementRoute.Of<TagEndpoints>("tags.delete", "DELETE", One, Type + "/delete", (e, r) => e.DeleteAsync(r)),
    ];

    private async Task PutAsync(ManagementRequest request)
    {
        var tags = ReadTags((await request.ReadBodyAsync()).Only("id", "name", "type", "properties"));
        await (await FindAsync(request)).SetAsync(tags);
        await WriteAsync(request, tags);
    }

    private async Task PatchAsync(ManagementRequest request)
    {
        var body = (await request.ReadBodyAsync()).Only("operation", "properties");
        var (operation, named) = (body.RequiredText("operation").ToUpperInvariant(), ReadTags(body));
        var standing = await FindAsync(request);
        var tags = operation switch
        {
            "REPLACE" => named,
            "MERGE" => Write(Read(standing.Tags).Concat(Read(named))),
            "DELETE" => Without(standing.Tags, named),
            _ => throw ManagementException.BadContent("'operation' is 'Merge', 'Replace' or 'Delete'."),
        };
        await standing.SetAsync(tags);
        await WriteAsync(request, tags);
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        await (await FindAsync(request)).SetAsync("{}");
        await request.WriteEmptyAsync(200);
    }

    private async Task<Tagged> FindAsync(ManagementRequest request)
    {
        var scope = request.Scope;
        if (!request["tagsName"].Equals(Name, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.NotFound($"{ScopeText.Write(scope)}/providers/{Type}/{ManagementException.Shorten(request["tagsName"])}");
        return scope.Value.Split('/') switch
        {
            [_, _, _, "resourcegroups", var name] when await registries.FindResourceGroupAsync(request.Installation.SubscriptionId, name, request.Aborted) is { } group =>
                new Tagged(group.Tags, async tags =>
                {
                    _ = await registries.SetResourceGroupTagsAsync(group.SubscriptionId, group.Name, tags, request.Caller, request.Aborted)
                        ?? throw ManagementException.GroupNotFound(name);
                }),
            [.., "microsoft.containerregistry", "registries", var name] when await installation.FindRegistryAsync(name, request.Aborted) is { } registry && registry.Scope == scope =>
                new Tagged(registry.Tags, tags => update.ApplyAsync(request, registry, new RegistryBody(null, new RegistryChanges(Tags: tags), new SettingsBody()))),
            [.., "userassignedidentities", _] when await principals.FindManagedIdentityAsync(scope, request.Aborted) is { } identity =>
                new Tagged(identity.Tags, tags => principals.UpdateManagedIdentityAsync(scope, identity.Location, tags, request.Caller, request.Aborted)),
            { Length: <= 3 } => throw ManagementException.Bad("FeatureNotSupported", "The subscription has no tags here; resource groups, registries and managed identities have."),
            _ => throw ManagementException.NotFound(ScopeText.Write(scope)),
        };
    }

    private static string ReadTags(ResourceBody body) =>
        body.Object("properties").Only("tags").Tags() ?? throw ManagementException.BadContent("The body needs 'properties.tags', an object of texts.");

    private static string Without(string standing, string named)
    {
        var gone = Read(named).Select(tag => tag.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return Write(Read(standing).Where(tag => !gone.Contains(tag.Key)));
    }

    private static List<KeyValuePair<string, string>> Read(string tags)
    {
        using var document = JsonDocument.Parse(tags);
        return [.. document.RootElement.EnumerateObject().Select(tag => KeyValuePair.Create(tag.Name, tag.Value.GetString()!))];
    }

    // Of a name that is there twice, whatever its case, the last value counts.
    private static string Write(IEnumerable<KeyValuePair<string, string>> tags)
    {
        var merged = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in tags) merged[name] = value;
        if (merged.Count > MostTags) throw ManagementException.BadContent($"There may be {MostTags} tags at most.");
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            foreach (var (name, value) in merged) json.WriteString(name, value);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

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

    /// <summary>What has tags.</summary>
    /// <param name="Tags">Its tags, a JSON object.</param>
    /// <param name="SetAsync">Gives it others.</param>
    private sealed record Tagged(string Tags, Func<string, Task> SetAsync);
}
