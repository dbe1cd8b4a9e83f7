using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Resource groups.</summary>
internal sealed partial class ResourceGroupEndpoints(Authorizer authorizer, IRegistries registries, IResourceTags resources)
{
    private const string Groups = "/subscriptions/{subscription}/resourceGroups";
    private const string Action = "Microsoft.Resources/subscriptions/resourceGroups/";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<ResourceGroupEndpoints>("groups.list", "GET", Groups, Action + "read", (e, r) => e.ListAsync(r), lists: true),
        ManagementRoute.Of<ResourceGroupEndpoints>("groups.get", "GET", Groups + "/{group}", Action + "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<ResourceGroupEndpoints>("groups.exists", "HEAD", Groups + "/{group}", Action + "read", (e, r) => e.ExistsAsync(r)),
        ManagementRoute.Of<ResourceGroupEndpoints>("groups.put", "PUT", Groups + "/{group}", Action + "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.Of<ResourceGroupEndpoints>("groups.patch", "PATCH", Groups + "/{group}", Action + "write", (e, r) => e.PatchAsync(r)),
        ManagementRoute.Of<ResourceGroupEndpoints>("groups.delete", "DELETE", Groups + "/{group}", Action + "delete", (e, r) => e.DeleteAsync(r)),
    ];

    /// <summary>Makes sure that there is the resource group whose resources are listed. Who may not see whether there is one is told nothing: its lists are empty.</summary>
    /// <exception cref="ManagementException">404: there is none.</exception>
    public static async Task RequireAsync(ManagementRequest request, IRegistries registries, Authorizer authorizer)
    {
        if (await registries.FindResourceGroupAsync(request.Installation.SubscriptionId, request["group"], request.Aborted) is not null) return;
        var rights = await authorizer.FindControlRightsAsync(request.Principal, [request.Scope], request.Aborted);
        if (rights.May(request.Scope, Action + "read")) throw ManagementException.GroupNotFound(request["group"]);
    }

    private async Task ListAsync(ManagementRequest request)
    {
        var filter = ListFilter.Parse(request.Query("$filter")).Only("tagName", "tagValue");
        var page = await registries.ListResourceGroupsAsync(request.Installation.SubscriptionId, request.After, ManagementRequest.PageSize, request.Aborted);
        var rights = await authorizer.FindControlRightsAsync(request.Principal, [.. page.Items.Select(ScopeOf)], request.Aborted);
        var asked = page.Items.Where(group => filter.FitsTags(group.Tags) && rights.May(ScopeOf(group), request.Route.Action));
        await request.WriteListAsync(asked, Write, page.More ? page.Last : null);
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var group = await FindAsync(request);
        await request.WriteAsync(200, json => Write(json, group));
    }

    // As Azure says it: 204 when it is there.
    private async Task ExistsAsync(ManagementRequest request)
    {
        await FindAsync(request);
        await request.WriteEmptyAsync(204);
    }

    private async Task PutAsync(ManagementRequest request)
    {
        if (!GroupName().IsMatch(request["group"]))
            throw ManagementException.Bad("InvalidResourceGroup", "A resource group's name has at most 90 letters, digits, or . _ - ( ), and no period at its end.");
        var body = Read((await request.ReadBodyAsync()).Only("id", "name", "type", "location", "tags", "properties", "managedBy"));
        var standing = await registries.FindResourceGroupAsync(request.Installation.SubscriptionId, request["group"], request.Aborted);
        var location = body.Text("location") ?? standing?.Location ?? throw new ManagementException(400, "LocationRequired", "The body needs 'location', a text.");
        RegistryBody.CheckLocation(location);
        if (standing is not null && !Place.AreSame(location, standing.Location))
            throw Place.CannotMove("InvalidResourceGroupLocation", "The resource group", standing.Location, location);
        var wanted = new ResourceGroupRecord(
            request.Installation.SubscriptionId, standing?.Name ?? request["group"], standing?.Location ?? location, body.Tags() ?? standing?.Tags ?? "{}");
        var put = await registries.PutResourceGroupAsync(wanted, request.Caller, request.Aborted);
        await request.WriteAsync(put.Outcome == CreateOutcome.Created ? 201 : 200, json => Write(json, put.Record!));
    }

    private async Task PatchAsync(ManagementRequest request)
    {
        var body = Read((await request.ReadBodyAsync()).Only("name", "tags", "properties", "managedBy"));
        var tags = body.Tags();
        var group = await FindAsync(request);
        if (tags is not null)
        {
            var changed = await resources.ChangeResourceTagsAsync(ScopeOf(group), new ResourceTagChange(ResourceTagOperation.Replace, tags), request.Caller, request.Aborted);
            group = group with { Tags = changed.Record ?? throw ManagementException.GroupNotFound(request["group"]) };
        }

        await request.WriteAsync(200, json => Write(json, group));
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        switch (await registries.DeleteResourceGroupAsync(request.Installation.SubscriptionId, request["group"], request.Caller, request.Aborted))
        {
            case DeleteOutcome.Held:
                throw new ManagementException(
                    409, "ResourceGroupNotEmpty", $"Resource group '{request["group"]}' holds registries or identities; delete them first, one by one.");
            case DeleteOutcome.Unknown:
                throw ManagementException.GroupNotFound(request["group"]);
            default:
                await request.WriteEmptyAsync(200);
                break;
        }
    }

    private async Task<ResourceGroupRecord> FindAsync(ManagementRequest request) =>
        await registries.FindResourceGroupAsync(request.Installation.SubscriptionId, request["group"], request.Aborted) ?? throw ManagementException.GroupNotFound(request["group"]);

    private static ResourceBody Read(ResourceBody body)
    {
        body.Object("properties").Only("provisioningState");
        return body.Text("managedBy") is null or "" ? body : throw ManagementException.Bad("FeatureNotSupported", "'managedBy' may name nothing: no resource manages others here. Leave it out.");
    }

    private static ResourceScope ScopeOf(ResourceGroupRecord group) => ResourceScope.OfResourceGroup(group.SubscriptionId, group.Name);

    private static void Write(Utf8JsonWriter json, ResourceGroupRecord group)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Group(group.SubscriptionId, group.Name));
        json.WriteString("name"u8, group.Name);
        json.WriteString("type"u8, "Microsoft.Resources/resourceGroups");
        json.WriteString("location"u8, group.Location);
        json.WritePropertyName("tags"u8);
        json.WriteRawValue(group.Tags);
        json.WriteStartObject("properties"u8);
        json.WriteString("provisioningState"u8, "Succeeded");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"^[A-Za-z0-9._()-]{0,89}[A-Za-z0-9_()-]\z", RegexOptions.CultureInvariant)]
    private static partial Regex GroupName();
}
