using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Pushing Manifests" and "Pulling manifests": every kind comes back byte for byte, with its type.</summary>
public sealed class ManifestRoundTripTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    /// <summary>Every kind of manifest that is pushed here; <see cref="MakeAsync"/> makes them.</summary>
    public static TheoryData<string> Kinds() =>
    [
        "oci image", "docker image", "oci index", "docker list", "nested index", "empty index", "image without layers", "image without mediaType",
        "index without mediaType", "artifact", "artifact with config", "artifact without layers", "artifact index", "image with subject", "index with subject",
        "missing subject", "data field", "unknown fields", "non-distributable layers", "3.9 MB", "sha512 blobs", "sha512 children", "one blob many times",
        "odd white space", "annotations", "index of mixed kinds", "sha512 subject", "platforms", "non-ASCII", "zero-length layer",
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_manifest_pushed_by_tag_comes_back_byte_for_byte(string kind)
    {
        var manifest = await MakeAsync(kind);
        var pushed = (await Client.PutManifestAsync(Repo, manifest, "latest")).Expect(201);
        Assert.Equal(manifest.Digest, pushed.Digest);
        Assert.Empty(pushed.Body);

        foreach (var target in (string[])[ManifestPath(Repo, "latest"), ManifestPath(Repo, manifest.Digest), pushed.Location])
        {
            await ExpectAsync(target, manifest, manifest.Digest);
        }

        var list = (await Client.GetAsync($"/v2/{Repo}/tags/list")).Expect(200).Json;
        Assert.Equal(["latest"], list.GetProperty("tags").EnumerateArray().Select(t => t.GetString()!));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_manifest_pushed_by_its_sha512_digest_comes_back_under_it(string kind)
    {
        var manifest = await MakeAsync(kind);
        var pushed = (await Client.PutManifestAsync(Repo, manifest, manifest.Sha512)).Expect(201);
        Assert.Equal(manifest.Sha512, pushed.Digest);

        await ExpectAsync(ManifestPath(Repo, manifest.Sha512), manifest, manifest.Sha512);
        await ExpectAsync(pushed.Location, manifest, manifest.Sha512);
        (await Client.DeleteAsync(ManifestPath(Repo, manifest.Sha512))).Expect(202);
        (await Client.HeadManifestAsync(Repo, manifest.Sha512)).Expect(404);
    }

    private async Task ExpectAsync(string target, ManifestContent manifest, string digest)
    {
        var get = (await Client.GetAsync(target, ("Accept", Types.AllManifests))).Expect(200).ExpectBody(manifest.Bytes);
        var head = (await Client.HeadAsync(target, ("Accept", Types.AllManifests))).Expect(200);
        foreach (var reply in (Reply[])[get, head])
        {
            reply.ExpectHeader("Content-Type", manifest.MediaType).ExpectHeader("Docker-Content-Digest", digest)
                .ExpectHeader("Content-Length", manifest.Bytes.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private async Task<ManifestContent> MakeAsync(string kind)
    {
        switch (kind)
        {
            case "oci image" or "docker image":
                var docker = kind == "docker image";
                return ManifestContent.Image(
                    await PushAsync(BlobContent.Config() with { MediaType = docker ? Types.DockerConfig : Types.Config }),
                    [await LayerAsync(docker), await LayerAsync(docker)],
                    mediaType: docker ? Types.DockerManifest : Types.Manifest);
            case "oci index":
                return ManifestContent.Index([await ChildAsync(), await ChildAsync()]);
            case "docker list":
                return ManifestContent.Index([await ChildAsync(Types.DockerManifest)], mediaType: Types.DockerList);
            case "nested index":
                var inner = await Client.PushAsync(Repo, ManifestContent.Index([await ChildAsync()]));
                var middle = await Client.PushAsync(Repo, ManifestContent.Index([inner.Descriptor(), await ChildAsync()]));
                return ManifestContent.Index([middle.Descriptor()]);
            case "empty index":
                return ManifestContent.Index([], Unique);
            case "image without layers":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), []);
            case "image without mediaType":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [await LayerAsync()], d => d.Remove("mediaType"));
            case "index without mediaType":
                return ManifestContent.Index([await ChildAsync()], d => d.Remove("mediaType"));
            case "artifact":
                return ManifestContent.Image(await PushAsync(BlobContent.Empty()), [await LayerAsync()], d => d["artifactType"] = "application/vnd.example.sbom");
            case "artifact with config":
                return ManifestContent.Image(await PushAsync(BlobContent.Config() with { MediaType = "application/vnd.example.config" }), [await LayerAsync()]);
            case "artifact without layers":
                var empty = await PushAsync(BlobContent.Empty());
                return ManifestContent.Image(empty, [empty], d => Unique(d, "artifactType"));
            case "artifact index":
                return ManifestContent.Index([await ChildAsync()], d => Unique(d, "artifactType"));
            case "image with subject":
                var subject = await Client.PushImageAsync(Repo);
                return ManifestContent.Image(await PushAsync(BlobContent.Empty()), [await LayerAsync()], d => d["subject"] = subject.Descriptor());
            case "index with subject":
                var root = await Client.PushImageAsync(Repo);
                return ManifestContent.Index([await ChildAsync()], d => d["subject"] = root.Descriptor());
            case "missing subject":
                return ManifestContent.Image(await PushAsync(BlobContent.Empty()), [], d => d["subject"] = Absent(Types.Manifest));
            case "sha512 subject":
                return ManifestContent.Image(await PushAsync(BlobContent.Empty()), [], d => d["subject"] = Absent(Types.Manifest, "sha512"));
            case "data field":
                var config = await PushAsync(BlobContent.Empty());
                return ManifestContent.Image(config, [await LayerAsync()], d => d["config"]!["data"] = Convert.ToBase64String(config.Bytes));
            case "unknown fields":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [await LayerAsync()], d =>
                {
                    d["org.example.extra"] = new JsonObject { ["a"] = new JsonArray(1, 2.5, null, "x", true) };
                    d["config"]!["extra"] = "y";
                    d["layers"]![0]!["urls"] = new JsonArray("https://example.org/layer");
                });
            case "non-distributable layers":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [await LayerAsync()], d =>
                {
                    var layers = d["layers"]!.AsArray();
                    layers.Add(Absent("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"));
                    layers.Add(Absent("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"));
                    layers.Add(Absent("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
                });
            case "3.9 MB":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [await LayerAsync()], d =>
                    d["annotations"] = new JsonObject(Enumerable.Range(0, 390).Select(i => KeyValuePair.Create($"org.example.{i}", (JsonNode?)new string((char)('a' + (i % 26)), 10_000)))));
            case "sha512 blobs":
                return ManifestContent.Image(await PushAsync(BlobContent.Config("sha512")), [await PushAsync(BlobContent.Layer(100, "sha512")), await LayerAsync()]);
            case "sha512 children":
                var child = await Client.PushAsync(Repo, await ImageAsync());
                (await Client.PutManifestAsync(Repo, child, child.Sha512)).Expect(201);
                return ManifestContent.Index([child.Descriptor("sha512")]);
            case "one blob many times":
                var layer = await LayerAsync();
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), Enumerable.Repeat(layer, 20));
            case "odd white space":
                var plain = await ImageAsync();
                return ManifestContent.Text("\n\t  " + System.Text.Encoding.UTF8.GetString(plain.Bytes).Replace("\n", "\r\n\t", StringComparison.Ordinal) + " \r\n\n");
            case "annotations":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [], d =>
                    d["annotations"] = new JsonObject { ["org.opencontainers.image.title"] = "<b>\"title\" & \\ more</b>", [""] = "", ["é"] = "\u0001\u007f" });
            case "index of mixed kinds":
                return ManifestContent.Index([await ChildAsync(), await ChildAsync(Types.DockerManifest), (await Client.PushAsync(Repo, ManifestContent.Index([], Unique))).Descriptor()]);
            case "platforms":
                return ManifestContent.Index([await ChildAsync(), await ChildAsync()], d =>
                {
                    d["manifests"]![0]!["platform"] = new JsonObject { ["architecture"] = "amd64", ["os"] = "linux", ["os.features"] = new JsonArray("x") };
                    d["manifests"]![1]!["platform"] = new JsonObject { ["architecture"] = "arm", ["os"] = "linux", ["variant"] = "v7" };
                    d["manifests"]![1]!["annotations"] = new JsonObject { ["a"] = "b" };
                });
            case "non-ASCII":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [], d => d["annotations"] = new JsonObject { ["title"] = "Ünïcödé 🛳 \u202Eabc" });
            case "zero-length layer":
                return ManifestContent.Image(await PushAsync(BlobContent.Config()), [await PushAsync(BlobContent.Layer(0))]);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    private static void Unique(JsonObject document) => document["annotations"] = new JsonObject { ["unique"] = Content.Name() };

    private static void Unique(JsonObject document, string property)
    {
        document[property] = "application/vnd.example+type";
        Unique(document);
    }

    private static JsonObject Absent(string mediaType, string algorithm = "sha256") =>
        new() { ["mediaType"] = mediaType, ["digest"] = Content.UnknownDigest(algorithm), ["size"] = 1234 };

    private Task<BlobContent> PushAsync(BlobContent blob) => Client.PushAsync(Repo, blob);

    private Task<BlobContent> LayerAsync(bool docker = false) => PushAsync(BlobContent.Layer() with { MediaType = docker ? Types.DockerLayer : Types.Layer });

    private async Task<ManifestContent> ImageAsync(string mediaType = Types.Manifest) =>
        ManifestContent.Image(await PushAsync(BlobContent.Config()), [await LayerAsync()], mediaType: mediaType);

    private async Task<JsonObject> ChildAsync(string mediaType = Types.Manifest) => (await Client.PushAsync(Repo, await ImageAsync(mediaType))).Descriptor();
}
