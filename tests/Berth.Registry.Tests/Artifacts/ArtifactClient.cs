using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Artifacts;

/// <summary>The requests to <c>/acr/v1</c> and the images that its tests are made of.</summary>
internal static class ArtifactClient
{
    /// <summary>Pushes an image of a text under tags; the result is its digest.</summary>
    public static async Task<Digest> PushAsync(RegistryHost host, string repository, string text, params string[] tags)
    {
        var layer = Encoding.UTF8.GetBytes(text);
        var manifest = RegistryClientExtensions.Image(layer);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(repository, layer));
        var digest = Digest.Compute(DigestAlgorithm.Sha256, manifest);
        foreach (var reference in tags.Length > 0 ? tags : [digest.ToString()])
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, reference, manifest));
        return digest;
    }

    /// <summary>The JSON at a path, which must be answered with 200.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpClient client, string path) => (await client.PageAsync(path)).Body;

    /// <summary>One page of a list, and where the next one is.</summary>
    public static async Task<(JsonElement Body, string? Next)> PageAsync(this HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        var next = answer.Headers.TryGetValues("Link", out var links) ? links.Single() : null;
        return (document.RootElement.Clone(), next?[1..next.IndexOf('>', StringComparison.Ordinal)]);
    }

    /// <summary>What the entries of all pages of a list have under a name; something may happen between two pages.</summary>
    public static async Task<List<string>> WalkAsync(this HttpClient client, string path, string list, string name, Func<int, Task>? between = null)
    {
        var walked = new List<string>();
        var next = path;
        for (var pages = 0; next is not null; pages++)
        {
            Assert.InRange(pages, 0, 1000);
            if (between is not null && pages > 0) await between(pages);
            (var body, next) = await client.PageAsync(next);
            walked.AddRange(body.GetProperty(list).EnumerateArray().Select(entry => entry.GetProperty(name).GetString()!));
        }

        return walked;
    }

    /// <summary>Changes what a path under <c>/acr/v1/</c> names.</summary>
    public static async Task<(HttpStatusCode Status, JsonElement Body)> ChangeAsync(this HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PatchAsync(new Uri($"/acr/v1/{path}", UriKind.Relative), content);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, document.RootElement.Clone());
    }

    /// <summary>Changes one flag of what a path under <c>/acr/v1/</c> names.</summary>
    public static async Task SetAsync(this HttpClient client, string path, string flag, bool enabled)
    {
        var (status, body) = await client.ChangeAsync(path, $$"""{"{{flag}}":{{(enabled ? "true" : "false")}}}""");
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {body}");
    }

    /// <summary>The names of an object's properties.</summary>
    public static IEnumerable<string> Names(this JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    /// <summary>The flags of a thing that are false.</summary>
    public static IEnumerable<string> Locked(this JsonElement element) =>
        element.GetProperty("changeableAttributes").EnumerateObject().Where(flag => !flag.Value.GetBoolean()).Select(flag => flag.Name);
}
