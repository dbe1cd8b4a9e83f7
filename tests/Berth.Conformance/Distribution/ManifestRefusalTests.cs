using System.Text;
using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>Manifests that are none, lie, or confuse: each is refused with a clear 4xx and leaves nothing behind.</summary>
public sealed class ManifestRefusalTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    /// <summary>Edits that turn a good image manifest into one that must be refused as <c>MANIFEST_INVALID</c>.</summary>
    private static readonly Dictionary<string, Action<JsonObject>> ImageFaults = new()
    {
        ["no config"] = d => d.Remove("config"),
        ["config is null"] = d => d["config"] = null,
        ["config is text"] = d => d["config"] = "x",
        ["config without digest"] = d => d["config"]!.AsObject().Remove("digest"),
        ["config without size"] = d => d["config"]!.AsObject().Remove("size"),
        ["config without mediaType"] = d => d["config"]!.AsObject().Remove("mediaType"),
        ["layers is no array"] = d => d["layers"] = new JsonObject(),
        ["a layer is null"] = d => d["layers"]!.AsArray().Add(null),
        ["a layer is a number"] = d => d["layers"]!.AsArray().Add(1),
        ["schemaVersion 1"] = d => d["schemaVersion"] = 1,
        ["schemaVersion 3"] = d => d["schemaVersion"] = 3,
        ["schemaVersion is text"] = d => d["schemaVersion"] = "2",
        ["manifests beside layers"] = d => d["manifests"] = new JsonArray(),
        ["a list of manifests beside layers"] = d => d["manifests"] = new JsonArray(d["config"]!.DeepClone()),
        ["another mediaType"] = d => d["mediaType"] = Types.Index,
        ["docker's mediaType"] = d => d["mediaType"] = Types.DockerManifest,
        ["mediaType is a number"] = d => d["mediaType"] = 5,
        ["negative size"] = d => d["layers"]![0]!["size"] = -1,
        ["size is text"] = d => d["layers"]![0]!["size"] = "100",
        ["size is a fraction"] = d => d["layers"]![0]!["size"] = 100.5,
        ["size too large"] = d => d["layers"]![0]!["size"] = 101,
        ["size too small"] = d => d["layers"]![0]!["size"] = 99,
        ["size of the config is wrong"] = d => d["config"]!["size"] = 1,
        ["digest of a layer is none"] = d => d["layers"]![0]!["digest"] = "sha256:../../x",
        ["digest of a layer is upper case"] = d => d["layers"]![0]!["digest"] = d["layers"]![0]!["digest"]!.GetValue<string>().ToUpperInvariant(),
        ["algorithm of a layer is unknown"] = d => d["layers"]![0]!["digest"] = "md5:d41d8cd98f00b204e9800998ecf8427e",
        ["annotations is a list"] = d => d["annotations"] = new JsonArray(),
        ["an annotation is a number"] = d => d["annotations"] = new JsonObject { ["a"] = 1 },
        ["an annotation is null"] = d => d["annotations"] = new JsonObject { ["a"] = null },
        ["an annotation is an object"] = d => d["annotations"] = new JsonObject { ["a"] = new JsonObject() },
        ["an annotation of a layer is a number"] = d => d["layers"]![0]!["annotations"] = new JsonObject { ["a"] = 1 },
        ["subject is text"] = d => d["subject"] = "x",
        ["subject without digest"] = d => d["subject"] = new JsonObject { ["mediaType"] = Types.Manifest, ["size"] = 1 },
        ["subject of no digest"] = d => d["subject"] = new JsonObject { ["mediaType"] = Types.Manifest, ["digest"] = "sha256:x", ["size"] = 1 },
        ["subject of negative size"] = d => d["subject"] = new JsonObject { ["mediaType"] = Types.Manifest, ["digest"] = Content.UnknownDigest(), ["size"] = -5 },
        ["artifactType is a number"] = d => d["artifactType"] = 1,
    };

    public static TheoryData<string> ImageFaultNames() => [.. ImageFaults.Keys];

    /// <summary>Bodies that are no manifest at all.</summary>
    public static TheoryData<string> Bodies() =>
    [
        "", " ", "null", "true", "1", "\"x\"", "[]", "{}", "{", "{}{}", "{\"schemaVersion\":2}", "not json", "<html></html>", "{\"schemaVersion\":2,}",
        "{'schemaVersion':2}", "{\"schemaVersion\":2 /* comment */}", "{\"schemaVersion\":1e400}", "{\"schemaVersion\":2,\"layers\":[]}", "\0", "{\"a\":\"\u0001\"}",
    ];

    [Theory]
    [MemberData(nameof(ImageFaultNames))]
    public async Task An_image_with_a_fault_is_refused(string fault)
    {
        var manifest = await ImageAsync(ImageFaults[fault]);
        await ExpectRefusedAsync(manifest, "MANIFEST_INVALID");
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_that_is_no_manifest_is_refused_under_every_type(string body)
    {
        foreach (var type in (string[])[Types.Manifest, Types.Index, Types.DockerManifest, Types.DockerList])
        {
            await ExpectRefusedAsync(ManifestContent.Text(body, type), "MANIFEST_INVALID");
        }
    }

    [Theory]
    [InlineData("schemaVersion")]
    [InlineData("mediaType")]
    [InlineData("config")]
    [InlineData("layers")]
    [InlineData("unknown")]
    [InlineData("annotations")]
    public async Task A_key_that_stands_twice_is_refused(string key)
    {
        var text = Encoding.UTF8.GetString((await ImageAsync(d =>
        {
            d["unknown"] = 1;
            d["annotations"] = new JsonObject();
        })).Bytes);
        var twice = text.TrimEnd()[..^1] + $",\"{key}\":" + JsonNode.Parse(text)![key]!.ToJsonString() + "}";
        await ExpectRefusedAsync(ManifestContent.Text(twice), "MANIFEST_INVALID");
    }

    [Fact]
    public async Task A_key_that_stands_twice_in_a_descriptor_is_refused_however_it_is_escaped()
    {
        var text = Encoding.UTF8.GetString((await ImageAsync()).Bytes);
        var other = $"\"\\u0064igest\": \"{Content.UnknownDigest()}\", \"digest\"";
        var twice = ReplaceFirst(text, "\"digest\"", other);
        await ExpectRefusedAsync(ManifestContent.Text(twice), "MANIFEST_INVALID");
    }

    [Fact]
    public async Task A_byte_order_mark_is_refused()
    {
        var good = await ImageAsync();
        await ExpectRefusedAsync(new ManifestContent(good.MediaType, [0xEF, 0xBB, 0xBF, .. good.Bytes]), "MANIFEST_INVALID");
    }

    [Fact]
    public async Task Bytes_that_are_not_utf_8_are_refused()
    {
        var good = await ImageAsync(d => d["annotations"] = new JsonObject { ["a"] = "X" });
        var bytes = (byte[])good.Bytes.Clone();
        bytes[Array.LastIndexOf(bytes, (byte)'X')] = 0xFF;
        await ExpectRefusedAsync(new ManifestContent(good.MediaType, bytes), "MANIFEST_INVALID");
        var utf16 = Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(good.Bytes));
        await ExpectRefusedAsync(new ManifestContent(good.MediaType, utf16), "MANIFEST_INVALID");
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public async Task Deep_nesting_is_refused(string open, string close)
    {
        const int Depth = 100_000;
        var good = Encoding.UTF8.GetString((await ImageAsync()).Bytes).TrimEnd()[..^1];
        var deep = new StringBuilder(good).Append(",\"deep\":").Insert(good.Length + 8, open, Depth).Append('1');
        for (var i = 0; i < Depth; i++) deep.Append(close);
        await ExpectRefusedAsync(ManifestContent.Text(deep.Append('}').ToString()), "MANIFEST_INVALID");
    }

    [Theory]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807")]
    [InlineData("1e2")]
    [InlineData("1e999999")]
    [InlineData("-0")]
    public async Task A_size_that_is_not_the_blobs_is_refused_however_it_is_written(string size)
    {
        var text = Encoding.UTF8.GetString((await ImageAsync(d => d["layers"]![0]!["size"] = 123454321)).Bytes);
        await ExpectRefusedAsync(ManifestContent.Text(text.Replace("123454321", size, StringComparison.Ordinal)), "MANIFEST_INVALID");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("application/octet-stream")]
    [InlineData("application/vnd.docker.distribution.manifest.v1+json")]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("not a media type")]
    [InlineData(Types.DockerManifest)]
    [InlineData(Types.Index)]
    public async Task A_type_in_the_header_that_is_not_the_bodys_is_refused(string type)
    {
        var good = await ImageAsync();
        (await RawAsync("PUT", ManifestPath(Repo, "latest"), good.Bytes, ("Content-Type", type))).ExpectError(400, "MANIFEST_INVALID");
        (await Client.HeadManifestAsync(Repo, good.Digest)).Expect(404);
    }

    [Fact]
    public async Task An_index_with_layers_or_config_is_refused()
    {
        var child = (await Client.PushImageAsync(Repo)).Descriptor();
        var layer = await Client.PushAsync(Repo, BlobContent.Layer());
        await ExpectRefusedAsync(ManifestContent.Index([child.DeepClone().AsObject()], d => d["layers"] = new JsonArray(layer.Descriptor())), "MANIFEST_INVALID");
        await ExpectRefusedAsync(ManifestContent.Index([child.DeepClone().AsObject()], d => d["layers"] = new JsonArray()), "MANIFEST_INVALID");
        await ExpectRefusedAsync(ManifestContent.Index([child], d => d["config"] = layer.Descriptor()), "MANIFEST_INVALID");
    }

    [Fact]
    public async Task Bytes_that_say_no_type_keep_the_one_under_which_they_were_first_pushed()
    {
        var good = await ImageAsync(d => d.Remove("mediaType"));
        (await Client.PutManifestAsync(Repo, good, "first")).Expect(201);

        (await RawAsync("PUT", ManifestPath(Repo, "index"), good.Bytes, ("Content-Type", Types.Index))).ExpectError(400, "MANIFEST_INVALID");
        (await Client.HeadManifestAsync(Repo, "index")).Expect(404);
        (await RawAsync("PUT", ManifestPath(Repo, "second"), good.Bytes, ("Content-Type", Types.DockerManifest)))
            .Expect(201).ExpectHeader("Docker-Content-Digest", good.Digest);

        foreach (var reference in (string[])["first", "second", good.Digest])
            (await Client.GetManifestAsync(Repo, reference)).Expect(200).ExpectHeader("Content-Type", Types.Manifest).ExpectBody(good.Bytes);
    }

    [Theory]
    [InlineData("config", "sha256")]
    [InlineData("config", "sha512")]
    [InlineData("layer", "sha256")]
    [InlineData("layer", "sha512")]
    public async Task A_missing_blob_refuses_the_manifest_and_is_named(string which, string algorithm)
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config(algorithm));
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(100, algorithm));
        var missing = which == "config" ? BlobContent.Config(algorithm) : BlobContent.Layer(100, algorithm);
        var manifest = which == "config" ? ManifestContent.Image(missing, [layer]) : ManifestContent.Image(config, [layer, missing]);

        await ExpectMissingAsync(manifest, missing.Digest);

        await Client.PushAsync(Repo, missing);
        await Client.PushAsync(Repo, manifest, "latest");
    }

    [Fact]
    public async Task A_blob_that_only_another_repository_has_is_missing()
    {
        var layer = await Client.PushAsync(NewRepo(), BlobContent.Layer());
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        await ExpectMissingAsync(ManifestContent.Image(config, [layer]), layer.Digest);
    }

    [Fact]
    public async Task A_blob_under_the_other_algorithm_is_missing()
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var layer = await Client.PushAsync(Repo, BlobContent.Layer());
        var twin = layer with { Algorithm = "sha512" };
        await ExpectMissingAsync(ManifestContent.Image(config, [twin]), twin.Digest);
    }

    [Fact]
    public async Task A_missing_child_refuses_the_index_and_is_named()
    {
        var other = NewRepo();
        var elsewhere = await Client.PushImageAsync(other);
        await ExpectMissingAsync(ManifestContent.Index([elsewhere.Descriptor()]), elsewhere.Digest);

        var here = await Client.PushImageAsync(Repo);
        await ExpectMissingAsync(ManifestContent.Index([here.Descriptor(), elsewhere.Descriptor()], mediaType: Types.DockerList), elsewhere.Digest);

        var blob = await Client.PushAsync(Repo, new BlobContent(elsewhere.Bytes));
        await ExpectMissingAsync(ManifestContent.Index([elsewhere.Descriptor()]), blob.Digest);
    }

    [Fact]
    public async Task An_index_that_names_itself_cannot_be()
    {
        var digest = Content.UnknownDigest();
        var self = ManifestContent.Index([new JsonObject { ["mediaType"] = Types.Index, ["digest"] = digest, ["size"] = 300 }]);
        var reply = await Client.PutManifestAsync(Repo, self, digest);
        reply.ExpectError(400, "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID");
        (await Client.HeadManifestAsync(Repo, digest)).Expect(404);
    }

    [Fact]
    public async Task A_child_of_another_size_is_refused()
    {
        var child = (await Client.PushImageAsync(Repo)).Descriptor();
        child["size"] = 7;
        await ExpectRefusedAsync(ManifestContent.Index([child]), "MANIFEST_INVALID");
    }

    [Fact]
    public async Task Ten_thousand_children_are_refused()
    {
        var child = (await Client.PushImageAsync(Repo)).Descriptor();
        var index = ManifestContent.Index(Enumerable.Range(0, 10_000).Select(_ => child.DeepClone().AsObject()));
        await ExpectRefusedAsync(index, "MANIFEST_INVALID");
    }

    [Fact]
    public async Task Ten_thousand_layers_are_refused()
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var layer = (await Client.PushAsync(Repo, BlobContent.Layer())).Descriptor();
        var image = ManifestContent.Image(config, [], d => d["layers"] = new JsonArray([.. Enumerable.Range(0, 10_000).Select(_ => layer.DeepClone())]));
        await ExpectRefusedAsync(image, "MANIFEST_INVALID");
    }

    private static string ReplaceFirst(string text, string what, string with)
    {
        var at = text.IndexOf(what, StringComparison.Ordinal);
        return text[..at] + with + text[(at + what.Length)..];
    }

    private async Task<ManifestContent> ImageAsync(Action<JsonObject>? edit = null)
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var layer = await Client.PushAsync(Repo, BlobContent.Layer());
        return ManifestContent.Image(config, [layer], edit);
    }

    private async Task ExpectRefusedAsync(ManifestContent manifest, string code)
    {
        (await Client.PutManifestAsync(Repo, manifest, "latest")).ExpectError(400, code);
        (await Client.PutManifestAsync(Repo, manifest)).ExpectError(400, code);
        (await Client.HeadManifestAsync(Repo, "latest")).Expect(404);
        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
    }

    private async Task ExpectMissingAsync(ManifestContent manifest, string digest)
    {
        var refused = (await Client.PutManifestAsync(Repo, manifest, "latest")).ExpectError(400, "MANIFEST_BLOB_UNKNOWN");
        Assert.Contains(digest, refused.Text, StringComparison.Ordinal);
        (await Client.HeadManifestAsync(Repo, "latest")).Expect(404);
        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
    }
}
