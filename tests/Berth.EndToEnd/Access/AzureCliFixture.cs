namespace Berth.EndToEnd.Access;

/// <summary>A server, and an Azure CLI in which its owner is signed in.</summary>
public class AzureCliFixture : AccessFixture
{
    private AzureCli? _owner;

    /// <summary>The CLI of the owner, who signs in once; without the CLI the test is skipped, or fails on continuous integration.</summary>
    internal async Task<AzureCli> OwnerAsync()
    {
        if (_owner is not null) return _owner;
        var cli = await AzureCli.RegisterAsync(this, "az-owner");
        var signedIn = await cli.JsonAsync("login", "-u", Endpoint.User, "-p", Endpoint.Password, "--tenant", Control.Tenant);
        Assert.Equal(Control.Subscription, signedIn[0].GetProperty("id").GetString());
        return _owner = cli;
    }
}
