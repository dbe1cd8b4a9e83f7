using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Directory;
using Berth.Registry.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>
/// Every route of the control plane, of the directory and of the evidence against every built-in role, assigned in the subscription or at one registry.
/// What a route needs follows from its method and path, as Azure names its actions.
/// </summary>
public sealed class ControlPlaneMatrixTests
{
    private static readonly string[] Questions = ["logins", "denials", "report?repository=team/app", "explain?principal=owner&repository=team/app&action=ContentRead"];

    // Whose names do not follow from the path.
    private static readonly Dictionary<string, string> Named = new(StringComparer.Ordinal)
    {
        ["activity.list"] = "Microsoft.Insights/eventtypes/values/read",
        ["registries.check-name"] = "Microsoft.ContainerRegistry/checkNameAvailability/read",
        ["resources.list"] = "Microsoft.ContainerRegistry/registries/read",
    };

    // Whoever has any role sees that there is a subscription, and nothing in it.
    private static readonly string[] OfAnyRole = ["tenants.list", "subscriptions.list", "subscriptions.get", "locations.list", "provider.get"];

    [Fact]
    public async Task Each_role_opens_the_calls_that_its_published_actions_give_and_no_other()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await FillAsync(matrix);
        foreach (var role in PublishedRoles.All)
        {
            var principal = await matrix.MakePrincipalAsync(role.Name, ResourceScope.OfSubscription("subscription"));
            using var client = await matrix.ControlOfAsync(principal);
            var before = await matrix.LedgerEndAsync();
            await CheckAsync(client, role.Name, role.Gives, "local", anyRole: true);
            await CheckEvidenceAsync(client, role.Name, role.Gives("Microsoft.Authorization/roleAssignments/read"), "local");
            Assert.Equal((role.Name, before), (role.Name, await matrix.LedgerEndAsync()));
        }
    }

    [Fact]
    public async Task A_role_at_one_registry_opens_nothing_of_another_and_nothing_above_it()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await FillAsync(matrix);
        foreach (var role in PublishedRoles.All)
        {
            using var client = await matrix.ControlOfAsync(await matrix.MakePrincipalAsync(role.Name));
            var before = await matrix.LedgerEndAsync();
            await CheckAsync(client, role.Name, _ => false, "other1", anyRole: true);
            await CheckEvidenceAsync(client, role.Name, may: false, "other1");
            await CheckDirectoryAsync(matrix, client, role.Name, mayRead: false, mayWrite: false, isSignedIn: false); // a token for the control plane is none here
            Assert.Equal((role.Name, before), (role.Name, await matrix.LedgerEndAsync()));
        }
    }

    [Fact]
    public async Task Each_role_reads_the_directory_and_the_roles_that_assign_roles_change_it()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await FillAsync(matrix);
        foreach (var role in PublishedRoles.All)
        {
            var above = await matrix.MakePrincipalAsync(role.Name, ResourceScope.OfSubscription("subscription"));
            var below = await matrix.MakePrincipalAsync(role.Name);
            var before = await matrix.LedgerEndAsync();
            using var inSubscription = await matrix.ControlOfAsync(above, "https://graph.berth.localhost");
            await CheckDirectoryAsync(matrix, inSubscription, role.Name, mayRead: true, role.Gives("Microsoft.Authorization/directory/write"), isSignedIn: true);
            using var atRegistry = await matrix.ControlOfAsync(below, "https://graph.berth.localhost");
            await CheckDirectoryAsync(matrix, atRegistry, role.Name + " at a registry", mayRead: true, mayWrite: false, isSignedIn: true);
            Assert.Equal((role.Name, before), (role.Name, await matrix.LedgerEndAsync()));
        }

        using var nobody = await matrix.ControlOfAsync(await matrix.MakePrincipalAsync(), "https://graph.berth.localhost");
        await CheckDirectoryAsync(matrix, nobody, "without a role", mayRead: false, mayWrite: false, isSignedIn: true);
    }

    [Fact]
    public async Task Who_has_no_good_token_is_told_to_sign_in_at_every_call_and_changes_nothing()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await using var elsewhere = await MatrixHost.StartAsync();
        await FillAsync(matrix);
        var host = matrix.Host;
        var owner = (await host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None))!;
        var stranger = (await elsewhere.Host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None))!;
        using var strangers = await elsewhere.ControlOfAsync(stranger);
        var disabled = await matrix.MakePrincipalAsync("Owner", ResourceScope.OfSubscription("subscription"));
        var late = await matrix.ControlOfAsync(owner);
        var ofDisabled = await matrix.ControlOfAsync(disabled);
        await host.Metadata.UpdatePrincipalAsync(disabled.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        (string Who, HttpClient Client)[] callers =
        [
            ("nobody", host.WithoutCredential()),
            ("a password", host.ClientOf(OwnerAccount.Name, Hosting.RegistryHost.Password)),
            ("a secret", matrix.BasicOf(await matrix.MakePrincipalAsync("Owner"))),
            ("a registry's token", host.BearerOf(await MatrixHost.TokenAsync(host.Client, null, "registry:catalog:*"))),
            ("a token for registries", await matrix.ControlOfAsync(owner, "https://containerregistry.azure.net")),
            ("a token of another installation", host.BearerOf(strangers.DefaultRequestHeaders.Authorization!.Parameter!)),
            ("a token of another tenant", host.BearerOf(await OfAnotherTenantAsync(matrix, owner))),
            ("a token of somebody who was disabled", ofDisabled),
            ("no token at all", host.BearerOf("")),
        ];
        var before = await matrix.LedgerEndAsync();
        foreach (var (who, client) in callers)
        {
            using (client) await CheckAllRefusedAsync(matrix, client, who);
        }

        host.Time.Advance(TimeSpan.FromHours(2));
        using (late) await CheckAllRefusedAsync(matrix, late, "a token that has ended");
        Assert.Equal(before, await matrix.LedgerEndAsync());
    }

    private static async Task CheckAllRefusedAsync(MatrixHost matrix, HttpClient client, string who)
    {
        List<string> wrong = [];
        foreach (var route in ManagementRoute.All) await SendAsync(route.Method, PathOf(route, "local", real: true), BodyOf(route, real: true));
        foreach (var route in GraphRoutes(matrix)) await SendAsync(route.Method, "/v1.0/" + route.Pattern.Replace("{}", "owner", StringComparison.Ordinal), route.Method is "GET" or "DELETE" ? null : "{}");
        foreach (var question in Questions) await SendAsync("GET", $"/berth/v1/registries/local/access/{question}", null);
        Assert.Equal("", string.Join('\n', wrong));

        async Task SendAsync(string method, string path, string? body)
        {
            using var answer = await client.SendAsync(RequestOf(method, path, body));
            if (answer.StatusCode != HttpStatusCode.Unauthorized || answer.Headers.WwwAuthenticate.Count == 0) wrong.Add($"{who}: {method} {path} gave {(int)answer.StatusCode}");
        }
    }

    private static async Task CheckAsync(HttpClient client, string who, Func<string, bool> gives, string registry, bool anyRole)
    {
        List<string> wrong = [];
        foreach (var route in ManagementRoute.All)
        {
            var may = OfAnyRole.Contains(route.Name) ? anyRole : gives(ActionOf(route));
            using var answer = await client.SendAsync(RequestOf(route.Method, PathOf(route, registry, real: !may), BodyOf(route, real: !may)));
            var status = (int)answer.StatusCode;
            var asExpected = !may && route.ListsWhatIsReadable
                ? status == 200 && IsWithout(await answer.Content.ReadAsStringAsync(), registry)
                : may ? status is not (401 or 403) and < 429 : status == 403;
            if (!asExpected) wrong.Add($"{who}: {route.Method} {route.Name} gave {status}, but it is {(may ? "allowed" : "not allowed")} ({ActionOf(route)})");
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    private static bool IsWithout(string list, string registry)
    {
        using var body = JsonDocument.Parse(list);
        var ids = body.RootElement.GetProperty("value").EnumerateArray().Select(item => item.GetProperty("id").GetString()!).ToList();
        return registry == "local" ? ids.Count == 0 : !ids.Exists(id => id.EndsWith('/' + registry, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task CheckEvidenceAsync(HttpClient client, string who, bool may, string registry)
    {
        foreach (var question in Questions)
        {
            using var answer = await client.GetAsync(new Uri($"/berth/v1/registries/{registry}/access/{question}", UriKind.Relative));
            Assert.Equal((who, question, may ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (who, question, answer.StatusCode));
        }
    }

    private static async Task CheckDirectoryAsync(MatrixHost matrix, HttpClient client, string who, bool mayRead, bool mayWrite, bool isSignedIn)
    {
        List<string> wrong = [];
        foreach (var route in GraphRoutes(matrix))
        {
            // What one reads takes any role, what is about oneself none; all else changes something.
            var may = isSignedIn && (route.Pattern.Split('/')[0] == "me" || (route.Method == "GET" || route.Pattern == "directoryObjects/getByIds" ? mayRead : mayWrite));
            var id = may ? Guid.Empty.ToString() : OwnerAccount.Name;
            using var request = RequestOf(route.Method, "/v1.0/" + route.Pattern.Replace("{}", id, StringComparison.Ordinal), route.Method is "GET" or "DELETE" ? null : "{}");
            using var answer = await client.SendAsync(request);
            var status = (int)answer.StatusCode;
            if (may ? status is 401 or 403 or >= 429 : status != (isSignedIn ? 403 : 401))
                wrong.Add($"{who}: {route.Method} {route.Pattern} gave {status}, but it is {(may ? "allowed" : "not allowed")}");
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    // Found by their type, so that calls of a new kind are met here at once.
    private static List<GraphRoute> GraphRoutes(MatrixHost matrix)
    {
        var routes = typeof(GraphRoute).Assembly.GetTypes().Where(type => type.Namespace == typeof(GraphRoute).Namespace)
            .Select(type => (Type: type, Routes: type.GetProperty("Routes"))).Where(found => found.Routes?.PropertyType == typeof(IReadOnlyList<GraphRoute>))
            .SelectMany(found => (IReadOnlyList<GraphRoute>)found.Routes!.GetValue(matrix.Host.Services.GetRequiredService(found.Type))!).ToList();
        Assert.True(routes.Count >= 39, $"{routes.Count} calls of the directory were found.");
        return routes;
    }

    private static string ActionOf(ManagementRoute route)
    {
        if (Named.TryGetValue(route.Name, out var named)) return named;
        var parts = route.Pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var below = Array.LastIndexOf(parts, "providers") is >= 0 and var at ? parts[(at + 1)..] : ["Microsoft.Resources", .. parts];
        var type = string.Join('/', below.Where(part => part[0] != '{'));
        return route.Method switch
        {
            "GET" => type + "/read",
            "PUT" or "PATCH" => type + "/write",
            "DELETE" => type + "/delete",
            _ => type + "/action",
        };
    }

    // What is really there if the call must be refused, and otherwise something that is not.
    private static string PathOf(ManagementRoute route, string registry, bool real)
    {
        var (absent, removes) = ("absent-thing", route.Method == "DELETE" && !real);
        var scope = $"/subscriptions/subscription/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/{registry}";
        var path = route.Pattern.Replace("{scope}", scope).Replace("{subscription}", "subscription").Replace("{group}", removes && route.Name == "groups.delete" ? absent : "default")
            .Replace("{registry}", removes ? absent : registry).Replace("{map}", "keeper").Replace("{token}", "keeper").Replace("{identity}", removes ? absent : "builder")
            .Replace("{credential}", "main").Replace("{role}", removes ? Guid.Empty.ToString() : CustomRole).Replace("{assignment}", removes ? Guid.Empty.ToString() : Assignment);
        Assert.DoesNotContain('{', path);
        return $"{path}?api-version=2023-07-01";
    }

    private const string CustomRole = "11111111-2222-3333-4444-555555555555";
    private const string Assignment = "66666666-7777-8888-9999-000000000000";

    private static string? BodyOf(ManagementRoute route, bool real) => route.Method switch
    {
        "GET" or "DELETE" => null,
        "POST" when real => """{"name":"password","type":"Microsoft.ContainerRegistry/registries"}""",
        _ => real ? """{"location":"local","sku":{"name":"Basic"},"properties":{"adminUserEnabled":true,"anonymousPullEnabled":true}}""" : "{",
    };

    private static HttpRequestMessage RequestOf(string method, string path, string? body) => new(new HttpMethod(method), new Uri(path, UriKind.Relative))
    {
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
    };

    private static async Task FillAsync(MatrixHost matrix)
    {
        using var owner = await matrix.ControlOfAsync((await matrix.Host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None))!);
        const string group = "/subscriptions/subscription/resourceGroups/default/providers/";
        foreach (var registry in new[] { "local", "other1" })
        {
            var id = $"{group}Microsoft.ContainerRegistry/registries/{registry}";
            await PutAsync($"{id}/scopeMaps/keeper", """{"properties":{"actions":["repositories/team/app/content/read"]}}""");
            await PutAsync($"{id}/tokens/keeper", $$"""{"properties":{"scopeMapId":"{{id}}/scopeMaps/keeper"} }""");
        }

        await PutAsync($"{group}Microsoft.ManagedIdentity/userAssignedIdentities/builder", """{"location":"local"}""");
        await PutAsync(
            $"{group}Microsoft.ManagedIdentity/userAssignedIdentities/builder/federatedIdentityCredentials/main",
            """{"properties":{"issuer":"https://issuer.example","subject":"s","audiences":["api://AzureADTokenExchange"]}}""");
        await PutAsync(
            $"/subscriptions/subscription/providers/Microsoft.Authorization/roleDefinitions/{CustomRole}",
            """{"properties":{"roleName":"Own","assignableScopes":["/subscriptions/subscription"],"permissions":[{"actions":["Microsoft.ContainerRegistry/registries/pull/read"]}]}}""");
        var somebody = await matrix.MakePrincipalAsync();
        await PutAsync(
            $"{group}Microsoft.ContainerRegistry/registries/local/providers/Microsoft.Authorization/roleAssignments/{Assignment}",
            $$"""{"properties":{"roleDefinitionId":"/x/{{CustomRole}}","principalId":"{{somebody.ObjectId}}"} }""");

        async Task PutAsync(string path, string body)
        {
            using var answer = await owner.SendAsync(RequestOf("PUT", path + "?api-version=2023-07-01", body));
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    // Signed with this authority's own key, but under the name of another tenant.
    private static Task<string> OfAnotherTenantAsync(MatrixHost matrix, PrincipalRecord owner)
    {
        var tokens = matrix.Host.Services.GetRequiredService<AuthorityTokens>();
        return tokens.Signer.SignAsync(
            json =>
            {
                tokens.WriteTimes(json, TimeSpan.FromHours(1));
                json.WriteString("iss", "https://login.berth.localhost/another-tenant/v2.0");
                json.WriteString("aud", "https://arm.berth.localhost");
                json.WriteString("tid", "another-tenant");
                json.WriteString("idtyp", "user");
                json.WriteString("upn", owner.Name);
                json.WriteNumber("principal", owner.Id);
                json.WriteNumber("epoch", owner.Epoch);
            },
            CancellationToken.None);
    }
}
