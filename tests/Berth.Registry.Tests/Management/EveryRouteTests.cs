using System.Net;
using System.Text.Json;
using Berth.Registry.Management;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>What holds for each call of the route table: a request that says something wrong gets an error that says so, and changes nothing.</summary>
public sealed class EveryRouteTests
{
    private const string Role = "11111111-2222-3333-4444-555555555555";
    private const string Assignment = "66666666-7777-8888-9999-000000000000";

    // Whatever their body says, they change nothing.
    private static readonly HashSet<string> WithoutBody = [.. AbsentChildEndpoints.Routes.Select(route => route.Name), "providers.register", "private-endpoint-connections.put"];

    private static IEnumerable<ManagementRoute> TakingBodies => ManagementRoute.All.Where(route => route.Method is "PUT" or "PATCH" or "POST" && !WithoutBody.Contains(route.Name));

    [Fact]
    public void A_name_of_the_table_is_given_once()
    {
        Assert.Empty(ManagementRoute.All.GroupBy(route => route.Name).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.Empty(ManagementRoute.All.GroupBy(route => (route.Method, Shape(route))).Where(group => group.Count() > 1).Select(group => group.Key.ToString()));

        static string Shape(ManagementRoute route) =>
            string.Join('/', route.Pattern.Split('/').Select(part => part is ['{', ..] and not "{scope}" ? "{}" : part)).ToUpperInvariant();
    }

    [Fact]
    public async Task Without_a_version_or_with_none_that_is_one_nothing_is_done()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await CheckAsync(host, ManagementRoute.All, async route =>
        {
            foreach (var (query, code) in new[] { ("", "MissingApiVersionParameter"), ("?api-version=tomorrow", "InvalidApiVersionParameter") })
            {
                using var answer = await owner.SendRawAsync(route.Method, PathOf(route) + query, BodyOf(route));
                if (Judge(answer.StatusCode, await BodyAsync(answer), 400, code, route) is { } wrong) return wrong;
            }

            return null;
        });
    }

