using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Whose tokens a managed identity is known by, so that a workload needs no stored secret.</summary>
internal sealed partial class FederationEndpoints(IPrincipals principals, ICredentials credentials)
{
    private const string Below = "/federatedIdentityCredentials";
    private const string Actions = "federatedIdentityCredentials/";
    private const int MaxTextLength = 600;
    private const int MaxAudiences = 10;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfIdentity<FederationEndpoints>("federation.list", "GET", Below, Actions + "read", (e, r) => e.ListAsync(r)),
        ManagementRoute.OfIdentity<FederationEndpoints>("federation.get", "GET", Below + "/{credential}", Actions + "read", (e, r) => e.GetAsync(r)),
        ManagementRoute.OfIdentity<FederationEndpoints>("federation.put", "PUT", Below + "/{credential}", Actions + "write", (e, r) => e.PutAsync(r)),
        ManagementRoute.OfIdentity<FederationEndpoints>("federation.delete", "DELETE", Below + "/{credential}", Actions + "delete", (e, r) => e.DeleteAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        var identity = await FindIdentityAsync(request);
        var known = await credentials.ListFederatedCredentialsAsync(identity.Principal.Id, request.Aborted);
        await request.WriteListAsync(known, (json, credential) => Write(json, identity, credential));
    }

    private async Task GetAsync(ManagementRequest request)
    {
        var identity = await FindIdentityAsync(request);
        var known = await credentials.ListFederatedCredentialsAsync(identity.Principal.Id, request.Aborted);
        var credential = known.FirstOrDefault(c => c.Name.Equals(request["credential"], StringComparison.OrdinalIgnoreCase))
            ?? throw ManagementException.NotFound(IdOf(identity, ManagementException.Shorten(request["credential"])));
        await request.WriteAsync(200, json => Write(json, identity, credential));
    }

    private async Task PutAsync(ManagementRequest request)
    {
        if (!CredentialName().IsMatch(request["credential"]))
            throw ManagementException.Bad("InvalidFederatedIdentityCredentialName", "A federated credential's name has 2 to 120 letters, digits, - and _.");
        var properties = (await request.ReadBodyAsync()).Only("id", "name", "type", "systemData", "properties").Object("properties").Only("issuer", "subject", "audiences");
        var wanted = new FederatedCredentialRecord(
            request["credential"], ReadIssuer(properties), RequireShort(properties.RequiredText("subject"), "subject"), ReadAudiences(properties), null);
        var identity = await FindIdentityAsync(request);
        var outcome = await credentials.PutFederatedCredentialAsync(identity.Principal.Id, wanted, request.Caller, request.Aborted);
        switch (outcome)
        {
            case CreateOutcome.Exists:
                throw new ManagementException(409, "FederatedIdentityCredentialExists", "Another credential of the identity has this issuer, this subject and one of these audiences; change that one.");
            case CreateOutcome.TooMany:
                throw ManagementException.Bad(
                    "TooManyFederatedIdentityCredentials", $"A managed identity has at most {ICredentials.MostFederatedCredentials} federated credentials; delete one, or make another identity.");
            case CreateOutcome.Unknown:
                throw ManagementException.NotFound(ScopeText.Identity(identity));
            default:
                await request.WriteAsync(outcome == CreateOutcome.Created ? 201 : 200, json => Write(json, identity, wanted));
                break;
        }
    }

    private async Task DeleteAsync(ManagementRequest request)
    {
        var identity = await FindIdentityAsync(request);
        var isGone = await credentials.RemoveFederatedCredentialAsync(identity.Principal.Id, request["credential"], request.Caller, request.Aborted);
        await request.WriteEmptyAsync(isGone ? 200 : 204);
    }

    private async Task<ManagedIdentityRecord> FindIdentityAsync(ManagementRequest request) =>
        await principals.FindManagedIdentityAsync(request.Scope, request.Aborted) ?? throw ManagementException.NotFound(ScopeText.Write(request.Scope));

    private static string ReadIssuer(ResourceBody properties)
    {
        var issuer = RequireShort(properties.RequiredText("issuer"), "issuer");
        var isGood = Uri.TryCreate(issuer, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0
            && uri.Query.Length == 0 && uri.Fragment.Length == 0 && issuer.All(c => c is > ' ' and <= '~');
        return isGood ? issuer : throw ManagementException.Bad(
            "InvalidIssuer", "'properties.issuer' is an absolute https URL without a query, such as https://token.actions.githubusercontent.com.");
    }

    private static IReadOnlyList<string> ReadAudiences(ResourceBody properties)
    {
        var audiences = properties.Texts("audiences") ?? [];
        if (audiences.Count is 0 or > MaxAudiences || audiences.Any(string.IsNullOrWhiteSpace))
            throw ManagementException.Bad("InvalidAudiences", $"'properties.audiences' holds 1 to {MaxAudiences} texts, usually 'api://AzureADTokenExchange'.");
        foreach (var audience in audiences) RequireShort(audience, "audiences");
        return audiences;
    }

    private static string RequireShort(string text, string name) =>
        text.Length <= MaxTextLength ? text : throw ManagementException.BadContent($"'properties.{name}' is longer than {MaxTextLength} characters.");

    private static string IdOf(ManagedIdentityRecord identity, string name) => $"{ScopeText.Identity(identity)}{Below}/{name}";

    private static void Write(Utf8JsonWriter json, ManagedIdentityRecord identity, FederatedCredentialRecord credential)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, IdOf(identity, credential.Name));
        json.WriteString("name"u8, credential.Name);
        json.WriteString("type"u8, "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials");
        json.WriteStartObject("properties"u8);
        json.WriteString("issuer"u8, credential.Issuer);
        json.WriteString("subject"u8, credential.Subject);
        json.WriteStartArray("audiences"u8);
        foreach (var audience in credential.Audiences) json.WriteStringValue(audience);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_-]{1,119}\z", RegexOptions.CultureInvariant)]
    private static partial Regex CredentialName();
}
