using System.Net;
using System.Text.Json;
using Berth.Registry.Management;
using Berth.Registry.Network;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Management;

/// <summary>A server with one of each kind of resource, and the control plane's routes as requests to it.</summary>
internal sealed class RouteRig : IAsyncDisposable
{
    private const string Role = "11111111-2222-3333-4444-555555555555";
    private const string Assignment = "66666666-7777-8888-9999-000000000000";

    private static readonly PrivateListener Listener = new(new IPEndPoint(IPAddress.Parse("10.1.0.5"), 5443), "local");

    // Whatever their body says, they change nothing.
    private static readonly HashSet<string> WithoutBody = [.. AbsentChildEndpoints.Routes.Select(route => route.Name), "providers.register"];

    private RouteRig(RegistryHost host, ControlClient owner, string objectId) => (Host, Owner, ObjectId) = (host, owner, objectId);

    public RegistryHost Host { get; }

    public ControlClient Owner { get; }

    /// <summary>The person who has a role.</summary>
    public string ObjectId { get; }

    /// <summary>The routes that read a body.</summary>
    public static IEnumerable<ManagementRoute> TakingBodies => ManagementRoute.All.Where(route => route.Method is "PUT" or "PATCH" or "POST" && !WithoutBody.Contains(route.Name));

    public static async Task<RouteRig> StartAsync()
    {
        var host = await RegistryHost.StartAsync(options: new RegistryOptions { Network = new NetworkOptions { PrivateListeners = [Listener] } });
        var owner = await ControlClient.OfOwnerAsync(host);
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
        return new RouteRig(host, owner, objectId);

        async Task PutAsync(string path, string body) => await owner.ExpectAsync(HttpStatusCode.Created, "PUT", path, body);
    }

    /// <summary>Asks each route something, says what was wrong with each answer, and makes sure that nothing was changed.</summary>
    public async Task CheckAsync(IEnumerable<ManagementRoute> routes, Func<ManagementRoute, Task<string?>> findFault)
    {
        var before = await StateAsync();
        List<string> wrong = [];
        var looked = 0;
        foreach (var route in routes)
        {
            looked++;
            if (await findFault(route) is { } fault) wrong.Add($"{route.Name}: {fault}");
        }

        Assert.Equal("", string.Join('\n', wrong));
        Assert.True(looked > 10);
        Assert.Equal(before, await StateAsync());
    }

    /// <summary>What is wrong with an answer that should be this error; null for nothing.</summary>
    public static string? Judge(HttpStatusCode found, JsonElement body, int status, string code, ManagementRoute route)
    {
        if (route.Method == "HEAD") return (int)found == status ? null : $"it gave {(int)found}";
        return (int)found == status && body.ValueKind == JsonValueKind.Object && body.GetProperty("error").GetProperty("code").GetString() == code && MessageOf(body).Length > 20
            ? null
            : $"it gave {(int)found} {body}";
    }

    /// <summary>An error's message.</summary>
    public static string MessageOf(JsonElement body) => body.GetProperty("error").GetProperty("message").GetString()!;

    /// <summary>An answer's body; nothing for an empty one.</summary>
    public static async Task<JsonElement> BodyAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The path of what is there, so that the request would do something but for what is wrong with it.</summary>
    public static string PathOf(ManagementRoute route) => PathOf(route, route.Pattern);

    /// <summary>The same for a pattern that some of the names are in already.</summary>
    public static string PathOf(ManagementRoute route, string pattern) => pattern.Replace("{scope}", ControlClient.Local).Replace("{subscription}", "subscription").Replace("{group}", "default")
        .Replace("{registry}", route.Name == "registries.delete" ? "second" : "local").Replace("{map}", "keeper-map").Replace("{token}", "keeper").Replace("{identity}", "builder")
        .Replace("{credential}", "main").Replace("{role}", Role).Replace("{assignment}", Assignment).Replace("{lock}", "keep").Replace("{provider}", "Microsoft.ContainerRegistry")
        .Replace("{linkGroup}", "registry").Replace("{connectionName}", Listener.ConnectionName).Replace("{tagsName}", "default").Replace("{", "").Replace("}", "");

    /// <summary>A body that would change something, for a route that takes one.</summary>
    public static string? BodyOf(ManagementRoute route) =>
        route.Method is "PUT" or "PATCH" or "POST" ? """{"location":"elsewhere","tags":{"a":"b"}}""" : null;

    public async ValueTask DisposeAsync()
    {
        Owner.Dispose();
        await Host.DisposeAsync();
    }

    /// <summary>All that the control plane shows, and how much was ever changed.</summary>
    public async Task<string> StateAsync()
    {
        List<string> state = [$"{(await Host.Metadata.ReadLedgerAsync(0, 10_000, CancellationToken.None)).Count} records"];
        foreach (var route in ManagementRoute.All.Where(route => route.Method == "GET" && route.Name != "activity.list"))
        {
            var (status, body) = await Owner.SendAsync("GET", PathOf(route));
            state.Add($"{route.Name}: {(int)status} {body}");
        }

        return string.Join('\n', state);
    }
}