    [Fact]
    public async Task Another_subscription_is_not_found()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await CheckAsync(host, ManagementRoute.All.Where(route => route.Pattern.Contains("{s", StringComparison.Ordinal)), async route =>
        {
            var foreign = PathOf(route).Replace(ControlClient.Subscription, "/subscriptions/" + Guid.Empty, StringComparison.Ordinal);
            var (status, body) = await owner.SendAsync(route.Method, foreign, BodyOf(route));
            return Judge(status, body, 404, "SubscriptionNotFound", route);
        });
    }

    [Fact]
    public async Task A_property_that_nobody_knows_is_named()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await CheckAsync(host, TakingBodies, async route =>
        {
            var (status, body) = await owner.SendAsync(route.Method, PathOf(route), """{"whatIsThis":true}""");
            return Judge(status, body, 400, "InvalidRequestContent", route) ?? (MessageOf(body).Contains("'whatIsThis'", StringComparison.Ordinal) ? null : $"it says {MessageOf(body)}");
        });
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("""{"properties":[],"name":[],"tokenId":[]}""")]
    [InlineData("""{"properties":"text","name":{},"tokenId":1,"tags":"text"}""")]
    public async Task A_value_of_another_type_is_refused(string sent)
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await CheckAsync(host, TakingBodies, async route =>
        {
            var (status, body) = await owner.SendAsync(route.Method, PathOf(route), sent);
            return Judge(status, body, 400, "InvalidRequestContent", route);
        });
    }

    [Fact]
    public async Task The_case_of_a_path_makes_no_difference()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await CheckAsync(host, ManagementRoute.All.Where(route => route.Method is "GET" or "HEAD"), async route =>
        {
            // Names of scope maps, tokens and the like are names: they are written as they are.
            var path = PathOf(route);
            var (status, body) = await owner.SendAsync(route.Method, path);
            foreach (var literal in path.Split('/').Where(part => route.Pattern.Split('/').Contains(part)).ToList())
                path = path.Replace($"/{literal}", $"/{literal.ToUpperInvariant()}", StringComparison.Ordinal);
            var (other, otherBody) = await owner.SendAsync(route.Method, path);
            return (status, Text(body)) == (other, Text(otherBody)) ? null : $"{(int)status} {body} became {(int)other} {otherBody}";
        });

        static string Text(JsonElement body) => body.ValueKind == JsonValueKind.Undefined ? "" : body.GetRawText().ToUpperInvariant();
    }

    private static async Task CheckAsync(RegistryHost host, IEnumerable<ManagementRoute> routes, Func<ManagementRoute, Task<string?>> findFault)
    {
        var before = await LedgerAsync(host);
        List<string> wrong = [];
        var looked = 0;
        foreach (var route in routes)
        {
            looked++;
            if (await findFault(route) is { } fault) wrong.Add($"{route.Name}: {fault}");
        }

        Assert.Equal("", string.Join('\n', wrong));
        Assert.True(looked > 10);
        Assert.Equal(before, await LedgerAsync(host));
    }

    private static string? Judge(HttpStatusCode found, JsonElement body, int status, string code, ManagementRoute route)
    {
        if (route.Method == "HEAD") return (int)found == status ? null : $"it gave {(int)found}";
        return (int)found == status && body.ValueKind == JsonValueKind.Object && body.GetProperty("error").GetProperty("code").GetString() == code && MessageOf(body).Length > 20
            ? null
            : $"it gave {(int)found} {body}";
    }

    private static string MessageOf(JsonElement body) => body.GetProperty("error").GetProperty("message").GetString()!;

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    // What is there, so that the request would do something but for what is wrong with it.
    private static string PathOf(ManagementRoute route) => route.Pattern.Replace("{scope}", ControlClient.Local).Replace("{subscription}", "subscription").Replace("{group}", "default")
        .Replace("{registry}", route.Name == "registries.delete" ? "second" : "local").Replace("{map}", "keeper-map").Replace("{token}", "keeper").Replace("{identity}", "builder")
        .Replace("{credential}", "main").Replace("{role}", Role).Replace("{assignment}", Assignment).Replace("{lock}", "keep").Replace("{provider}", "Microsoft.ContainerRegistry")
        .Replace("{linkGroup}", "registry").Replace("{", "").Replace("}", "");

    private static string? BodyOf(ManagementRoute route) =>
        route.Method is "PUT" or "PATCH" or "POST" ? """{"location":"elsewhere","tags":{"a":"b"}}""" : null;

    private static async Task<long> LedgerAsync(RegistryHost host) => (await host.Metadata.ReadLedgerAsync(0, 10_000, CancellationToken.None)).Count;

    private static async Task<RegistryHost> StartAsync()
    {
        var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (user, objectId) = await ControlClient.NewUserAsync(host, "ann@example.test");
        user.Dispose();
        await PutAsync(ControlClient.Registries + "/second", """{"sku":{"name":"Basic"}}""");
        await PutAsync(ControlClient.Local + "/scopeMaps/keeper-map", """{"properties":{"actions":["repositories/a/content/read"]}}""");
        await PutAsync(ControlClient.Local + "/tokens/keeper", $$"""{"properties":{"scopeMapId":"{{ControlClient.Local}}/scopeMaps/keeper-map"} }""");
        await PutAsync(ControlClient.Identities + "/builder", """{"location":"local"}""");
        await PutAsync(
            ControlClient.Identities + "/builder/federatedIdentityCredentials/main",
            """{"properties":{"issuer":"https://issuer.example","subject":"s","audiences":["api://AzureADTokenExchange"]}}""");
        await PutAsync(
            $"{ControlClient.Subscription}/providers/Microsoft.Authorization/roleDefinitions/{Role}",
            """{"properties":{"roleName":"Own","assignableScopes":["/subscriptions/subscription"],"permissions":[{"actions":["Microsoft.ContainerRegistry/registries/pull/read"]}]}}""");
        await PutAsync($"{ControlClient.Local}/providers/Microsoft.Authorization/roleAssignments/{Assignment}", ControlClient.AssignmentOf(Role, objectId));
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"adminUserEnabled":true}}""");
        await owner.ExpectAsync(HttpStatusCode.OK, "POST", ControlClient.Local + "/listCredentials");
        return host;

        async Task PutAsync(string path, string body) => await owner.ExpectAsync(HttpStatusCode.Created, "PUT", path, body);
    }
}
