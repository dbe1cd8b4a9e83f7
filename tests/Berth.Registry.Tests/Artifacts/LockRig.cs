using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Artifacts;

/// <summary>A repository with two images, a blob that none of them names and an open upload, and a blob elsewhere; emptied at its end.</summary>
internal sealed class LockRig : IAsyncDisposable
{
    private const string Repo = "team/app";

    private readonly RegistryHost _host;

    private LockRig(RegistryHost host) => _host = host;

    public byte[] Manifest { get; } = RegistryClientExtensions.Image("one"u8.ToArray());

    public byte[] OtherManifest { get; } = RegistryClientExtensions.Image("two"u8.ToArray());

    public byte[] NewManifest { get; } = RegistryClientExtensions.Image("free"u8.ToArray());

    public Digest Digest => Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, Manifest);

    public Digest Other => Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, OtherManifest);

    public Digest Free { get; } = Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "free"u8);

    public Digest Elsewhere { get; } = Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "elsewhere"u8);

    public string Upload { get; private set; } = "";

    public static async Task<LockRig> StartAsync(RegistryHost host)
    {
        var rig = new LockRig(host);
        await PushAsync(host, Repo, "one", "v1");
        await PushAsync(host, Repo, "two", "other");
        await PushAsync(host, "other/app", "elsewhere", "v1");
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, "free"u8.ToArray()));
        using var start = await rig.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/");
        rig.Upload = start.Headers.Location!.OriginalString;
        return rig;
    }

    public Task<HttpResponseMessage> PutAsync(string reference, byte[] manifest) => SendAsync("PUT", $"/v2/{Repo}/manifests/{reference}", manifest, MediaTypes.OciManifest);

    public async Task<HttpResponseMessage> SendAsync(string method, string path, byte[]? body = null, string? type = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new ByteArrayContent(body);
        if (type is not null) request.Content!.Headers.ContentType = new(type);
        return await _host.Client.SendAsync(request);
    }

    /// <summary>What the repository holds, and how many changes there were.</summary>
    public async Task<string> StateAsync()
    {
        var text = "";
        foreach (var path in (string[])[$"/acr/v1/{Repo}", $"/acr/v1/{Repo}/_tags", $"/acr/v1/{Repo}/_manifests"])
            text += (await _host.Client.JsonAsync(path)).ToString();
        foreach (var blob in (Digest[])[Free, Elsewhere, Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "new"u8), Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, "uploaded"u8)])
            text += await _host.Client.HeadBlobAsync(Repo, blob);
        return text + (await _host.Metadata.ReadLedgerAsync(0, 10_000, CancellationToken.None))[^1].Number;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var what in (string[])[$"{Repo}/_tags/v1", $"{Repo}/_manifests/{Digest}", Repo])
            await _host.Client.ChangeAsync(what, """{"writeEnabled":true,"deleteEnabled":true,"readEnabled":true,"listEnabled":true}""");
        foreach (var repository in (string[])[Repo, "other/app"])
            (await SendAsync("DELETE", $"/acr/v1/{repository}")).Dispose();
        foreach (var content in (string[])["one", "two", "free", "new", "uploaded", "elsewhere"])
            await _host.Client.DeleteBlobAsync(Repo, Berth.Oci.Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(content)));
    }

    /// <summary>What the metadata API says of a repository, a tag or a manifest.</summary>
    public static async Task<JsonElement> ShownAsync(RegistryHost host, string what)
    {
        var body = await host.Client.JsonAsync($"/acr/v1/{what}");
        return body.TryGetProperty("tag", out var tag) ? tag : body.TryGetProperty("manifest", out var manifest) ? manifest : body;
    }
}
