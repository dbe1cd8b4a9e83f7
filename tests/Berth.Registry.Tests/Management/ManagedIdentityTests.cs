using System.Net;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Managed identities and the issuers that vouch for them, as resources.</summary>
public sealed class ManagedIdentityTests
{
    private const string Pipeline = ControlClient.Identities + "/pipeline";
    private const string Credential = Pipeline + "/federatedIdentityCredentials/ci";

    [Fact]
    public async Task An_identity_is_made_listed_given_a_role_and_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Pipeline, """{"location":"local","tags":{"a":"b"}}""");
        var properties = made.GetProperty("properties");
        Assert.Equal((Pipeline, "tenant"), (made.GetProperty("id").GetString(), properties.GetProperty("tenantId").GetString()));
        Assert.True(Guid.TryParse(properties.GetProperty("clientId").GetString(), out _));

        var again = await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Pipeline, made.GetRawText());
        Assert.Equal(properties.GetProperty("clientId").GetString(), again.GetProperty("properties").GetProperty("clientId").GetString());
        await owner.AssignAsync(ControlClient.Local, ControlClient.AcrPull, properties.GetProperty("principalId").GetString()!, "ServicePrincipal");
        foreach (var list in new[] { ControlClient.Identities, ControlClient.Subscription + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities" })
            Assert.Single((await owner.ExpectAsync(HttpStatusCode.OK, "GET", list)).GetProperty("value").EnumerateArray());

        await owner.ExpectErrorAsync(409, "ResourceGroupNotEmpty", "DELETE", ControlClient.Group);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Pipeline);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Pipeline);
        Assert.Empty((await owner.ExpectAsync(
            HttpStatusCode.OK, "GET", ControlClient.Local + "/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()")).GetProperty("value").EnumerateArray());
    }

    [Fact]
    public async Task A_federated_credential_is_made_changed_and_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "PUT", Credential, Body("https://issuer.example", "s"));
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Pipeline, "{}");
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Credential, Body("https://issuer.example", "repo:a"));
        Assert.Equal("repo:a", made.GetProperty("properties").GetProperty("subject").GetString());
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", Credential, Body("https://issuer.example", "repo:b"));
        await owner.ExpectErrorAsync(409, "FederatedIdentityCredentialExists", "PUT", Pipeline + "/federatedIdentityCredentials/other", Body("https://issuer.example", "repo:b"));
        Assert.Single((await owner.ExpectAsync(HttpStatusCode.OK, "GET", Pipeline + "/federatedIdentityCredentials")).GetProperty("value").EnumerateArray());
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", Credential);
        await owner.ExpectErrorAsync(404, "ResourceNotFound", "GET", Credential);
    }

    [Theory]
    [InlineData("http://issuer.example")]
    [InlineData("issuer.example")]
    [InlineData("https://user@issuer.example")]
    [InlineData("https://issuer.example/?a=b")]
    [InlineData("https://issuer.example/#a")]
    [InlineData("file:///etc/passwd")]
    public async Task An_issuer_is_an_https_address(string issuer)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Pipeline, "{}");
        await owner.ExpectErrorAsync(400, "InvalidIssuer", "PUT", Credential, Body(issuer, "s"));
    }

    private static string Body(string issuer, string subject) =>
        $$"""{"properties":{"issuer":"{{issuer}}","subject":"{{subject}}","audiences":["api://AzureADTokenExchange"]} }""";
}
