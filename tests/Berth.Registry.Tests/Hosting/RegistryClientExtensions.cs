using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Berth.Oci;

namespace Berth.Registry.Tests.Hosting;

/// <summary>The few requests that the scenarios are made of; each answers the status.</summary>
internal static class RegistryClientExtensions
{
    public static async Task<HttpStatusCode> PushBlobAsync(this HttpClient client, string repository, byte[] content, string? actor = null)
    {
        var digest = Digest.Compute(DigestAlgorithm.Sha256, content);
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest={digest}") { Content = new ByteArrayContent(content) };
        return (await client.SendAsAsync(request, actor)).StatusCode;
    }

    /// <summary>The same in two requests: one for a session, one with all bytes.</summary>
    public static async Task<HttpStatusCode> PushBlobByPutAsync(this HttpClient client, string repository, byte[] content, string? actor = null)
    {
        var opened = await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/"), actor);
        if (opened.StatusCode != HttpStatusCode.Accepted) return opened.StatusCode;
        var finish = $"{opened.Headers.Location!.OriginalString}?digest={Digest.Compute(DigestAlgorithm.Sha256, content)}";
        return (await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Put, finish) { Content = new ByteArrayContent(content) }, actor)).StatusCode;
    }

    public static async Task<HttpStatusCode> MountAsync(this HttpClient client, string repository, Digest digest, string? from, string? actor = null)
    {
        var query = from is null ? "" : $"&from={from}";
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?mount={digest}{query}");
        return (await client.SendAsAsync(request, actor)).StatusCode;
    }

    public static async Task<HttpStatusCode> HeadBlobAsync(this HttpClient client, string repository, Digest digest, string? actor = null) =>
        (await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/{repository}/blobs/{digest}"), actor)).StatusCode;

    public static async Task<(HttpStatusCode Status, byte[] Body)> GetBlobAsync(this HttpClient client, string repository, Digest digest, string? actor = null)
    {
        var answer = await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Get, $"/v2/{repository}/blobs/{digest}"), actor);
        return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync());
    }

    public static async Task<HttpStatusCode> DeleteBlobAsync(this HttpClient client, string repository, Digest digest, string? actor = null) =>
        (await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Delete, $"/v2/{repository}/blobs/{digest}"), actor)).StatusCode;

    public static async Task<HttpStatusCode> PutManifestAsync(
        this HttpClient client, string repository, string reference, byte[] manifest, string mediaType = MediaTypes.OciManifest, string? actor = null)
    {
        var content = new ByteArrayContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } };
        var request = new HttpRequestMessage(HttpMethod.Put, $"/v2/{repository}/manifests/{reference}") { Content = content };
        return (await client.SendAsAsync(request, actor)).StatusCode;
    }

    public static async Task<HttpStatusCode> GetManifestAsync(this HttpClient client, string repository, string reference, string? actor = null) =>
        (await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Get, $"/v2/{repository}/manifests/{reference}"), actor)).StatusCode;

    public static async Task<HttpStatusCode> DeleteManifestAsync(this HttpClient client, string repository, string reference, string? actor = null) =>
        (await client.SendAsAsync(new HttpRequestMessage(HttpMethod.Delete, $"/v2/{repository}/manifests/{reference}"), actor)).StatusCode;

    public static Task<HttpResponseMessage> SendAsAsync(this HttpClient client, HttpRequestMessage request, string? actor)
    {
        if (actor is not null) request.Headers.Add("X-Actor", actor);
        return client.SendAsync(request);
    }

    /// <summary>An image manifest over one blob, which is both its config and its only layer.</summary>
    public static byte[] Image(byte[] blob)
    {
        var descriptor = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{Digest.Compute(DigestAlgorithm.Sha256, blob)}}","size":{{blob.Length}}}""";
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{descriptor}},"layers":[{{descriptor}}]}""");
    }

    /// <summary>An index over manifests.</summary>
    public static byte[] Index(params byte[][] manifests)
    {
        var children = manifests.Select(m =>
            $$"""{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{Digest.Compute(DigestAlgorithm.Sha256, m)}}","size":{{m.Length}}}""");
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', children)}}]}""");
    }
}
