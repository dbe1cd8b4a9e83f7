using System.Text.Json;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>The providers of resources, which clients look up to learn which kinds and versions there are. All are registered for good.</summary>
internal sealed class ProviderEndpoints
{
    private const string Providers = "/subscriptions/{subscription}/providers";
    private const string Registry = "Microsoft.ContainerRegistry";

    // The versions are those that Azure documents; none is treated differently here.
    private static readonly Provider[] All =
    [
        new(
            Registry,
            ["2025-11-01", "2025-04-01", "2023-07-01", "2022-12-01", "2022-02-01-preview", "2021-09-01", "2021-08-01-preview", "2020-11-01-preview", "2019-05-01", "2017-10-01"],
            ["registries", "registries/scopeMaps", "registries/tokens", "registries/privateLinkResources", "registries/privateEndpointConnections", "checkNameAvailability", "operations"]),
        new("Microsoft.ManagedIdentity", ["2023-01-31", "2018-11-30"], ["userAssignedIdentities", "userAssignedIdentities/federatedIdentityCredentials"]),
        new("Microsoft.Authorization", ["2022-04-01", "2020-05-01", "2016-09-01"], ["roleAssignments", "roleDefinitions", "locks"]),
        new("Microsoft.Resources", ["2021-04-01", "2019-11-01"], ["tenants", "subscriptions", "subscriptions/locations", "subscriptions/resourceGroups", "resources", "providers", "tags"]),
        new("Microsoft.Insights", ["2015-04-01"], ["eventtypes"]),
    ];

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<ProviderEndpoints>("providers.list", "GET", Providers, ManagementRoute.AnyRole, (_, r) => r.WriteListAsync(All, (json, provider) => Write(json, provider, r))),
        ManagementRoute.Of<ProviderEndpoints>("providers.get", "GET", Providers + "/{provider}", ManagementRoute.AnyRole, (_, r) => GetAsync(r)),
        ManagementRoute.Of<ProviderEndpoints>("providers.register", "POST", Providers + "/{provider}/register", ManagementRoute.AnyRole, (_, r) => GetAsync(r)),
        ManagementRoute.Of<ProviderEndpoints>("operations.list", "GET", $"/providers/{Registry}/operations", ManagementRoute.AnyRole, (_, r) => ListOperationsAsync(r)),
    ];

    private static Task GetAsync(ManagementRequest request)
    {
        var provider = All.FirstOrDefault(known => known.Namespace.Equals(request["provider"], StringComparison.OrdinalIgnoreCase))
            ?? throw new ManagementException(
                404, "InvalidResourceNamespace", $"The resource namespace '{ManagementException.Shorten(request["provider"])}' is invalid; there are {string.Join(", ", All.Select(known => known.Namespace))}.");
        return request.WriteAsync(200, json => Write(json, provider, request));
    }

    // What roles may give: each call's action, and what the roles that come with the product name one by one.
    private static Task ListOperationsAsync(ManagementRequest request)
    {
        var blocks = RoleCatalog.BuiltIn.SelectMany(role => role.Blocks).ToList();
        var control = ManagementRoute.All.Select(route => route.Action).Concat(blocks.SelectMany(block => block.Actions));
        var operations = control.Select(name => (Name: name, IsData: false)).Concat(blocks.SelectMany(block => block.DataActions).Select(name => (Name: name, IsData: true)))
            .Where(operation => operation.Name.StartsWith(Registry + "/", StringComparison.Ordinal) && !operation.Name.Contains('*', StringComparison.Ordinal))
            .DistinctBy(operation => (operation.Name.ToUpperInvariant(), operation.IsData)).OrderBy(operation => operation.Name, StringComparer.OrdinalIgnoreCase);
        return request.WriteListAsync(operations, (json, operation) =>
        {
            var parts = operation.Name.Split('/');
            json.WriteStartObject();
            json.WriteString("name"u8, operation.Name);
            json.WriteBoolean("isDataAction"u8, operation.IsData);
            json.WriteString("origin"u8, "user,system"u8);
            json.WriteStartObject("display"u8);
            json.WriteString("provider"u8, Registry);
            json.WriteString("resource"u8, string.Join('/', parts[1..^1]));
            json.WriteString("operation"u8, parts[^1]);
            json.WriteString("description"u8, operation.Name);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, Provider provider, ManagementRequest request)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"{ScopeText.Subscription(request.Installation.SubscriptionId)}/providers/{provider.Namespace}");
        json.WriteString("namespace"u8, provider.Namespace);
        json.WriteString("registrationState"u8, "Registered"u8);
        json.WriteString("registrationPolicy"u8, "RegistrationFree"u8);
        json.WriteStartArray("resourceTypes"u8);
        foreach (var type in provider.Types)
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, type);
            json.WriteStartArray("locations"u8);
            json.WriteStringValue(request.Installation.Region);
            json.WriteEndArray();
            json.WriteStartArray("apiVersions"u8);
            foreach (var version in provider.ApiVersions) json.WriteStringValue(version);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A provider.</summary>
    /// <param name="Namespace">Its name.</param>
    /// <param name="ApiVersions">Versions that clients choose from, the newest first.</param>
    /// <param name="Types">The kinds of its resources.</param>
    private sealed record Provider(string Namespace, string[] ApiVersions, string[] Types);
}
