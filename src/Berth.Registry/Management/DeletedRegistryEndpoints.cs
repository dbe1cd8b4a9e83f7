using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>Deleted registries, for as long as they can be recovered. Azure has no such calls: these are ours, in its manner.</summary>
internal sealed class DeletedRegistryEndpoints(IDeletedRegistries registries, Authorizer authorizer, PublicNames names)
{
    /// <summary>The action of deleting for good what a deleted registry holds.</summary>
    public const string Purge = Type + "/purge/action";

    private const string Type = "Microsoft.ContainerRegistry/deletedRegistries";
    private const string OfSubscription = "/subscriptions/{subscription}/providers/" + Type;
    private const string OfGroup = "/subscriptions/{subscription}/resourceGroups/{group}/providers/" + Type;
    private const string One = OfGroup + "/{deleted}";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<DeletedRegistryEndpoints>("deleted-registries.list", "GET", OfSubscription, Type + "/read", (e, r) => e.ListAsync(r), lists: true),
        ManagementRoute.Of<DeletedRegistryEndpoints>("deleted-registries.list-of-group", "GET", OfGroup, Type + "/read", (e, r) => e.ListAsync(r), lists: true),
        ManagementRoute.Of<DeletedRegistryEndpoints>("deleted-registries.get", "GET", One, Type + "/read", (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<DeletedRegistryEndpoints>(
            "deleted-registries.recover", "POST", One + "/recover", "Microsoft.ContainerRegistry/registries/write", (e, r) => e.RecoverAsync(r)),
        ManagementRoute.Of<DeletedRegistryEndpoints>("deleted-registries.purge", "POST", One + "/purge", Purge, (e, r) => e.PurgeAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        try
        {
            var page = await registries.ListDeletedRegistriesAsync(request.After, ManagementRequest.PageSize, request.Aborted);
            var within = page.Items.Where(deleted => request.Scope.Contains(GroupOf(deleted))).ToList();
            var rights = await authorizer.FindControlRightsAsync(request.Principal, [.. within.Select(GroupOf)], request.Aborted);
            await request.WriteListAsync(within.Where(deleted => rights.May(GroupOf(deleted), request.Route.Action)), Write, page.More ? page.Last : null);
        }
        catch (FormatException)
        {
            throw ManagementException.Bad("InvalidSkipToken", "The $skiptoken is none that a nextLink held; ask for the list from its start.");
        }
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var deleted = await FindAsync(request);
        await request.WriteAsync(200, json => Write(json, deleted));
    }

    private async Task RecoverAsync(ManagementRequest request)
    {
        var asked = (await request.ReadBodyAsync()).Only("name").Text("name");
        var deleted = await FindAsync(request);
        var name = (asked ?? deleted.Name).ToLowerInvariant();
        if (RegistryNames.FindFault(name) is { } fault) throw ManagementException.Bad("InvalidResourceName", fault);
        var recovered = await registries.RecoverRegistryAsync(deleted.Id, name, request.Caller, request.Aborted);
        switch (recovered.Outcome)
        {
            case CreateOutcome.Exists:
                throw new ManagementException(
                    409, "AlreadyInUse", $"The registry name '{name}' is in use by another registry: recover this one under a name of its own, as {{\"name\": \"…\"}} in the body.");
            case CreateOutcome.Held:
                throw ManagementException.GroupNotFound(deleted.ResourceGroup);
            case CreateOutcome.Unknown:
                throw NotFound(request);
            default:
                await request.WriteAsync(200, json => Write(json, recovered.Record!));
                break;
        }
    }

    private async Task PurgeAsync(ManagementRequest request)
    {
        (await request.ReadBodyAsync()).Only();
        var deleted = await FindAsync(request);
        if (!await registries.BeginPurgeAsync(deleted.Id, request.Caller, request.Aborted)) throw NotFound(request);
        await request.WriteEmptyAsync(202);
    }

    // One of another group is not this group's.
    private async Task<DeletedRegistryRecord> FindAsync(ManagementRequest request) =>
        await registries.FindDeletedRegistryAsync(request["deleted"].ToLowerInvariant(), request.Aborted) is { } deleted && GroupOf(deleted) == request.Scope
            ? deleted
            : throw NotFound(request);

    private static ManagementException NotFound(ManagementRequest request) => new(
        404, "DeletedRegistryNotFound",
        $"There is no deleted registry '{ManagementException.Shorten(request["deleted"])}' that could be recovered in this resource group: it was recovered, or is being deleted for good. List them.");

    private static ResourceScope GroupOf(DeletedRegistryRecord deleted) => ResourceScope.OfResourceGroup(deleted.SubscriptionId, deleted.ResourceGroup);

    private static void Write(Utf8JsonWriter json, DeletedRegistryRecord deleted)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"{ScopeText.Group(deleted.SubscriptionId, deleted.ResourceGroup)}/providers/{Type}/{deleted.Key}");
        json.WriteString("name"u8, deleted.Key);
        json.WriteString("type"u8, Type);
        json.WriteString("location"u8, deleted.Location);
        json.WriteStartObject("properties"u8);
        json.WriteString("registryName"u8, deleted.Name);
        json.WriteString("deletionDate"u8, deleted.DeletedAt);
        json.WriteString("scheduledPurgeDate"u8, deleted.PurgeAfter);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, RegistryRecord registry)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Registry(registry));
        json.WriteString("name"u8, registry.Name);
        json.WriteString("type"u8, "Microsoft.ContainerRegistry/registries");
        json.WriteString("location"u8, registry.Location);
        json.WriteStartObject("properties"u8);
        json.WriteString("loginServer"u8, names.LoginServer(registry.Name));
        json.WriteString("provisioningState"u8, "Succeeded");
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
