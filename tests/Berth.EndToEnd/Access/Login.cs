namespace Berth.EndToEnd.Access;

/// <summary>A user name and a password that a docker-style login takes.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="User">The user name.</param>
/// <param name="Password">The password.</param>
/// <param name="Everything">Whether it may do all that its registry can; the others may read what is below <c>team/</c>.</param>
internal sealed record Login(string Kind, string User, string Password, bool Everything = false)
{
    /// <summary>Reading what is below <c>team/</c>, as a condition of a role assignment.</summary>
    private const string Condition = "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'team/'";
    private const string Reader = "b93aa761-3e63-49ed-ac28-beffa264f7ac";

    /// <summary>One of each kind there is, with the least rights that let it read what is below <c>team/</c>.</summary>
    public static async Task<IReadOnlyList<Login>> MakeAllAsync(AccessFixture fixture)
    {
        var control = fixture.Control;
        var registry = control.Scope();
        await control.ArmAsync("PATCH", registry, new { properties = new { roleAssignmentMode = "AbacRepositoryPermissions", adminUserEnabled = true } });

        const string password = "Ann's first passw0rd";
        await control.AssignAsync(registry, Reader, await control.MakePersonAsync("ann@example.test", password), "User", Condition);
        var (application, clientId, principal) = await control.MakeServicePrincipalAsync("pipeline");
        await control.AssignAsync(registry, Reader, principal, condition: Condition);
        var (identity, workload) = await control.MakeIdentityAsync("cluster", fixture.Issuer);
        await control.AssignAsync(registry, Reader, workload, condition: Condition);

        await control.ArmAsync("PUT", $"{registry}/scopeMaps/readers", new { properties = new { actions = new[] { "repositories/team/*/content/read", "repositories/team/*/metadata/read" } } });
        await control.ArmAsync("PUT", $"{registry}/tokens/reader", new { properties = new { scopeMapId = $"{registry}/scopeMaps/readers", status = "enabled" } });
        var token = await control.ArmAsync("POST", $"{registry}/generateCredentials", new { tokenId = $"{registry}/tokens/reader", name = "password1" });
        var admin = await control.ArmAsync("POST", $"{registry}/listCredentials", new { });
        var exchanged = await control.ExchangeAsync(fixture.RegistryName, await control.PasswordTokenAsync(control.Arm, "ann@example.test", password));
        return
        [
            new("user", "ann@example.test", password),
            new("service principal", clientId, await control.AddSecretAsync(application)),
            new("repository token", "reader", Harness.ControlClient.Text(token.GetProperty("passwords")[0], "value")),
            new("admin user", Harness.ControlClient.Text(admin, "username"), Harness.ControlClient.Text(admin.GetProperty("passwords")[0], "value"), Everything: true),
            new("refresh token", Guid.Empty.ToString(), exchanged),
            new("federated token", identity, fixture.Issuer.Token()),
        ];
    }
}
