using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>The tenant, the subscription, and its location.</summary>
internal sealed class SubscriptionEndpoints(Authorizer authorizer)
{
    private const string Subscription = "/subscriptions/{subscription}";

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<SubscriptionEndpoints>("tenants.list", "GET", "/tenants", ManagementRoute.AnyRole, (e, r) => TenantsAsync(r)),
        ManagementRoute.Of<SubscriptionEndpoints>("subscriptions.list", "GET", "/subscriptions", ManagementRoute.AnyRole, (e, r) => e.ListAsync(r)),
        ManagementRoute.Of<SubscriptionEndpoints>("subscriptions.get", "GET", Subscription, ManagementRoute.AnyRole, (_, r) => r.WriteAsync(200, json => Write(json, r.Installation))),
        ManagementRoute.Of<SubscriptionEndpoints>("locations.list", "GET", Subscription + "/locations", ManagementRoute.AnyRole, (_, r) => LocationsAsync(r)),
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

    private static Task LocationsAsync(ManagementRequest request) => request.WriteListAsync([request.Installation.Region], (json, region) =>
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
}
