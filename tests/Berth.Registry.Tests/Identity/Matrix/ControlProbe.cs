using System.Text;
using System.Text.RegularExpressions;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Directory;
using Berth.Registry.Identity.Evidence;
using Berth.Registry.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>Requests for the rows of the control plane's and the directory's route tables, what each needs as Azure names it, and the things they are about.</summary>
internal static partial class ControlProbe
{
    private const string CustomRole = "11111111-2222-3333-4444-555555555555";
    private const string Assignment = "66666666-7777-8888-9999-000000000000";

    // Whose names do not follow from the path.
    private static readonly Dictionary<string, string> Named = new(StringComparer.Ordinal)
    {
        ["activity.list"] = "Microsoft.Insights/eventtypes/values/read",
        ["deleted-registries.recover"] = "Microsoft.ContainerRegistry/registries/write",
        ["registries.check-name"] = "Microsoft.ContainerRegistry/checkNameAvailability/read",
        ["resources.list"] = "Microsoft.ContainerRegistry/registries/read",
        ["resources.list-of-group"] = "Microsoft.ContainerRegistry/registries/read",
    };

    // Found by their type, so that calls of a new kind are met here at once.
    public static List<GraphRoute> GraphRoutes(MatrixHost matrix)
    {
        var routes = typeof(GraphRoute).Assembly.GetTypes().Where(type => type.Namespace == typeof(GraphRoute).Namespace)
            .Select(type => (Type: type, Routes: type.GetProperty("Routes"))).Where(found => found.Routes?.PropertyType == typeof(IReadOnlyList<GraphRoute>))
            .SelectMany(found => (IReadOnlyList<GraphRoute>)found.Routes!.GetValue(matrix.Host.Services.GetRequiredService(found.Type))!).ToList();
        Assert.True(routes.Count >= 39, $"{routes.Count} calls of the directory were found.");
        return routes;
    }

    // About a registry, or about what belongs to none.
    public static List<string> EvidencePaths(MatrixHost matrix, string? registry)
    {
        var about = registry is null ? EvidenceSubject.Installation : EvidenceSubject.Registry;
        var routes = matrix.Host.Services.GetServices<IFeatureRoutes>().OfType<EvidenceEndpoints>().Single().Routes.Where(route => route.About.HasFlag(about)).ToList();
        Assert.True(routes.Count >= (registry is null ? 2 : 6), $"{routes.Count} questions were found.");
        return [.. routes.SelectMany(route => QueriesOf(route.Question).Select(query => $"/berth/v1/{(registry is null ? "" : $"registries/{registry}/")}access/{route.Question}{query}"))];
    }

    private static string[] QueriesOf(string question) => question switch
    {
        "report" => ["?principal=owner", "?repository=team/app"],
        "explain" => ["?principal=owner&repository=team/app&action=ContentRead"],
        _ => [""],
    };

    public static string ActionOf(ManagementRoute route)
    {
        if (Named.TryGetValue(route.Name, out var named)) return named;
        var parts = route.Pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var below = Array.LastIndexOf(parts, "providers") is >= 0 and var at ? parts[(at + 1)..] : ["Microsoft.Resources", .. parts];
        var type = string.Join('/', below.Where(part => part[0] != '{'));
        return route.Method switch
        {
            "GET" or "HEAD" => type + "/read",
            "PUT" or "PATCH" => type + "/write",
            "DELETE" => type + "/delete",
            _ => type + "/action",
        };
    }

    // What is really there if the call must be refused, and otherwise something that is not.
    public static string PathOf(ManagementRoute route, string registry, bool real)
    {
        var (absent, removes) = ("absent-thing", route.Method == "DELETE" && !real);
        var scope = $"/subscriptions/subscription/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/{registry}";
        var path = route.Pattern.Replace("{scope}", scope).Replace("{subscription}", "subscription").Replace("{group}", removes && route.Name == "groups.delete" ? absent : "default")
            .Replace("{registry}", removes ? absent : registry).Replace("{map}", "keeper").Replace("{token}", "keeper").Replace("{identity}", removes ? absent : "builder")
            .Replace("{credential}", "main").Replace("{role}", removes ? Guid.Empty.ToString() : CustomRole).Replace("{assignment}", removes ? Guid.Empty.ToString() : Assignment);
        path = OtherName().Replace(path, absent);
        Assert.DoesNotContain('{', path);
        return $"{path}?api-version=2023-07-01";
    }

    public static string? BodyOf(ManagementRoute route, bool real) => route.Method switch
    {
        "GET" or "HEAD" or "DELETE" => null,
        "POST" when real => """{"name":"password","type":"Microsoft.ContainerRegistry/registries"}""",
        _ => real ? """{"location":"local","sku":{"name":"Basic"},"properties":{"adminUserEnabled":true,"anonymousPullEnabled":true}}""" : "{",
    };

    public static HttpRequestMessage RequestOf(string method, string path, string? body) => new(new HttpMethod(method), new Uri(path, UriKind.Relative))
    {
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
    };

    public static async Task FillAsync(MatrixHost matrix)
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

    // Of kinds that there is nothing of.
    [GeneratedRegex(@"\{[A-Za-z]+\}")]
    private static partial Regex OtherName();
}
