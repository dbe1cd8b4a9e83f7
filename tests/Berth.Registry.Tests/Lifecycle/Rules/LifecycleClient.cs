using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>The requests about lifecycle rules that its tests are made of.</summary>
internal static class LifecycleClient
{
    public const string Old = """{"name":"old","repositories":["**"],"olderThan":"30d","action":"delete"}""";

    public static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(this RegistryHost host, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(LifecycleRoute.Prefix + path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        using var document = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return (answer.StatusCode, document.RootElement.Clone());
    }

    /// <summary>A preview, or a run, that was made and is as the state says.</summary>
    public static async Task<JsonElement> MakeAsync(this RegistryHost host, string path, string body, string state = "done")
    {
        var (status, plan) = await host.SendAsync("POST", path, body);
        Assert.True(status == HttpStatusCode.Created, $"{status} {plan}");
        Assert.True(plan.GetProperty("state").GetString() == state, plan.ToString());
        return plan;
    }

    public static Task<JsonElement> PreviewAsync(this RegistryHost host, params string[] rules) => host.MakeAsync("previews", Rules(rules));

    public static Task<JsonElement> RunAsync(this RegistryHost host, params string[] rules) => host.MakeAsync("runs", Rules(rules));

    /// <summary>A run that was evaluated, and that its process left before it did anything.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="rule">Its rule, with a name.</param>
    /// <param name="preview">The preview that it must not differ from; null for none.</param>
    public static async Task<JsonElement> LeaveEvaluatedAsync(this RegistryHost host, string rule, long? preview = null)
    {
        var registry = (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Id;
        var asked = new NewLifecyclePlan(registry, IsRun: true, RuleWriter.Text(RuleReader.ReadAll($"[{rule}]")), preview, MaxDifference: 0, Cause: "manual");
        var id = (await host.Metadata.CreateLifecyclePlanAsync(asked, Caller.System, CancellationToken.None))!.Value;
        var lease = (await host.Metadata.LeaseLifecycleAsync(registry, CancellationToken.None))!;
        var plan = (await host.Metadata.FindLifecyclePlanAsync(registry, id, CancellationToken.None))!;
        await host.Services.GetRequiredService<PlanMaker>().MakeAsync(lease, plan, CancellationToken.None);
        await host.Metadata.SetLifecycleStateAsync(lease, id, LifecyclePlanState.Acting, null, CancellationToken.None);
        return (await host.SendAsync("GET", $"runs/{id}")).Body;
    }

    /// <summary>What a plan takes, as <c>repository:tag</c> and <c>repository@digest</c>.</summary>
    public static async Task<List<string>> TakenAsync(this RegistryHost host, JsonElement plan, string path = "previews") =>
        [.. (await host.ItemsAsync(plan, path, kept: false)).Select(NameOf)];

    /// <summary>What something keeps, each with the reason.</summary>
    public static async Task<List<string>> KeptAsync(this RegistryHost host, JsonElement plan, string path = "previews") =>
        [.. (await host.ItemsAsync(plan, path, kept: true)).Select(item => $"{NameOf(item)} {item.GetProperty("reason").GetString()}")];

    public static async Task<List<JsonElement>> ItemsAsync(this RegistryHost host, JsonElement plan, string path, bool kept)
    {
        var items = new List<JsonElement>();
        string? next = $"{LifecycleRoute.Prefix}{path}/{plan.GetProperty("id").GetInt64()}/items?n=3&kept={(kept ? "true" : "false")}";
        while (next is not null)
        {
            (var body, next) = await host.Client.PageAsync(next);
            items.AddRange(body.GetProperty("items").EnumerateArray());
        }

        return items;
    }

    public static async Task<List<string>> TagsAsync(this RegistryHost host, string repository)
    {
        using var answer = await host.Client.GetAsync(new Uri($"/v2/{repository}/tags/list", UriKind.Relative));
        if (answer.StatusCode == HttpStatusCode.NotFound) return [];
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return [.. document.RootElement.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)];
    }

    /// <summary>Pushes an artifact that refers to a manifest; by its digest, or under tags.</summary>
    public static async Task<Digest> PushReferrerAsync(this RegistryHost host, string repository, string text, Digest subject, int size, params string[] tags)
    {
        var blob = Encoding.UTF8.GetBytes(text);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(repository, blob));
        var image = Encoding.UTF8.GetString(RegistryClientExtensions.Image(blob));
        var manifest = Encoding.UTF8.GetBytes($$"""{{image[..^1]}},"subject":{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{subject}}","size":{{size}} } }""");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, manifest);
        foreach (var reference in tags.Length > 0 ? tags : [digest.ToString()])
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, reference, manifest));
        return digest;
    }

    public static int SizeOf(string text) => RegistryClientExtensions.Image(Encoding.UTF8.GetBytes(text)).Length;

    public static string Rules(params string[] rules) => $$"""{"rules":[{{string.Join(',', rules)}}]}""";

    private static string NameOf(JsonElement item) =>
        $"{item.GetProperty("repository").GetString()}{(item.GetProperty("kind").GetString() == "tag" ? ':' : '@')}{item.GetProperty("name").GetString()}";
}
