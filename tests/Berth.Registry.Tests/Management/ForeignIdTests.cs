using System.Net;

namespace Berth.Registry.Tests.Management;

/// <summary>Ids of another subscription within bodies: whatever is there under the same name here is not what they mean.</summary>
public sealed class ForeignIdTests
{
    private const string ForeignLocal = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/local";
    private const string ForeignIdentity = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/default/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder";
    private const string ForeignRoles = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/";

    [Fact]
    public async Task Each_is_refused_by_every_route_that_takes_one_and_nothing_is_changed()
    {
        await using var rig = await RouteRig.StartAsync();
        var assignment = $"{ControlClient.Local}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}";
        var definition = $"{ControlClient.Subscription}/providers/Microsoft.Authorization/roleDefinitions/{Guid.NewGuid()}";
        (string Method, string Path, string Body)[] requests =
        [
            ("PUT", ControlClient.Local + "/tokens/keeper", $$"""{"properties":{"scopeMapId":"{{ForeignLocal}}/scopeMaps/keeper-map"} }"""),
            ("PATCH", ControlClient.Local + "/tokens/keeper", $$"""{"properties":{"scopeMapId":"{{ForeignLocal}}/scopeMaps/keeper-map"} }"""),
            ("POST", ControlClient.Local + "/generateCredentials", $$"""{"tokenId":"{{ForeignLocal}}/tokens/keeper"}"""),
            ("PATCH", ControlClient.Local, $$"""{"identity":{"type":"UserAssigned","userAssignedIdentities":{"{{ForeignIdentity}}":{} } } }"""),
            ("PUT", ControlClient.Registries + "/third", $$"""{"location":"local","sku":{"name":"Basic"},"identity":{"type":"UserAssigned","userAssignedIdentities":{"{{ForeignIdentity}}":{} } } }"""),
            ("PUT", assignment, $$"""{"properties":{"roleDefinitionId":"{{ForeignRoles}}{{ControlClient.AcrPull}}","principalId":"{{rig.ObjectId}}","principalType":"User"} }"""),
            ("PUT", definition, $$"""{"properties":{"roleName":"Far","assignableScopes":["{{ForeignLocal}}"],"permissions":[{"actions":["*/read"]}]} }"""),
        ];
        var before = await rig.StateAsync();
        foreach (var (method, path, body) in requests)
        {
            var (status, answer) = await rig.Owner.SendAsync(method, path, body);
            Assert.True(status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{method} {path}: {status} {answer}");
            Assert.True(RouteRig.MessageOf(answer).Length > 20, $"{answer}");
        }

        Assert.Equal(before, await rig.StateAsync());
    }
}
