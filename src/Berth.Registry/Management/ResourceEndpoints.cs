using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Registries and managed identities in one list, those that the caller may read. One by itself is read by its id, as its own kind.</summary>
internal sealed class ResourceEndpoints(Authorizer authorizer, IInstallation installation, IRegistries registries, IPrincipals principals)
{
    private const string RegistryType = "Microsoft.ContainerRegistry/registries";
    private const string IdentityType = "Microsoft.ManagedIdentity/userAssignedIdentities";

    // A page has one kind: its key begins with the kind that goes on.
    private const string Identities = "identities|";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<ResourceEndpoints>(
            "resources.list", "GET", "/subscriptions/{subscription}/resources", RegistryType + "/read", (e, r) => e.ListAsync(r), lists: true),
        ManagementRoute.Of<ResourceEndpoints>(
            "resources.list-of-group", "GET", "/subscriptions/{subscription}/resourceGroups/{group}/resources", RegistryType + "/read", (e, r) => e.ListOfGroupAsync(r), lists: true),
    ];

    private async Task ListOfGroupAsync(ManagementRequest request)
    {
        await ResourceGroupEndpoints.RequireAsync(request, registries, authorizer);
        await ListAsync(request);
    }

    private async Task ListAsync(ManagementRequest request)
    {
        var filter = ListFilter.Parse(request.Query("$filter")).Only("resourceType", "name", "resourceGroup", "location", "tagName", "tagValue");
        var type = filter.ValueOf("resourceType");
        var after = request.After;
        var key = after?.StartsWith(Identities, StringComparison.Ordinal) == true ? after[Identities.Length..] : null;
        var (withRegistries, withIdentities) = (key is null && Fits(type, RegistryType), Fits(type, IdentityType));

        if (withRegistries && filter.ValueOf("name") is { } name)
        {
            // Registries' names are the installation's own, so that one is found without a walk over all.
            var found = await installation.FindRegistryAsync(name.ToLowerInvariant(), request.Aborted);
            await WriteAsync(request, filter, found is not null && request.Scope.Contains(found.Scope) ? [Describe(found)] : [], withIdentities ? Identities : null);
        }
        else if (withRegistries)
        {
            var page = await registries.ListRegistriesAsync(request.Scope, after, ManagementRequest.PageSize, request.Aborted);
            await WriteAsync(request, filter, page.Items.Select(Describe), page.More ? page.Last : withIdentities ? Identities : null);
        }
        else if (withIdentities)
        {
            var page = await principals.ListManagedIdentitiesAsync(request.Scope, key is { Length: > 0 } ? key : null, ManagementRequest.PageSize, request.Aborted);
            await WriteAsync(request, filter, page.Items.Select(Describe), page.More ? Identities + page.Last : null);
        }
        else
        {
            await WriteAsync(request, filter, [], null);
        }
    }

    private async Task WriteAsync(ManagementRequest request, ListFilter filter, IEnumerable<Resource> found, string? next)
    {
        var asked = found.Where(resource => IsAsked(resource, filter)).ToList();
        var rights = await authorizer.FindControlRightsAsync(request.Principal, [.. asked.Select(resource => resource.Scope)], request.Aborted);
        await request.WriteListAsync(asked.Where(resource => rights.May(resource.Scope, resource.Type + "/read")), Write, next);
    }

    private static bool IsAsked(Resource resource, ListFilter filter) =>
        Fits(filter.ValueOf("name"), resource.Name) && Fits(filter.ValueOf("resourceGroup"), resource.Group) && Fits(filter.ValueOf("location"), resource.Location)
        && filter.FitsTags(resource.Tags);

    private static bool Fits(string? wanted, string value) => wanted is null || wanted.Equals(value, StringComparison.OrdinalIgnoreCase);

    private static Resource Describe(RegistryRecord registry) =>
        new(ScopeText.Registry(registry), registry.Name, RegistryType, registry.ResourceGroup, registry.Location, registry.Tags, registry.Scope) { Sku = registry.Sku };

    private static Resource Describe(ManagedIdentityRecord identity) =>
        new(ScopeText.Identity(identity), identity.Name, IdentityType, identity.ResourceGroup, identity.Location, identity.Tags, identity.Scope);

    private static void Write(Utf8JsonWriter json, Resource resource)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, resource.Id);
        json.WriteString("name"u8, resource.Name);
        json.WriteString("type"u8, resource.Type);
        json.WriteString("location"u8, resource.Location);
        if (resource.Sku is { } sku)
        {
            json.WriteStartObject("sku"u8);
            json.WriteString("name"u8, sku);
            json.WriteString("tier"u8, sku);
            json.WriteEndObject();
        }

        json.WritePropertyName("tags"u8);
        json.WriteRawValue(resource.Tags);
        json.WriteEndObject();
    }

    /// <summary>What the list says of a resource of any kind.</summary>
    private sealed record Resource(string Id, string Name, string Type, string Group, string Location, string Tags, ResourceScope Scope)
    {
        /// <summary>The service tier's name, or null for what has none.</summary>
        public string? Sku { get; init; }
    }
}
