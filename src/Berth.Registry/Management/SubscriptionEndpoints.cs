using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>The tenant, the subscription, its location, and what resources there are in it.</summary>
internal sealed class SubscriptionEndpoints(Authorizer authorizer, IRegistries registries)
{
    private const string Subscription = "/subscriptions/{subscription}";
    private const string RegistryType = "Microsoft.ContainerRegistry/registries";

    // Those that Azure documents for registries; none is treated differently here.
    private static readonly string[] ApiVersions =
        ["2025-11-01", "2025-04-01", "2023-07-01", "2022-12-01", "2022-02-01-preview", "2021-09-01", "2021-08-01-preview", "2020-11-01-preview", "2019-05-01", "2017-10-01"];

    private static readonly string[] ResourceTypes = ["registries", "registries/scopeMaps", "registries/tokens", "checkNameAvailability"];

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<SubscriptionEndpoints>("tenants.list", "GET", "/tenants", ManagementRoute.AnyRole, (e, r) => TenantsAsync(r)),
        ManagementRoute.Of<SubscriptionEndpoints>("subscriptions.list", "GET", "/subscriptions", ManagementRoute.AnyRole, (e, r) => e.ListAsync(r)),
        ManagementRoute.Of<SubscriptionEndpoints>("subscriptions.get", "GET", Subscription, ManagementRoute.AnyRole, (e, r) => e.GetAsync(r)),
        ManagementRoute.Of<SubscriptionEndpoints>("locations.list", "GET", Subscription + "/locations", ManagementRoute.AnyRole, (e, r) => e.LocationsAsync(r)),
        ManagementRoute.Of<SubscriptionEndpoints>(
            "resources.list", "GET", Subscription + "/resources", RegistryType + "/read", (e, r) => e.ResourcesAsync(r), lists: true),
        ManagementRoute.Of<SubscriptionEndpoints>(
            "provider.get", "GET", Subscription + "/providers/Microsoft.ContainerRegistry", ManagementRoute.AnyRole, (e, r) => e.ProviderAsync(r)),
    ];

    private static Task TenantsAsync(ManagementRequest request) => request.WriteListAsync([request.Installation.TenantId], (json, tenant) =>
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"/tenants/{tenant}");
        json.WriteString("tenantId"u8, tenant);
        json.WriteString("displayName"u8, "Berth");
        json.WriteString("tenantCategory"u8, "Home");
        json.WriteEndObject();
    });

    private async Task ListAsync(ManagementRequest request)
    {
        var isVisible = await authorizer.HasAnyRoleAsync(request.Principal, request.Aborted);
        await request.WriteListAsync<InstallationRecord>(isVisible ? [request.Installation] : [], Write);
    }

    private async Task GetAsync(ManagementRequest request)
    {
        await RequireVisibleAsync(request);
        await request.WriteAsync(200, json => Write(json, request.Installation));
    }

    private async Task LocationsAsync(ManagementRequest request)
    {
        await RequireVisibleAsync(request);
        await request.WriteListAsync([request.Installation.Region], (json, region) =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"{ScopeText.Subscription(request.Installation.SubscriptionId)}/locations/{region}");
            json.WriteString("name"u8, region);
            json.WriteString("displayName"u8, region);
            json.WriteString("regionalDisplayName"u8, region);
            json.WriteStartObject("metadata"u8);
            json.WriteString("regionType"u8, "Physical");
            json.WriteString("regionCategory"u8, "Recommended");
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task ResourcesAsync(ManagementRequest request)
    {
        var filter = request.Query("$filter");
        var type = filter is null ? RegistryType : ListFilter.Parse(filter).ValueOf("resourceType");
        if (filter is not null && type is null)
            throw ManagementException.Bad("InvalidFilterInQueryString", $"The $filter cannot be read; write: resourceType eq '{RegistryType}'.");
        if (!RegistryType.Equals(type, StringComparison.OrdinalIgnoreCase))
        {
            await request.WriteListAsync<RegistryRecord>([], (_, _) => { });
            return;
        }

        var page = await registries.ListRegistriesAsync(request.Scope, request.After, ManagementRequest.PageSize, request.Aborted);
        var rights = await authorizer.FindControlRightsAsync(request.Principal, [.. page.Items.Select(r => r.Scope)], request.Aborted);
        await request.WriteListAsync(page.Items.Where(r => rights.May(r.Scope, request.Route.Action)), WriteResource, page.More ? page.Last : null);
    }

    private async Task ProviderAsync(ManagementRequest request)
    {
        await RequireVisibleAsync(request);
        await request.WriteAsync(200, json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"{ScopeText.Subscription(request.Installation.SubscriptionId)}/providers/Microsoft.ContainerRegistry");
            json.WriteString("namespace"u8, "Microsoft.ContainerRegistry");
            json.WriteString("registrationState"u8, "Registered");
            json.WriteString("registrationPolicy"u8, "RegistrationRequired");
            json.WriteStartArray("resourceTypes"u8);
            foreach (var type in ResourceTypes)
            {
                json.WriteStartObject();
                json.WriteString("resourceType"u8, type);
                json.WriteStartArray("locations"u8);
                json.WriteStringValue(request.Installation.Region);
                json.WriteEndArray();
                json.WriteStartArray("apiVersions"u8);
                foreach (var version in ApiVersions) json.WriteStringValue(version);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    // Somebody without a role learns nothing, not even that this is the subscription.
    private async Task RequireVisibleAsync(ManagementRequest request)
    {
        if (!await authorizer.HasAnyRoleAsync(request.Principal, request.Aborted)) throw ManagementException.SubscriptionNotFound(request["subscription"]);
    }

    private static void Write(Utf8JsonWriter json, InstallationRecord installation)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Subscription(installation.SubscriptionId));
        json.WriteString("subscriptionId"u8, installation.SubscriptionId);
        json.WriteString("tenantId"u8, installation.TenantId);
        json.WriteString("displayName"u8, "Berth");
        json.WriteString("state"u8, "Enabled");
        json.WriteStartObject("subscriptionPolicies"u8);
        json.WriteString("locationPlacementId"u8, "Berth");
        json.WriteString("quotaId"u8, "Berth");
        json.WriteString("spendingLimit"u8, "Off");
        json.WriteEndObject();
        json.WriteString("authorizationSource"u8, "RoleBased");
        json.WriteStartArray("managedByTenants"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResource(Utf8JsonWriter json, RegistryRecord registry)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, ScopeText.Registry(registry));
        json.WriteString("name"u8, registry.Name);
        json.WriteString("type"u8, RegistryType);
        json.WriteString("location"u8, registry.Location);
        json.WriteStartObject("sku"u8);
        json.WriteString("name"u8, registry.Sku);
        json.WriteString("tier"u8, registry.Sku);
        json.WriteEndObject();
        json.WritePropertyName("tags"u8);
        json.WriteRawValue(registry.Tags);
        json.WriteEndObject();
    }
}
