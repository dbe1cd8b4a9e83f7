using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>Azure.Identity, the Azure SDKs' own sign-in, against the server's authority; what it gets opens the control plane and a registry.</summary>
public sealed class AzureIdentityTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    private const string AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

    private ControlClient Control => Fixture.Control;

    [Fact]
    public async Task A_client_secret_signs_in_and_its_token_opens_the_control_plane_and_pulls()
    {
        var (application, clientId, principal) = await Control.MakeServicePrincipalAsync(Content.Name());
        await Control.AssignAsync(Control.Scope(), AcrPull, principal);
        var secret = await Control.AddSecretAsync(application);

        await ExpectOpensAsync(new ClientSecretCredential(Control.Tenant, clientId, secret, Options(new ClientSecretCredentialOptions())));

        var wrong = new ClientSecretCredential(Control.Tenant, clientId, "wrong", Options(new ClientSecretCredentialOptions()));
        var refused = await Assert.ThrowsAsync<AuthenticationFailedException>(() => TokenAsync(wrong));
        Assert.Contains("AADSTS7000215", refused.InnerException?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_another_issuer_signs_in_as_an_assertion()
    {
        var (clientId, principal) = await Control.MakeIdentityAsync(Content.Name(), Fixture.Issuer);
        await Control.AssignAsync(Control.Scope(), AcrPull, principal);

        await ExpectOpensAsync(new ClientAssertionCredential(
            Control.Tenant, clientId, _ => Task.FromResult(Fixture.Issuer.Token()), Options(new ClientAssertionCredentialOptions())));

        var other = new ClientAssertionCredential(
            Control.Tenant, clientId, _ => Task.FromResult(Fixture.Issuer.Token("repo:team/app:pull_request")), Options(new ClientAssertionCredentialOptions()));
        await Assert.ThrowsAsync<AuthenticationFailedException>(() => TokenAsync(other));
    }

    [Fact]
    public async Task A_certificate_signs_in()
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=robot", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var (application, clientId, principal) = await Control.MakeServicePrincipalAsync(Content.Name());
        await Control.AssignAsync(Control.Scope(), AcrPull, principal);
        await Control.GraphAsync("PATCH", $"/applications/{application}", new
        {
            keyCredentials = new[] { new { type = "AsymmetricX509Cert", usage = "Verify", key = Convert.ToBase64String(certificate.RawData) } },
        });

        await ExpectOpensAsync(new ClientCertificateCredential(Control.Tenant, clientId, certificate, Options(new ClientCertificateCredentialOptions())));
    }

    [Fact]
    public async Task A_person_signs_in_with_a_code_that_the_browser_is_given()
    {
        var name = $"{Content.Name()}@example.test";
        await Control.AssignAsync(Control.Scope(), AcrPull, await Control.MakePersonAsync(name, "A person's passw0rd"), "User");
        var options = Options(new DeviceCodeCredentialOptions
        {
            TenantId = Control.Tenant,
            DeviceCodeCallback = (code, _) => Fixture.AllowDeviceAsync(code.VerificationUri.ToString(), code.UserCode, name, "A person's passw0rd"),
        });

        await ExpectOpensAsync(new DeviceCodeCredential(options));
    }

    /// <summary>The token lists the subscription, and is exchanged for one that pulls.</summary>
    private async Task ExpectOpensAsync(TokenCredential credential)
    {
        await Client.PushImageAsync(Repo, "1");
        var token = await TokenAsync(credential);
        var subscriptions = await Control.ArmAsync("GET", "/subscriptions", token: token);
        Assert.Equal(Control.Subscription, ControlClient.Text(subscriptions.GetProperty("value")[0], "subscriptionId"));

        var refresh = await Control.ExchangeAsync(Fixture.RegistryName, token);
        var access = await Control.FormAsync(
            "/oauth2/token", ("grant_type", "refresh_token"), ("service", Fixture.RegistryName), ("refresh_token", refresh), ("scope", $"repository:{Repo}:pull,push"));
        using var puller = new RegistryClient(Fixture.Endpoint, $"Bearer {ControlClient.Text(access, "access_token")}");
        (await puller.GetManifestAsync(Repo, "1")).Expect(200);
        (await puller.PostAsync($"/v2/{Repo}/blobs/uploads/")).Expect(401);
    }

    private async Task<string> TokenAsync(TokenCredential credential) =>
        (await credential.GetTokenAsync(new TokenRequestContext([$"{Control.Arm}/.default"]), CancellationToken.None)).Token;

    private TOptions Options<TOptions>(TOptions options)
        where TOptions : TokenCredentialOptions
    {
        options.AuthorityHost = new Uri(Control.Login);
        options.Transport = new HttpClientTransport(Fixture.NewHttpClient());
        options.Retry.MaxRetries = 0;
        switch (options)
        {
            case ClientSecretCredentialOptions secret: secret.DisableInstanceDiscovery = true; break;
            case ClientAssertionCredentialOptions assertion: assertion.DisableInstanceDiscovery = true; break;
            case ClientCertificateCredentialOptions certificate: certificate.DisableInstanceDiscovery = true; break;
            case DeviceCodeCredentialOptions device: device.DisableInstanceDiscovery = true; break;
            default: throw new ArgumentException($"{typeof(TOptions).Name} is not known here.", nameof(options));
        }

        return options;
    }
}
