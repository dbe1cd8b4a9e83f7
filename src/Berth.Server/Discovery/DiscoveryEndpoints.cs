using Berth.Metadata;
using Berth.Registry;
using Berth.Server.Configuration;
using Berth.Server.Hosting;

namespace Berth.Server.Discovery;

/// <summary>What a client needs to know before it signs in: the installation's names and ids, and a cloud for the Azure CLI.</summary>
internal sealed class DiscoveryEndpoints(PublicNames names, InstallationRecord installation, ServerOptions options)
{
    /// <summary><c>GET /.well-known/berth</c>.</summary>
    public Task WellKnownAsync(HttpContext context) => Json.WriteAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteString("version"u8, BerthVersion.Text);
        json.WriteString("domain"u8, names.Domain);
        json.WriteString("tenantId"u8, installation.TenantId);
        json.WriteString("subscriptionId"u8, installation.SubscriptionId);
        json.WriteString("loginEndpoint"u8, names.LoginEndpoint);
        json.WriteString("armEndpoint"u8, names.ArmEndpoint);
        json.WriteString("graphEndpoint"u8, names.GraphEndpoint);
        json.WriteString("defaultRegistry"u8, options.Registry.DefaultRegistry);
        json.WriteString("loginServer"u8, names.LoginServer(options.Registry.DefaultRegistry));
        json.WriteEndObject();
    });

    /// <summary><c>GET /cloud.json</c>: the argument of <c>az cloud register --cloud-config</c>. The path <c>/adfs</c> makes MSAL ask no other authority first.</summary>
    public Task CloudAsync(HttpContext context) => Json.WriteAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("endpoints"u8);
        json.WriteString("activeDirectory"u8, names.LoginEndpoint + "/adfs");
        json.WriteString("activeDirectoryResourceId"u8, names.ArmEndpoint);
        json.WriteString("activeDirectoryGraphResourceId"u8, names.GraphEndpoint);
        json.WriteString("microsoftGraphResourceId"u8, names.GraphEndpoint);
        json.WriteString("management"u8, names.ArmEndpoint);
        json.WriteString("resourceManager"u8, names.ArmEndpoint);
        json.WriteEndObject();
        json.WriteStartObject("suffixes"u8);
        json.WriteString("acrLoginServerEndpoint"u8, "." + names.DomainWithPort);
        json.WriteString("storageEndpoint"u8, names.DomainWithPort);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
