using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.ResourceManager;
using Azure.ResourceManager.Resources;
using Azure.ResourceManager.Resources.Models;
using Berth.EndToEnd.Access;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.AzureSdk;

/// <summary>Azure.ResourceManager, the SDK for .NET, with registries and what is below them as generic resources.</summary>
public sealed class ResourceManagerTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    private const string Owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    private const string Registries = "Microsoft.ContainerRegistry/registries";

    private ControlClient Control => Fixture.Control;

    [Fact]
    public async Task A_registry_is_made_shown_listed_tagged_and_deleted()
    {
        var client = await SignInAsync();
        var id = new ResourceIdentifier(Control.Scope("fromdotnet"));
        var made = (await client.GetGenericResources().CreateOrUpdateAsync(WaitUntil.Completed, id, NewRegistry())).Value;
        Assert.Equal(("fromdotnet", Registries, "Standard"), (made.Data.Name, made.Data.ResourceType.ToString(), made.Data.Sku.Name));
        Assert.Equal("Succeeded", made.Data.ProvisioningState ?? TextOf(made, "provisioningState"));
        Assert.StartsWith("fromdotnet.", TextOf(made, "loginServer"), StringComparison.Ordinal);

        Assert.True((await client.GetGenericResources().ExistsAsync(id)).Value);
        var subscription = await client.GetDefaultSubscriptionAsync();
        var listed = await subscription.GetGenericResourcesAsync(filter: $"resourceType eq '{Registries}'").ToListAsync();
        Assert.Equal(["fromdotnet", "local"], listed.Select(resource => resource.Data.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["fromdotnet"], (await subscription.GetGenericResourcesAsync(filter: "tagName eq 'team' and tagValue eq 'a'").ToListAsync()).Select(resource => resource.Data.Name));
        var group = (await subscription.GetResourceGroupAsync("default")).Value;
        Assert.Contains("fromdotnet", (await group.GetGenericResourcesAsync().ToListAsync()).Select(resource => resource.Data.Name));

        await made.AddTagAsync("more", "b");
        Assert.Equal(("a", "b"), (await Tag("team"), await Tag("more")));
        await made.RemoveTagAsync("team");
        Assert.Null(await Tag("team"));
        await made.SetTagsAsync(new Dictionary<string, string> { ["only"] = "c" });
        Assert.Equal((null, "c"), (await Tag("more"), await Tag("only")));
        Assert.True(BoolOf((await client.GetGenericResource(id).GetAsync()).Value, "adminUserEnabled"));

        await made.DeleteAsync(WaitUntil.Completed);
        Assert.False((await client.GetGenericResources().ExistsAsync(id)).Value);
        var gone = await Assert.ThrowsAsync<RequestFailedException>(() => client.GetGenericResource(id).GetAsync());
        Assert.Equal((404, "ResourceNotFound"), (gone.Status, gone.ErrorCode));

        async Task<string?> Tag(string name) => (await client.GetGenericResource(id).GetAsync()).Value.Data.Tags.TryGetValue(name, out var value) ? value : null;
    }

    [Fact]
    public async Task Scope_maps_and_tokens_are_generic_resources_below_it()
    {
        var client = await SignInAsync();
        var resources = client.GetGenericResources();
        var map = (await resources.CreateOrUpdateAsync(
            WaitUntil.Completed, new ResourceIdentifier($"{Control.Scope()}/scopeMaps/dotnet-map"), Below(new { actions = new[] { $"repositories/{Repo}/content/read" } }))).Value;
        Assert.Equal($"{Registries}/scopeMaps", map.Data.ResourceType.ToString());

        var token = (await resources.CreateOrUpdateAsync(
            WaitUntil.Completed, new ResourceIdentifier($"{Control.Scope()}/tokens/dotnet-token"), Below(new { scopeMapId = map.Id.ToString(), status = "enabled" }))).Value;
        Assert.Equal(map.Id.ToString(), TextOf(token, "scopeMapId"));

        var changed = (await token.UpdateAsync(WaitUntil.Completed, Below(new { status = "disabled" }))).Value;
        Assert.Equal("disabled", TextOf(changed, "status"));

        var inUse = await Assert.ThrowsAsync<RequestFailedException>(() => map.DeleteAsync(WaitUntil.Completed));
        Assert.Equal((409, "ScopeMapInUse"), (inUse.Status, inUse.ErrorCode));
        await token.DeleteAsync(WaitUntil.Completed);
        await map.DeleteAsync(WaitUntil.Completed);
    }

    [Fact]
    public async Task A_lock_keeps_a_registry_until_it_is_taken_away()
    {
        var client = await SignInAsync();
        var id = new ResourceIdentifier(Control.Scope("lockedone"));
        var registry = (await client.GetGenericResources().CreateOrUpdateAsync(WaitUntil.Completed, id, NewRegistry())).Value;
        var locks = registry.GetManagementLocks();
        var held = (await locks.CreateOrUpdateAsync(WaitUntil.Completed, "keep", new ManagementLockData(ManagementLockLevel.CanNotDelete) { Notes = "for good" })).Value;
        Assert.Equal((ManagementLockLevel.CanNotDelete, "for good"), (held.Data.Level, held.Data.Notes));
        Assert.Equal(["keep"], (await locks.GetAllAsync().ToListAsync()).Select(each => each.Data.Name));

        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => registry.DeleteAsync(WaitUntil.Completed));

        Assert.Equal((409, "ScopeLocked"), (refused.Status, refused.ErrorCode));
        await held.DeleteAsync(WaitUntil.Completed);
        await registry.DeleteAsync(WaitUntil.Completed);
    }

    [Fact]
    public async Task A_resource_group_is_made_filled_and_deleted_when_it_is_empty_again()
    {
        var client = await SignInAsync();
        var groups = (await client.GetDefaultSubscriptionAsync()).GetResourceGroups();
        var group = (await groups.CreateOrUpdateAsync(WaitUntil.Completed, "team", new ResourceGroupData(new AzureLocation("local")) { Tags = { ["a"] = "b" } })).Value;
        Assert.Equal("Succeeded", group.Data.ResourceGroupProvisioningState);
        Assert.Equal(["team"], (await groups.GetAllAsync(filter: "tagName eq 'a' and tagValue eq 'b'").ToListAsync()).Select(each => each.Data.Name));
        var id = new ResourceIdentifier($"{group.Id}/providers/{Registries}/inteam");
        var registry = (await client.GetGenericResources().CreateOrUpdateAsync(WaitUntil.Completed, id, NewRegistry())).Value;

        var full = await Assert.ThrowsAsync<RequestFailedException>(() => group.DeleteAsync(WaitUntil.Completed));
        Assert.Equal((409, "ResourceGroupNotEmpty"), (full.Status, full.ErrorCode));
        await registry.DeleteAsync(WaitUntil.Completed);
        await group.DeleteAsync(WaitUntil.Completed);

        Assert.False((await groups.ExistsAsync("team")).Value);
    }

    private static GenericResourceData NewRegistry() => new(new AzureLocation("local"))
    {
        Sku = new ResourcesSku { Name = "Standard" },
        Tags = { ["team"] = "a" },
        Properties = BinaryData.FromString("""{"adminUserEnabled":true}"""),
    };

    // What is below a registry has no location of its own, and the SDK has no resource without one.
    private static GenericResourceData Below(object properties) => new(default(AzureLocation)) { Properties = BinaryData.FromString(JsonSerializer.Serialize(properties)) };

    private static string? TextOf(GenericResource resource, string name) => PropertyOf(resource, name).GetString();

    private static bool BoolOf(GenericResource resource, string name) => PropertyOf(resource, name).GetBoolean();

    private static JsonElement PropertyOf(GenericResource resource, string name) => JsonDocument.Parse(resource.Data.Properties).RootElement.GetProperty(name);

    private async Task<ArmClient> SignInAsync()
    {
        var (application, clientId, principal) = await Control.MakeServicePrincipalAsync(Content.Name());
        await Control.AssignAsync($"/subscriptions/{Control.Subscription}", Owner, principal);
        var transport = new HttpClientTransport(Fixture.NewHttpClient());
        var credential = new ClientSecretCredential(
            Control.Tenant, clientId, await Control.AddSecretAsync(application),
            new ClientSecretCredentialOptions { AuthorityHost = new Uri(Control.Login), DisableInstanceDiscovery = true, Transport = transport });
        var options = new ArmClientOptions { Environment = new ArmEnvironment(new Uri(Control.Arm), Control.Arm), Transport = transport };
        options.Retry.MaxRetries = 0;
        return new ArmClient(credential, Control.Subscription, options);
    }
}
