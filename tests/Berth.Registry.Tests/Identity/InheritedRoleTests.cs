using System.Net;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity;

/// <summary>Roles that are given above a registry, as a client that pulls from it sees them.</summary>
public sealed class InheritedRoleTests
{
    private const string RepositoryReader = "b93aa761-3e63-49ed-ac28-beffa264f7ac";
    private static readonly byte[] Blob = "a layer"u8.ToArray();

    [Theory]
    [InlineData(ControlClient.Subscription, true)]
    [InlineData(ControlClient.Group, true)]
    [InlineData(ControlClient.Local, true)]
    [InlineData(ControlClient.Subscription + "/resourceGroups/other", false)]
    [InlineData(ControlClient.Group + "2", false)]
    [InlineData(ControlClient.Registries + "/local2", false)]
    public async Task A_role_is_given_in_the_registries_that_its_scope_holds_and_in_no_other(string scope, bool holds)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        foreach (var group in (string[])["other", "default2"])
            await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{ControlClient.Subscription}/resourcegroups/{group}", """{"location":"local"}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Registries + "/local2", """{"sku":{"name":"Basic"}}""");
        await host.Client.PushBlobAsync("team/app", Blob);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team/app", "1", RegistryClientExtensions.Image(Blob)));
        using var ann = await host.SignedInAsync("ann@example.test");
        var id = (await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None))!.ObjectId;

        foreach (var (mode, role) in new[] { (RoleAssignmentMode.LegacyRegistryPermissions, ControlClient.AcrPull), (RoleAssignmentMode.AbacRepositoryPermissions, RepositoryReader) })
        {
            await host.UseModeAsync(mode);
            Assert.Equal((mode, HttpStatusCode.Forbidden), (mode, await ann.GetManifestAsync("team/app", "1")));
            var assignment = await owner.AssignAsync(scope, role, id);
            Assert.Equal((mode, holds ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (mode, await ann.GetManifestAsync("team/app", "1")));
            Assert.Equal((mode, HttpStatusCode.Forbidden), (mode, await ann.DeleteManifestAsync("team/app", "1")));

            await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", assignment);
            Assert.Equal((mode, HttpStatusCode.Forbidden), (mode, await ann.GetManifestAsync("team/app", "1")));
        }
    }
}
