using System.Net;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>Providers, their operations, and resources of every kind in one list.</summary>
public sealed class ProviderTests
{
    private const string Providers = ControlClient.Subscription + "/providers";

    [Fact]
    public async Task Every_provider_is_registered_and_says_its_kinds_and_versions()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var all = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", Providers)).GetProperty("value").EnumerateArray().ToList();
        Assert.Equal(
            ["Microsoft.ContainerRegistry", "Microsoft.ManagedIdentity", "Microsoft.Authorization", "Microsoft.Resources", "Microsoft.Insights"],
            all.Select(provider => provider.GetProperty("namespace").GetString()));
        foreach (var provider in all)
        {
            var path = provider.GetProperty("id").GetString()!;
            Assert.Equal("Registered", provider.GetProperty("registrationState").GetString());
            Assert.All(provider.GetProperty("resourceTypes").EnumerateArray(), type => Assert.NotEqual(0, type.GetProperty("apiVersions").GetArrayLength()));
            Assert.Equal(provider.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "GET", path.ToLowerInvariant())).GetRawText());
            Assert.Equal(provider.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "POST", path + "/register")).GetRawText());
        }

        await owner.ExpectErrorAsync(404, "InvalidResourceNamespace", "GET", Providers + "/Microsoft.Other");
        await owner.ExpectErrorAsync(404, "InvalidResourceNamespace", "POST", Providers + "/Microsoft.Other/register");
    }

    [Fact]
    public async Task Operations_are_the_actions_that_roles_may_give()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var list = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", "/providers/Microsoft.ContainerRegistry/operations")).GetProperty("value").EnumerateArray()
            .Select(operation => (operation.GetProperty("name").GetString()!, operation.GetProperty("isDataAction").GetBoolean())).ToList();
        Assert.Equal(list.Count, list.Select(operation => (operation.Item1.ToUpperInvariant(), operation.Item2)).Distinct().Count());
        foreach (var name in new[] { "read", "write", "delete", "pull/read", "push/write", "listCredentials/action", "scopeMaps/write", "webhooks/ping/action" })
            Assert.Contains(("Microsoft.ContainerRegistry/registries/" + name, false), list);
        Assert.Contains(("Microsoft.ContainerRegistry/registries/repositories/content/read", true), list);
        Assert.DoesNotContain(list, operation => operation.Item1.Contains('*') || !operation.Item1.StartsWith("Microsoft.ContainerRegistry/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Resources_of_every_kind_are_listed_and_filtered()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Second = ControlClient.Subscription + "/resourceGroups/second";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second, """{"location":"local"}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Second + "/providers/Microsoft.ContainerRegistry/registries/other", """{"sku":{"name":"Basic"},"location":"north","tags":{"team":"a"}}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Identities + "/builder", """{"location":"local","tags":{"team":"b"}}""");

        Assert.Equal(["local", "other", "builder"], await NamesAsync(owner, ControlClient.Subscription, null));
        Assert.Equal(["local", "builder"], await NamesAsync(owner, ControlClient.Group, null));
        Assert.Equal(["other"], await NamesAsync(owner, Second, null));
        Assert.Equal(["builder"], await NamesAsync(owner, ControlClient.Subscription, "resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'"));
        Assert.Equal(["other"], await NamesAsync(owner, ControlClient.Subscription, "resourceType eq 'microsoft.containerregistry/Registries' and resourceGroup eq 'SECOND'"));
        Assert.Equal(["builder"], await NamesAsync(owner, ControlClient.Subscription, "name eq 'Builder'"));
        Assert.Equal(["other"], await NamesAsync(owner, ControlClient.Subscription, "resourceType eq 'Microsoft.ContainerRegistry/registries' and name eq 'OTHER'"));
        Assert.Empty(await NamesAsync(owner, ControlClient.Group, "name eq 'other'"));
        Assert.Empty(await NamesAsync(owner, Second, "name eq 'other' and location eq 'local'"));
        Assert.Equal(["other"], await NamesAsync(owner, ControlClient.Subscription, "location eq 'north'"));
        Assert.Equal(["other", "builder"], await NamesAsync(owner, ControlClient.Subscription, "tagname eq 'team'"));
        Assert.Equal(["builder"], await NamesAsync(owner, ControlClient.Subscription, "tagName eq 'team' and tagValue eq 'b'"));
        Assert.Empty(await NamesAsync(owner, ControlClient.Subscription, "resourceType eq 'Microsoft.Web/sites'"));
        await owner.ExpectErrorAsync(400, "InvalidFilterInQueryString", "GET", ControlClient.Subscription + "/resources?$filter=colour%20eq%20'red'");

        var (user, objectId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        using var client = user;
        await owner.AssignAsync(ControlClient.Identities + "/builder", ControlClient.Reader, objectId);
        Assert.Equal(["builder"], await NamesAsync(client, ControlClient.Subscription, null));
        Assert.Empty(await NamesAsync(client, ControlClient.Subscription, "name eq 'other'"));
    }

    [Fact]
    public async Task Resource_groups_are_filtered_by_tag()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        const string Groups = ControlClient.Subscription + "/resourceGroups";
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", Groups + "/tagged", """{"location":"local","tags":{"env":"test"}}""");

        Assert.Equal(["default", "tagged"], await NamesAtAsync(owner, Groups, null));
        Assert.Equal(["tagged"], await NamesAtAsync(owner, Groups, "tagname eq 'ENV'"));
        Assert.Equal(["tagged"], await NamesAtAsync(owner, Groups, "tagname eq 'env' and tagvalue eq 'test'"));
        Assert.Empty(await NamesAtAsync(owner, Groups, "tagname eq 'env' and tagvalue eq 'Test'"));
        Assert.Empty(await NamesAtAsync(owner, Groups, "tagname eq 'other'"));
        await owner.ExpectErrorAsync(400, "InvalidFilterInQueryString", "GET", Groups + "?$filter=name%20eq%20'tagged'");
    }

    [Fact]
    public async Task A_list_that_takes_no_filter_refuses_one()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        foreach (var scope in new[] { ControlClient.Subscription, ControlClient.Group })
        {
            foreach (var kind in new[] { "Microsoft.ContainerRegistry/registries", "Microsoft.ManagedIdentity/userAssignedIdentities" })
            {
                var said = await owner.ExpectErrorAsync(400, "InvalidFilterInQueryString", "GET", $"{scope}/providers/{kind}?$filter=tagName%20eq%20'env'");
                Assert.Contains("'tagName'; leave the $filter out", said, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task That_a_group_is_not_there_is_said_to_who_may_read_groups_and_to_nobody_else()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Identities + "/builder", """{"location":"local"}""");
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Subscription + "/resourceGroups/empty", """{"location":"local"}""");
        var (user, objectId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        var (reader, readerId) = await ControlClient.NewUserAsync(host, "ben@example.test");
        using (user)
        using (reader)
        {
            await owner.AssignAsync(ControlClient.Identities + "/builder", ControlClient.Reader, objectId);
            await owner.AssignAsync(ControlClient.Subscription, ControlClient.Reader, readerId);
            foreach (var list in new[] { "resources", "providers/Microsoft.ContainerRegistry/registries", "providers/Microsoft.ManagedIdentity/userAssignedIdentities" })
            {
                var absent = $"{ControlClient.Subscription}/resourceGroups/absent/{list}";
                await owner.ExpectErrorAsync(404, "ResourceGroupNotFound", "GET", absent);
                await reader.ExpectErrorAsync(404, "ResourceGroupNotFound", "GET", absent);
                Assert.Empty(await NamesAtAsync(user, absent, null));
                Assert.Empty(await NamesAtAsync(owner, $"{ControlClient.Subscription}/resourceGroups/EMPTY/{list}", null));
            }
        }
    }

    [Theory]
    [InlineData(ControlClient.Subscription + "/resourceGroups/second", "InvalidResourceGroupLocation")]
    [InlineData(ControlClient.Identities + "/builder", "InvalidResourceLocation")]
    public async Task What_stands_somewhere_is_not_moved(string resource, string code)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", resource, """{"location":"westeurope","tags":{"a":"b"}}""");

        var said = await owner.ExpectErrorAsync(409, code, "PUT", resource, """{"location":"eastus","tags":{}}""");

        Assert.Contains("is in 'westeurope' and cannot be moved to 'eastus'", said, StringComparison.Ordinal);
        foreach (var body in new[] { """{"location":"West Europe"}""", """{"location":"WESTEUROPE"}""", "{}" })
        {
            var kept = await owner.ExpectAsync(HttpStatusCode.OK, "PUT", resource, body);
            Assert.Equal(("westeurope", """{"a":"b"}"""), (kept.GetProperty("location").GetString(), kept.GetProperty("tags").GetRawText()));
        }
    }

    [Fact]
    public async Task A_resource_is_read_by_its_id_with_an_empty_part_as_az_writes_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Identities + "/builder", """{"location":"local"}""");
        foreach (var id in new[] { ControlClient.Local, ControlClient.Identities + "/builder" })
        {
            var asAzWrites = id.Replace("/Microsoft.ContainerRegistry/", "/Microsoft.ContainerRegistry//").Replace("/Microsoft.ManagedIdentity/", "/Microsoft.ManagedIdentity//");
            Assert.Equal(id, (await owner.ExpectAsync(HttpStatusCode.OK, "GET", asAzWrites)).GetProperty("id").GetString());
        }
    }

    [Fact]
    public async Task Whether_a_resource_group_is_there_is_answered_without_a_body()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.NoContent, "HEAD", ControlClient.Subscription + "/resourcegroups/DEFAULT");
        await owner.ExpectAsync(HttpStatusCode.NotFound, "HEAD", ControlClient.Subscription + "/resourcegroups/absent");
    }

    [Fact]
    public async Task A_resource_groups_tags_are_replaced_and_the_rest_stays()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var patched = await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Group, """{"tags":{"team":"a"}}""");
        Assert.Equal(("default", "test", "a"), (patched.GetProperty("name").GetString(), patched.GetProperty("location").GetString(), patched.GetProperty("tags").GetProperty("team").GetString()));
        Assert.Equal(patched.GetRawText(), (await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Group, "{}")).GetRawText());
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", ControlClient.Group, patched.GetRawText());
        await owner.ExpectErrorAsync(400, "InvalidRequestContent", "PATCH", ControlClient.Group, """{"location":"elsewhere"}""");
        await owner.ExpectErrorAsync(400, "FeatureNotSupported", "PATCH", ControlClient.Group, """{"managedBy":"/subscriptions/subscription"}""");
        await owner.ExpectErrorAsync(404, "ResourceGroupNotFound", "PATCH", ControlClient.Subscription + "/resourceGroups/absent", "{}");
    }

    private static Task<List<string?>> NamesAsync(ControlClient client, string scope, string? filter) => NamesAtAsync(client, scope + "/resources", filter);

    private static async Task<List<string?>> NamesAtAsync(ControlClient client, string list, string? filter)
    {
        var names = new List<string?>();
        for (var next = $"{list}?api-version=2021-04-01{(filter is null ? "" : "&$filter=" + Uri.EscapeDataString(filter))}"; next is not null;)
        {
            using var answer = await client.SendRawAsync("GET", next);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            using var page = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            names.AddRange(page.RootElement.GetProperty("value").EnumerateArray().Select(resource => resource.GetProperty("name").GetString()));
            next = page.RootElement.TryGetProperty("nextLink", out var link) ? new Uri(link.GetString()!).PathAndQuery : null;
        }

        return names;
    }
}
