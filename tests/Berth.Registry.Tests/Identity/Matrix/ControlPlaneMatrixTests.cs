using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>
/// Every route of the control plane, of the directory and of the evidence against every built-in role, assigned in the subscription or at one registry.
/// What a route needs follows from its method and path, as Azure names its actions.
/// </summary>
public sealed class ControlPlaneMatrixTests
{
    // Whoever has any role sees that there is a subscription, and nothing in it.
    private static readonly string[] OfAnyRole =
        ["tenants.list", "subscriptions.list", "subscriptions.get", "locations.list", "providers.list", "providers.get", "providers.register", "operations.list"];

    [Fact]
    public async Task Each_role_opens_the_calls_that_its_published_actions_give_and_no_other()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await ControlProbe.FillAsync(matrix);
        foreach (var role in PublishedRoles.All)
        {
            var principal = await matrix.MakePrincipalAsync(role.Name, ResourceScope.OfSubscription("subscription"));
            using var client = await matrix.ControlOfAsync(principal);
            var before = await matrix.LedgerEndAsync();
            await CheckAsync(client, role.Name, role.Gives, "local", anyRole: true);
            await CheckEvidenceAsync(matrix, client, role.Name, role.Gives("Microsoft.Authorization/roleAssignments/read"), "local");
            await CheckEvidenceAsync(matrix, client, role.Name, role.Gives("Microsoft.Authorization/roleAssignments/read"), null);
            Assert.Equal((role.Name, before), (role.Name, await matrix.LedgerEndAsync()));
        }
    }

    [Fact]
    public async Task A_role_at_one_registry_opens_nothing_of_another_and_nothing_above_it()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await ControlProbe.FillAsync(matrix);
        foreach (var role in PublishedRoles.All)
        {
            using var client = await matrix.ControlOfAsync(await matrix.MakePrincipalAsync(role.Name));
            var before = await matrix.LedgerEndAsync();
            await CheckAsync(client, role.Name, _ => false, "other1", anyRole: true);
            await CheckEvidenceAsync(matrix, client, role.Name, may: false, "other1");
            await CheckEvidenceAsync(matrix, client, role.Name, may: false, "absent");
            await CheckEvidenceAsync(matrix, client, role.Name, may: false, null);
            await CheckDirectoryAsync(matrix, client, role.Name, mayRead: false, mayWrite: false, isSignedIn: false); // a token for the control plane is none here
            Assert.Equal((role.Name, before), (role.Name, await matrix.LedgerEndAsync()));
        }
    }

    [Fact]
    public async Task Each_role_reads_the_directory_and_the_roles_that_assign_roles_change_it()
    {
        await using var matrix = await MatrixHost.StartAsync();
        await ControlProbe.FillAsync(matrix);
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
        await ControlProbe.FillAsync(matrix);
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
        foreach (var route in ManagementRoute.All) await SendAsync(route.Method, ControlProbe.PathOf(route, "local", real: true), ControlProbe.BodyOf(route, real: true));
        foreach (var route in ControlProbe.GraphRoutes(matrix)) await SendAsync(route.Method, "/v1.0/" + route.Pattern.Replace("{}", "owner", StringComparison.Ordinal), route.Method is "GET" or "DELETE" ? null : "{}");
        foreach (var path in ControlProbe.EvidencePaths(matrix, "local").Concat(ControlProbe.EvidencePaths(matrix, null))) await SendAsync("GET", path, null);
        Assert.Equal("", string.Join('\n', wrong));

        async Task SendAsync(string method, string path, string? body)
        {
            using var answer = await client.SendAsync(ControlProbe.RequestOf(method, path, body));
            if (answer.StatusCode != HttpStatusCode.Unauthorized || answer.Headers.WwwAuthenticate.Count == 0) wrong.Add($"{who}: {method} {path} gave {(int)answer.StatusCode}");
        }
    }

    private static async Task CheckAsync(HttpClient client, string who, Func<string, bool> gives, string registry, bool anyRole)
    {
        List<string> wrong = [];
        foreach (var route in ManagementRoute.All)
        {
            var may = OfAnyRole.Contains(route.Name) ? anyRole : gives(ControlProbe.ActionOf(route));
            using var answer = await client.SendAsync(ControlProbe.RequestOf(route.Method, ControlProbe.PathOf(route, registry, real: !may), ControlProbe.BodyOf(route, real: !may)));
            var status = (int)answer.StatusCode;
            var asExpected = !may && route.ListsWhatIsReadable
                ? status == 200 && IsWithout(await answer.Content.ReadAsStringAsync(), registry)
                : may ? status is not (401 or 403) and < 429 : status == 403;
            if (!asExpected) wrong.Add($"{who}: {route.Method} {route.Name} gave {status}, but it is {(may ? "allowed" : "not allowed")} ({ControlProbe.ActionOf(route)})");
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    private static bool IsWithout(string list, string registry)
    {
        using var body = JsonDocument.Parse(list);
        var ids = body.RootElement.GetProperty("value").EnumerateArray().Select(item => item.GetProperty("id").GetString()!).ToList();
        return registry == "local" ? ids.Count == 0 : !ids.Exists(id => id.EndsWith('/' + registry, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task CheckEvidenceAsync(MatrixHost matrix, HttpClient client, string who, bool may, string? registry)
    {
        foreach (var path in ControlProbe.EvidencePaths(matrix, registry))
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal((who, path, may ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (who, path, answer.StatusCode));
        }
    }

    private static async Task CheckDirectoryAsync(MatrixHost matrix, HttpClient client, string who, bool mayRead, bool mayWrite, bool isSignedIn)
    {
        List<string> wrong = [];
        foreach (var route in ControlProbe.GraphRoutes(matrix))
        {
            // What one reads takes any role, what is about oneself none; all else changes something.
            var may = isSignedIn && (route.Pattern.Split('/')[0] == "me" || (route.Method == "GET" || route.Pattern == "directoryObjects/getByIds" ? mayRead : mayWrite));
            var id = may ? Guid.Empty.ToString() : OwnerAccount.Name;
            using var request = ControlProbe.RequestOf(route.Method, "/v1.0/" + route.Pattern.Replace("{}", id, StringComparison.Ordinal), route.Method is "GET" or "DELETE" ? null : "{}");
            using var answer = await client.SendAsync(request);
            var status = (int)answer.StatusCode;
            if (may ? status is 401 or 403 or >= 429 : status != (isSignedIn ? 403 : 401))
                wrong.Add($"{who}: {route.Method} {route.Pattern} gave {status}, but it is {(may ? "allowed" : "not allowed")}");
        }

        Assert.Equal("", string.Join('\n', wrong));
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
