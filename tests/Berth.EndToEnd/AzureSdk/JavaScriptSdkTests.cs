using Berth.EndToEnd.Access;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.AzureSdk;

/// <summary>The Azure SDKs for JavaScript, as npm serves them, signed in by @azure/identity.</summary>
public sealed class JavaScriptSdkTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    private const string Contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";

    private ControlClient Control => Fixture.Control;

    [Fact]
    public Task A_registry_its_scope_maps_and_its_tokens_are_managed() => RunAsync("control-plane.mjs");

    [Fact]
    public Task An_image_is_uploaded_looked_at_locked_downloaded_and_deleted() => RunAsync("data-plane.mjs");

    private async Task RunAsync(string program)
    {
        var folder = await NodePackages.RequireAsync();
        var (application, clientId, principal) = await Control.MakeServicePrincipalAsync(Content.Name());
        await Control.AssignAsync($"/subscriptions/{Control.Subscription}", Contributor, principal);
        var environment = new Dictionary<string, string>(Fixture.ClientEnvironment)
        {
            ["NODE_EXTRA_CA_CERTS"] = Fixture.Authority,
            ["BERTH_TENANT"] = Control.Tenant,
            ["BERTH_CLIENT"] = clientId,
            ["BERTH_SECRET"] = await Control.AddSecretAsync(application),
            ["BERTH_LOGIN"] = Control.Login,
            ["BERTH_ARM"] = Control.Arm,
            ["BERTH_SUBSCRIPTION"] = Control.Subscription,
            ["BERTH_REGISTRY"] = Fixture.RegistryName,
            ["BERTH_REPOSITORY"] = Repo,
        };
        var (path, line) = Fixture.Names.Command("node", program);

        var result = (await Tool.RunAsync(path, line, folder, environment)).Succeeded();

        Assert.Equal("done", result.Output.Trim());
    }
}
