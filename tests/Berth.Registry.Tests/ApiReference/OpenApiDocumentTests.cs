using System.Net;
using System.Text.RegularExpressions;
using Berth.Registry.ApiReference;
using Berth.Registry.Artifacts;
using Berth.Registry.Distribution;
using Berth.Registry.Identity.Authority;
using Berth.Registry.Identity.Directory;
using Berth.Registry.Identity.Evidence;
using Berth.Registry.Lifecycle.Quarantines;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Lifecycle.TagRules;
using Berth.Registry.Lifecycle.Usage;
using Berth.Registry.Lifecycle.Workloads;
using Berth.Registry.Management;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Berth.Registry.Tests.ApiReference;

/// <summary>The API's document: it holds every route of the tables, and is an OpenAPI document by the judgement of a library that reads them.</summary>
public sealed partial class OpenApiDocumentTests
{
    [Fact]
    public async Task A_reader_of_such_documents_finds_no_fault_with_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var nobody = host.WithoutCredential();

        var text = await nobody.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        var read = Microsoft.OpenApi.OpenApiDocument.Parse(text, "json");

        Assert.Empty(read.Diagnostic?.Errors.Select(error => error.ToString()) ?? []);
        Assert.Empty(read.Diagnostic?.Warnings.Select(warning => warning.ToString()) ?? []);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic?.SpecificationVersion);
        Assert.True(read.Document?.Paths.Count > 100);
    }

    [Fact]
    public async Task Every_route_of_every_table_is_in_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var document = await ApiDocument.FetchAsync(host);
        var held = document.Operations.Values.Select(operation => (operation.Method, operation.Path)).ToHashSet();
        var features = host.Services.GetServices<IFeatureRoutes>().ToList();

        // Each table by itself, and not through what describes it.
        Assert.Empty(ManagementRoute.All.Select(route => (route.Method, "/" + route.Pattern.TrimStart('/'))).Except(held));
        Assert.Empty(DistributionRoute.All.SelectMany(route => route.AnswersHead ? [route.Name, route.Name + ".head"] : new[] { route.Name }).Except(document.Operations.Keys));
        Assert.Empty(ArtifactRoute.All.Select(route => route.Name).Except(document.Operations.Keys));
        Assert.Empty(WorkloadRoute.All.Select(route => route.Name).Except(document.Operations.Keys));
        Assert.Empty(TagRuleRoute.All.Select(route => (route.Method, route.Path)).Except(held));
        Assert.Empty(QuarantineRoute.All.Select(route => (route.Method, route.Path)).Except(held));
        Assert.Empty(UsageRoute.All.Select(route => (route.Method, route.Path)).Except(held));
        Assert.Empty(LifecycleRoute.All.Select(route => (route.Method, route.Path)).Except(held));
        var evidence = features.OfType<EvidenceEndpoints>().Single().Routes;
        Assert.Empty(evidence.Select(route => ("GET", $"/berth/v1/registries/{{registry}}/access/{route.Question}")).Except(held));
        Assert.Empty(evidence.Where(route => route.About.HasFlag(EvidenceSubject.Installation)).Select(route => ("GET", $"/berth/v1/access/{route.Question}")).Except(held));
        Assert.Equal(RoutesOf<DirectoryEndpoints>(features), document.Operations.Keys.Count(name => name.StartsWith("directory.", StringComparison.Ordinal)));
        Assert.Superset(new HashSet<string> { "issuer-keys.list", "issuer-keys.put", "issuer-keys.delete", "token-service.password", "token-service.form", "token-service.exchange" }, document.Operations.Keys.ToHashSet());
        var authority = held.Where(operation => AuthorityPath.TryParse(operation.Path.Replace("{tenant}", "common", StringComparison.Ordinal), out _))
            .Select(operation => Parse(operation.Path).Route).Distinct();
        Assert.Equal(Enum.GetValues<AuthorityRoute>().Where(route => route != AuthorityRoute.None), authority.Order());

        static int RoutesOf<T>(IEnumerable<IFeatureRoutes> features) where T : IFeatureRoutes => features.OfType<T>().Single().Calls.Count();

        static AuthorityPath Parse(string path) => AuthorityPath.TryParse(path.Replace("{tenant}", "common", StringComparison.Ordinal), out var found) ? found : default;
    }

    [Fact]
    public void Every_route_of_the_control_plane_is_described()
    {
        Assert.Empty(ManagementDescription.Undescribed);
        Assert.Empty(RouteNotes.All.Keys.Except(ManagementRoute.All.Select(route => route.Name)));
    }

    [Fact]
    public async Task Every_path_that_needs_a_credential_leads_to_who_asks_for_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var document = await ApiDocument.FetchAsync(host);
        using var client = host.WithoutCredential();
        List<string> wrong = [];
        foreach (var (name, (path, method, value)) in document.Operations)
        {
            var security = value.GetProperty("security");
            if (security.GetArrayLength() == 0 || security.EnumerateArray().Any(way => !way.EnumerateObject().Any())) continue;
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Fill(path), UriKind.Relative));
            using var answer = await client.SendAsync(request);
            if (answer.StatusCode != HttpStatusCode.Unauthorized) wrong.Add($"{name}: {(int)answer.StatusCode}");
        }

        Assert.Empty(wrong);

        static string Fill(string path) => Braces().Replace(path.Replace("/{scope}", "", StringComparison.Ordinal), name => name.Value switch
        {
            "{name}" => "team/app",
            "{digest}" => "sha256:" + new string('a', 64),
            _ => "local",
        });
    }

    [Fact]
    public async Task What_it_refers_to_is_there_and_what_is_there_is_referred_to()
    {
        await using var host = await RegistryHost.StartAsync();
        var document = await ApiDocument.FetchAsync(host);
        var referred = Reference().Matches(document.Root.GetRawText()).Select(match => match.Groups[1].Value).ToHashSet();
        var components = document.Root.GetProperty("components");
        var there = new[] { "schemas", "responses" }.SelectMany(kind => components.GetProperty(kind).EnumerateObject().Select(each => $"{kind}/{each.Name}")).ToHashSet();

        Assert.Empty(referred.Except(there));
        Assert.Empty(there.Except(referred));
    }

    [Fact]
    public async Task A_path_s_names_are_its_parameters_and_every_operation_says_what_it_does()
    {
        await using var host = await RegistryHost.StartAsync();
        var document = await ApiDocument.FetchAsync(host);
        foreach (var path in document.Root.GetProperty("paths").EnumerateObject())
        {
            var named = Braces().Matches(path.Name).Select(match => match.Value[1..^1]).ToList();
            var declared = path.Value.TryGetProperty("parameters", out var parameters)
                ? parameters.EnumerateArray().Where(each => each.GetProperty("in").GetString() == "path").Select(each => each.GetProperty("name").GetString()!).ToList()
                : [];
            Assert.Equal(named, declared);
        }

        Assert.All(document.Operations, operation => Assert.Matches(@"^[A-Z].*\.$", operation.Value.Value.GetProperty("summary").GetString()!));
        Assert.All(document.Operations, operation => Assert.NotEmpty(operation.Value.Value.GetProperty("responses").EnumerateObject()));
    }

    [Fact]
    public async Task It_and_the_page_are_anybody_s_to_read_and_nobody_s_to_write()
    {
        await using var host = await RegistryHost.StartAsync();
        using var nobody = host.WithoutCredential();
        foreach (var (path, type) in new[] { ("/openapi/v1.json", "application/json"), ("/docs/api", "text/html") })
        {
            using var shown = await nobody.GetAsync(new Uri(path, UriKind.Relative));
            using var head = await nobody.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
            using var posted = await nobody.PostAsync(new Uri(path, UriKind.Relative), null);

            Assert.Equal((HttpStatusCode.OK, type), (shown.StatusCode, shown.Content.Headers.ContentType?.MediaType));
            Assert.Equal((HttpStatusCode.OK, shown.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));
            Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET, HEAD"), (posted.StatusCode, string.Join(", ", posted.Content.Headers.Allow)));
            Assert.StartsWith("default-src 'none';", shown.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_page_shows_every_call_and_schema_and_needs_nothing_from_elsewhere()
    {
        await using var host = await RegistryHost.StartAsync();
        var document = await ApiDocument.FetchAsync(host);
        using var nobody = host.WithoutCredential();

        var page = await nobody.GetStringAsync(new Uri("/docs/api", UriKind.Relative));

        Assert.DoesNotContain(document.Operations.Keys, name => !page.Contains($"id=\"{name}\"", StringComparison.Ordinal));
        var anchors = Anchor().Matches(page).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.DoesNotContain(anchors, anchor => !page.Contains($"id=\"{anchor}\"", StringComparison.Ordinal));
        Assert.DoesNotMatch("(?i)<script|<link|<img|<iframe|src=|@import|url\\(|style=|href=\"(?![#/])", page);
    }

    [Fact]
    public async Task Nothing_of_it_is_made_before_somebody_asks()
    {
        await using var host = await RegistryHost.StartAsync();
        var reference = host.Services.GetServices<IFeatureRoutes>().OfType<ReferenceEndpoints>().Single();

        using var pulled = await host.Client.GetAsync(new Uri("/v2/", UriKind.Relative));

        Assert.False(reference.IsMade);
        await ApiDocument.FetchAsync(host);
        Assert.True(reference.IsMade);
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Braces();

    [GeneratedRegex("\"\\$ref\":\"#/components/([^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("href=\"#([^\"]+)\"")]
    private static partial Regex Anchor();
}
