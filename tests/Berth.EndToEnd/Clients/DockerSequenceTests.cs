using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Clients;

/// <summary>The requests of a docker engine (20.10), one by one on one connection: push by stream, mount, pull with its Accept lists, resume.</summary>
public sealed class DockerSequenceTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private const string Agent = "docker/20.10.24 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24 \\(linux\\))";

    private const string ManifestTypes =
        "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
        + "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v1+prettyjws, application/json";

    private readonly BlobContent _config = BlobContent.Config() with { MediaType = Types.DockerConfig };
    private readonly BlobContent[] _layers = [BlobContent.Layer(300_000) with { MediaType = Types.DockerLayer }, BlobContent.Layer(1) with { MediaType = Types.DockerLayer }];

    [Fact]
    public async Task A_login_asks_first_without_and_then_with_credentials()
    {
        await using var docker = await RawConnection.OpenAsync(Fixture.Endpoint);
        await docker.SendHeadAsync("GET", "/v2/", ("Authorization", ""), ("User-Agent", Agent));
        var challenge = (await docker.ReceiveAsync()).ExpectError(401, "UNAUTHORIZED").ExpectHeader("Docker-Distribution-Api-Version", "registry/2.0");
        Assert.Matches("^(Basic|Bearer) realm=\"", challenge.Header("WWW-Authenticate")!);
        await docker.SendHeadAsync("GET", "/v2/", ("User-Agent", Agent));
        (await docker.ReceiveAsync()).Expect(200).ExpectHeader("Docker-Distribution-Api-Version", "registry/2.0");
    }

    [Fact]
    public async Task A_push_and_a_pull_give_back_the_image_also_after_a_restart()
    {
        var manifest = await PushAsync(Repo);
        await PullAsync(Repo, manifest);
        await Fixture.RestartAsync();
        await PullAsync(Repo, manifest);
    }

    [Fact]
    public async Task A_push_to_a_second_repository_mounts_the_layers()
    {
        await PushAsync(Repo);
        await using var docker = await RawConnection.OpenAsync(Fixture.Endpoint);
        var other = $"{Repo}-other";
        foreach (var layer in _layers)
        {
            await ExchangeAsync(docker, "HEAD", $"/v2/{other}/blobs/{layer.Digest}", 404);
            var mounted = await ExchangeAsync(docker, "POST", $"/v2/{other}/blobs/uploads/?from={Uri.EscapeDataString(Repo)}&mount={Uri.EscapeDataString(layer.Digest)}", 201, ("Content-Length", "0"));
            Assert.Equal(layer.Digest, mounted.Digest);
            await ExchangeAsync(docker, "HEAD", $"/v2/{other}/blobs/{layer.Digest}", 200);
        }
    }

    [Fact]
    public async Task A_download_that_broke_off_is_resumed_by_its_range()
    {
        await PushAsync(Repo);
        var layer = _layers[0];
        byte[] first;
        await using (var broken = await RawConnection.OpenAsync(Fixture.Endpoint))
        {
            await broken.SendHeadAsync("GET", $"/v2/{Repo}/blobs/{layer.Digest}", ("User-Agent", Agent), ("Accept-Encoding", "identity"), ("Range", "bytes=0-99999"));
            first = (await broken.ReceiveAsync()).Expect(206).Body;
            await broken.SendHeadAsync("GET", $"/v2/{Repo}/blobs/{layer.Digest}", ("User-Agent", Agent));
            broken.Abort();
        }

        await using var docker = await RawConnection.OpenAsync(Fixture.Endpoint);
        var rest = await ExchangeAsync(docker, "GET", $"/v2/{Repo}/blobs/{layer.Digest}", 206, ("Range", $"bytes={first.Length}-"));
        Assert.Equal(layer.Bytes, (byte[])[.. first, .. rest.Body]);
    }

    [Fact]
    public async Task A_push_that_a_quota_has_no_room_for_is_denied_with_every_number()
    {
        await using var docker = await RawConnection.OpenAsync(Fixture.Endpoint);
        await LimitAsync(200_000);
        var opened = await ExchangeAsync(docker, "POST", $"/v2/{Repo}/blobs/uploads/", 202, ("Content-Length", "0"));
        await docker.SendHeadAsync("PATCH", Target(opened.Location), ("User-Agent", Agent), ("Transfer-Encoding", "chunked"), ("Accept-Encoding", "gzip"));
        foreach (var chunk in _layers[0].Bytes.Chunk(32 * 1024)) await docker.SendChunkAsync(chunk);
        await docker.SendChunkAsync([]);

        var denied = (await docker.ReceiveAsync()).ExpectError(403, "DENIED");

        Assert.Matches("is 200000 bytes: 0 are used, 0 are reserved by other uploads, and this needs [0-9]+ more", denied.Text);

        // On the next connection, as docker tries again: with room for the layers and none for the manifest.
        var blobs = _layers.Sum(layer => layer.Bytes.Length) + _config.Bytes.Length;
        await LimitAsync(blobs + 10);
        await using var again = await RawConnection.OpenAsync(Fixture.Endpoint);
        foreach (var blob in (BlobContent[])[.. _layers, _config])
        {
            var session = await ExchangeAsync(again, "POST", $"/v2/{Repo}/blobs/uploads/", 202, ("Content-Length", "0"));
            await again.SendHeadAsync("PUT", RegistryActions.With(Target(session.Location), $"digest={Uri.EscapeDataString(blob.Digest)}"), ("User-Agent", Agent), ("Content-Length", $"{blob.Bytes.Length}"));
            await again.SendAsync(blob.Bytes);
            (await again.ReceiveAsync()).Expect(201);
        }

        var manifest = ManifestContent.Image(_config, _layers, mediaType: Types.DockerManifest);
        await again.SendHeadAsync("PUT", $"/v2/{Repo}/manifests/latest", ("User-Agent", Agent), ("Content-Type", manifest.MediaType), ("Content-Length", $"{manifest.Bytes.Length}"));
        await again.SendAsync(manifest.Bytes);
        denied = (await again.ReceiveAsync()).ExpectError(403, "DENIED");
        Assert.Contains($"is {blobs + 10} bytes: {blobs} are used, 0 are reserved by other uploads, and this needs {manifest.Bytes.Length} more", denied.Text, StringComparison.Ordinal);
        await ExchangeAsync(again, "HEAD", $"/v2/{Repo}/manifests/latest", 404);

        async Task LimitAsync(long bytes) =>
            (await Client.PutAsync($"/berth/v1/quotas/repositories/{Repo}", Content.Utf8($$"""{"limit":{{bytes}}}"""), ("Content-Type", "application/json"))).Expect(200);
    }

    /// <summary>For each blob HEAD, POST, a PATCH of unknown length, PUT, HEAD; then the manifest by tag.</summary>
    private async Task<ManifestContent> PushAsync(string repository)
    {
        await using var docker = await RawConnection.OpenAsync(Fixture.Endpoint);
        foreach (var blob in (BlobContent[])[.. _layers, _config])
        {
            await ExchangeAsync(docker, "HEAD", $"/v2/{repository}/blobs/{blob.Digest}", 404);
            var opened = await ExchangeAsync(docker, "POST", $"/v2/{repository}/blobs/uploads/", 202, ("Content-Length", "0"));
            await docker.SendHeadAsync("PATCH", Target(opened.Location), ("User-Agent", Agent), ("Transfer-Encoding", "chunked"), ("Accept-Encoding", "gzip"));
            foreach (var chunk in blob.Bytes.Chunk(32 * 1024)) await docker.SendChunkAsync(chunk);
            await docker.SendChunkAsync([]);
            var patched = (await docker.ReceiveAsync()).Expect(202).ExpectHeader("Range", $"0-{blob.Bytes.Length - 1}");
            var put = await ExchangeAsync(
                docker, "PUT", RegistryActions.With(Target(patched.Location), $"digest={Uri.EscapeDataString(blob.Digest)}"), 201, ("Content-Length", "0"));
            Assert.Equal(blob.Digest, put.Digest);
            (await ExchangeAsync(docker, "HEAD", $"/v2/{repository}/blobs/{blob.Digest}", 200)).ExpectHeader("Content-Length", $"{blob.Bytes.Length}");
        }

        var manifest = ManifestContent.Image(_config, _layers, mediaType: Types.DockerManifest);
        await docker.SendHeadAsync(
            "PUT", $"/v2/{repository}/manifests/latest", ("User-Agent", Agent), ("Content-Type", manifest.MediaType), ("Content-Length", $"{manifest.Bytes.Length}"), ("Accept-Encoding", "gzip"));
        await docker.SendAsync(manifest.Bytes);
        (await docker.ReceiveAsync()).Expect(201).ExpectHeader("Docker-Content-Digest", manifest.Digest);
        return manifest;
    }

    /// <summary>HEAD of the tag, GET of its digest, then config and layers.</summary>
    private async Task PullAsync(string repository, ManifestContent manifest)
    {
        await using var docker = await RawConnection.OpenAsync(Fixture.Endpoint);
        await ExchangeAsync(docker, "GET", "/v2/", 200);
        var head = await ExchangeAsync(docker, "HEAD", $"/v2/{repository}/manifests/latest", 200, ("Accept", ManifestTypes));
        Assert.Equal(manifest.Digest, head.Digest);
        Assert.Equal(manifest.MediaType, head.Header("Content-Type"));
        (await ExchangeAsync(docker, "GET", $"/v2/{repository}/manifests/{head.Digest}", 200, ("Accept", ManifestTypes))).ExpectBody(manifest.Bytes);
        foreach (var blob in (BlobContent[])[_config, .. _layers])
        {
            (await ExchangeAsync(docker, "GET", $"/v2/{repository}/blobs/{blob.Digest}", 200, ("Accept-Encoding", "identity"))).ExpectBody(blob.Bytes);
        }
    }

    private static async Task<Reply> ExchangeAsync(RawConnection docker, string method, string target, int status, params (string, string)[] headers)
    {
        await docker.SendHeadAsync(method, target, [("User-Agent", Agent), .. headers]);
        return (await docker.ReceiveAsync()).Expect(status);
    }

    private string Target(string location) => new Uri(Fixture.Endpoint.Address, location).PathAndQuery;
}
