using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity.Matrix;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Identity;

/// <summary>Roles that operators define, as a client with one of them sees them.</summary>
public sealed class CustomRoleTests
{
    private const string Name = "ann@example.test";
    private const string Registries = "Microsoft.ContainerRegistry/registries";
    private const string Pull = $"\"{Registries}/pull/read\"", Push = $"\"{Registries}/push/write\"";
    private const string Read = $"\"{Registries}/repositories/content/read\"", Write = $"\"{Registries}/repositories/content/write\"";
    private const string All = $"\"{Registries}/*\"", OfRepositories = $"\"{Registries}/repositories/*\"";
    private const RoleAssignmentMode Legacy = RoleAssignmentMode.LegacyRegistryPermissions, Abac = RoleAssignmentMode.AbacRepositoryPermissions;
    private static readonly byte[] Blob = "a layer"u8.ToArray();

    [Theory]
    [InlineData(Legacy, $$"""{"actions":[{{Pull}}]}""", true, false)]
    [InlineData(Legacy, $$"""{"actions":[{{Pull}},{{Push}}]}""", true, true)]
    [InlineData(Legacy, $$"""{"actions":["*"],"notActions":[{{Push}}]}""", true, false)]
    [InlineData(Legacy, $$"""{"actions":[{{All}}],"notActions":[{{Pull}}]}""", false, true)]
    [InlineData(Legacy, $$"""{"actions":[{{All}}],"notDataActions":[{{OfRepositories}}]}""", true, true)]
    [InlineData(Legacy, $$"""{"actions":[],"dataActions":[{{Read}},{{Write}}]}""", false, false)]
    [InlineData(Abac, $$"""{"dataActions":[{{Read}}]}""", true, false)]
    [InlineData(Abac, $$"""{"dataActions":[{{OfRepositories}}]}""", true, true)]
    [InlineData(Abac, $$"""{"dataActions":[{{OfRepositories}}],"notDataActions":[{{Write}}]}""", true, false)]
    [InlineData(Abac, $$"""{"dataActions":["*"],"notDataActions":[{{Read}}]}""", false, true)]
    [InlineData(Abac, $$"""{"dataActions":[{{OfRepositories}}],"notActions":["*"]}""", true, true)]
    [InlineData(Abac, $$"""{"actions":["*"],"dataActions":[]}""", false, false)]
    public async Task A_role_gives_what_its_lists_give_less_what_they_take_in_the_registry_s_mode(RoleAssignmentMode mode, string permissions, bool pulls, bool pushes)
    {
        await using var host = await StartAsync(mode);
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var ann = await host.SignedInAsync(Name);
        await DefineAndAssignAsync(host, owner, permissions);

        Assert.Equal(pulls ? HttpStatusCode.OK : HttpStatusCode.Forbidden, await ann.GetManifestAsync("team/app", "1"));
        using var start = await ann.PostAsync("/v2/team/app/blobs/uploads/", null);
        Assert.Equal(pushes ? HttpStatusCode.Accepted : HttpStatusCode.Forbidden, start.StatusCode);
    }

    [Theory]
    [InlineData(Legacy, $$"""{"actions":[{{Pull}}]}""", $$"""{"actions":[{{Pull}}],"notActions":[{{Pull}}]}""")]
    [InlineData(Abac, $$"""{"dataActions":[{{Read}}]}""", $$"""{"dataActions":[{{OfRepositories}}],"notDataActions":[{{Read}}]}""")]
    public async Task A_role_that_is_defined_anew_changes_what_tokens_open_that_were_given_before(RoleAssignmentMode mode, string gives, string takes)
    {
        await using var host = await StartAsync(mode);
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var ann = await host.SignedInAsync(Name);
        var id = await DefineAndAssignAsync(host, owner, gives);
        using var bearer = host.BearerOf(await MatrixHost.TokenAsync(ann, null, "repository:team/app:pull"));
        Assert.Equal(HttpStatusCode.OK, await bearer.GetManifestAsync("team/app", "1"));

        await DefineAsync(owner, id, takes);
        Assert.Equal(HttpStatusCode.Unauthorized, await bearer.GetManifestAsync("team/app", "1"));
        Assert.Equal(HttpStatusCode.Forbidden, await ann.GetManifestAsync("team/app", "1"));

        await DefineAsync(owner, id, gives);
        Assert.Equal(HttpStatusCode.OK, await bearer.GetManifestAsync("team/app", "1"));
        Assert.Equal(HttpStatusCode.OK, await ann.GetManifestAsync("team/app", "1"));
    }

    private static async Task<RegistryHost> StartAsync(RoleAssignmentMode mode)
    {
        var host = await RegistryHost.StartAsync();
        await host.UseModeAsync(mode);
        await host.Client.PushBlobAsync("team/app", Blob);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team/app", "1", RegistryClientExtensions.Image(Blob)));
        return host;
    }

    private static async Task<string> DefineAndAssignAsync(RegistryHost host, ControlClient owner, string permissions)
    {
        var id = Guid.NewGuid().ToString();
        await DefineAsync(owner, id, permissions);
        await owner.AssignAsync(ControlClient.Local, id, (await host.Metadata.FindPrincipalAsync(Name, CancellationToken.None))!.ObjectId);
        return id;
    }

    private static Task<JsonElement> DefineAsync(ControlClient owner, string id, string permissions) => owner.ExpectAsync(
        HttpStatusCode.Created, "PUT", $"{ControlClient.Subscription}/providers/Microsoft.Authorization/roleDefinitions/{id}", $$"""
        {"properties":{"roleName":"Of our own","description":"d","type":"CustomRole","assignableScopes":["{{ControlClient.Subscription}}"],"permissions":[{{permissions}}]} }
        """);
}
