using System.Text.Json;
using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Listing Referrers" (end-12) and "Pushing Manifests with Subject".</summary>
public sealed class ReferrersTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private const string Sbom = "application/vnd.example.sbom.v1+json";
    private const string Signature = "application/vnd.example.signature.v1+json";
    private BlobContent? _empty;

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task An_unknown_digest_has_an_empty_list_whether_its_repository_exists_or_not(string algorithm)
    {
        for (var round = 0; round < 2; round++)
        {
            var reply = (await Client.GetAsync(Path(Content.UnknownDigest(algorithm)))).Expect(200).ExpectHeader("Content-Type", Types.Index);
            Assert.Equal(2, reply.Json.GetProperty("schemaVersion").GetInt32());
            Assert.Equal(Types.Index, reply.Json.GetProperty("mediaType").GetString());
            Assert.Equal(0, reply.Json.GetProperty("manifests").GetArrayLength());
            Assert.Null(reply.NextLink());
            await Client.PushImageAsync(Repo, "latest");
        }
    }

    [Theory]
    [InlineData("sha256:baddigeststring")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("latest")]
    public async Task What_is_no_digest_is_a_400(string digest)
    {
        await Client.PushImageAsync(Repo, "latest");
        (await RawAsync("GET", Path(digest))).ExpectError(400, "DIGEST_INVALID");
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_referrer_is_listed_with_everything_its_descriptor_must_have(string algorithm)
    {
        var subject = await SubjectAsync(algorithm);
        var referrer = await ReferrerAsync(subject, Sbom, ("org.example.created", "2026-01-01"), ("org.example.note", "\"quoted\" é"));

        var pushed = (await Client.PutManifestAsync(Repo, referrer)).Expect(201);
        pushed.ExpectHeader("OCI-Subject", subject["digest"]!.GetValue<string>());

        var entry = Assert.Single(await ListAsync(subject));
        Assert.Equal(referrer.Digest, entry.GetProperty("digest").GetString());
        Assert.Equal(referrer.Bytes.Length, entry.GetProperty("size").GetInt64());
        Assert.Equal(Types.Manifest, entry.GetProperty("mediaType").GetString());
        Assert.Equal(Sbom, entry.GetProperty("artifactType").GetString());
        Assert.Equal("2026-01-01", entry.GetProperty("annotations").GetProperty("org.example.created").GetString());
        Assert.Equal("\"quoted\" é", entry.GetProperty("annotations").GetProperty("org.example.note").GetString());
        Assert.Equal(3, entry.GetProperty("annotations").EnumerateObject().Count());
    }

    [Fact]
    public async Task A_referrer_without_an_artifact_type_has_its_configs_type()
    {
        var subject = await SubjectAsync();
        var config = await Client.PushAsync(Repo, BlobContent.Config() with { MediaType = Signature });
        await Client.PushAsync(Repo, ManifestContent.Image(config, [], d => d["subject"] = subject));
        Assert.Equal(Signature, Assert.Single(await ListAsync(subject)).GetProperty("artifactType").GetString());
    }

    [Fact]
    public async Task An_empty_artifact_type_counts_as_none()
    {
        var subject = await SubjectAsync();
        var config = await Client.PushAsync(Repo, BlobContent.Config() with { MediaType = Signature });
        await Client.PushAsync(Repo, ManifestContent.Image(config, [], d =>
        {
            d["artifactType"] = "";
            d["subject"] = subject;
        }));
        Assert.Equal(Signature, Assert.Single(await ListAsync(subject)).GetProperty("artifactType").GetString());
    }

    [Fact]
    public async Task An_index_may_be_a_referrer_and_without_an_artifact_type_it_has_none()
    {
        var subject = await SubjectAsync();
        var plain = ManifestContent.Index([], d => d["subject"] = subject.DeepClone());
        var typed = ManifestContent.Index([], d =>
        {
            d["subject"] = subject.DeepClone();
            d["artifactType"] = Sbom;
        });
        (await Client.PutManifestAsync(Repo, plain)).Expect(201).ExpectHeader("OCI-Subject", subject["digest"]!.GetValue<string>());
        (await Client.PutManifestAsync(Repo, typed, "typed")).Expect(201).ExpectHeader("OCI-Subject", subject["digest"]!.GetValue<string>());

        var list = (await ListAsync(subject)).ToDictionary(e => e.GetProperty("digest").GetString()!);
        Assert.Equal(Types.Index, list[plain.Digest].GetProperty("mediaType").GetString());
        Assert.False(list[plain.Digest].TryGetProperty("artifactType", out _));
        Assert.False(list[plain.Digest].TryGetProperty("annotations", out var none) && none.ValueKind != JsonValueKind.Null);
        Assert.Equal(Sbom, list[typed.Digest].GetProperty("artifactType").GetString());
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_subject_may_come_after_its_referrers(string algorithm)
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var later = ManifestContent.Image(config, []);
        var referrer = await ReferrerAsync(later.Descriptor(algorithm), Sbom);
        (await Client.PutManifestAsync(Repo, referrer, "early")).Expect(201).ExpectHeader("OCI-Subject", Content.Digest(later.Bytes, algorithm));
        Assert.Single(await ListAsync(later.Descriptor(algorithm)));

        (await Client.PutManifestAsync(Repo, later, Content.Digest(later.Bytes, algorithm))).Expect(201).ExpectHeader("OCI-Subject", null);
        Assert.Equal(referrer.Digest, Assert.Single(await ListAsync(later.Descriptor(algorithm))).GetProperty("digest").GetString());
    }

    [Fact]
    public async Task A_manifest_without_a_subject_says_nothing_of_one()
    {
        var manifest = ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), []);
        (await Client.PutManifestAsync(Repo, manifest, "latest")).Expect(201).ExpectHeader("OCI-Subject", null);
    }

    [Fact]
    public async Task The_list_is_filtered_by_artifact_type_and_says_so()
    {
        var subject = await SubjectAsync();
        var sbom = await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom));
        var signature = await Client.PushAsync(Repo, await ReferrerAsync(subject, Signature));

        (await Client.GetAsync(Path(subject))).Expect(200).ExpectHeader("OCI-Filters-Applied", null);
        foreach (var (type, digest) in ((string, string)[])[(Sbom, sbom.Digest), (Signature, signature.Digest)])
        {
            var reply = (await Client.GetAsync($"{Path(subject)}?artifactType={Uri.EscapeDataString(type)}")).Expect(200).ExpectHeader("OCI-Filters-Applied", "artifactType");
            var entry = Assert.Single(reply.Json.GetProperty("manifests").EnumerateArray());
            Assert.Equal(digest, entry.GetProperty("digest").GetString());
        }

        var nothing = (await Client.GetAsync($"{Path(subject)}?artifactType=application/vnd.other")).Expect(200).ExpectHeader("OCI-Filters-Applied", "artifactType");
        Assert.Equal(0, nothing.Json.GetProperty("manifests").GetArrayLength());
    }

    [Fact]
    public async Task The_filter_compares_the_configs_type_where_that_stands_in()
    {
        var subject = await SubjectAsync();
        var config = await Client.PushAsync(Repo, BlobContent.Config() with { MediaType = Signature });
        await Client.PushAsync(Repo, ManifestContent.Image(config, [], d => d["subject"] = subject));
        Assert.Single(await ListAsync(subject, Signature));
        Assert.Empty(await ListAsync(subject, Types.Config));
    }

    [Fact]
    public async Task A_referrer_of_one_repository_is_not_listed_in_another()
    {
        var subject = await SubjectAsync();
        await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom));
        var other = (await Client.GetAsync($"/v2/{NewRepo()}/referrers/{subject["digest"]}")).Expect(200);
        Assert.Equal(0, other.Json.GetProperty("manifests").GetArrayLength());
    }

    [Fact]
    public async Task A_deleted_referrer_leaves_the_list_at_once()
    {
        var subject = await SubjectAsync();
        var first = await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom));
        var second = await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom), "tagged");
        (await Client.DeleteAsync(ManifestPath(Repo, first.Digest))).Expect(202);
        Assert.Equal(second.Digest, Assert.Single(await ListAsync(subject)).GetProperty("digest").GetString());

        (await Client.DeleteAsync(ManifestPath(Repo, "tagged"))).Expect(202);
        Assert.Single(await ListAsync(subject));
        (await Client.DeleteAsync(ManifestPath(Repo, second.Digest))).Expect(202);
        Assert.Empty(await ListAsync(subject));
    }

    [Fact]
    public async Task A_referrer_pushed_twice_is_listed_once()
    {
        var subject = await SubjectAsync();
        var referrer = await ReferrerAsync(subject, Sbom);
        await Client.PushAsync(Repo, referrer, referrer.Digest, "a", "b");
        Assert.Single(await ListAsync(subject));
    }

    [Fact]
    public async Task Referrers_may_have_referrers()
    {
        var subject = await SubjectAsync();
        var sbom = await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom));
        var signature = await Client.PushAsync(Repo, await ReferrerAsync(sbom.Descriptor(), Signature));
        Assert.Equal(sbom.Digest, Assert.Single(await ListAsync(subject)).GetProperty("digest").GetString());
        Assert.Equal(signature.Digest, Assert.Single(await ListAsync(sbom.Descriptor())).GetProperty("digest").GetString());
    }

    [Fact]
    public async Task A_long_list_comes_in_pages_that_hold_each_referrer_once()
    {
        var subject = await SubjectAsync();
        var types = new Dictionary<string, string>();
        for (var i = 0; i < 60; i++)
        {
            var type = i % 3 == 0 ? Sbom : Signature;
            types[(await Client.PushAsync(Repo, await ReferrerAsync(subject, type, ("n", $"{i}")))).Digest] = type;
        }

        Assert.Equal(types.Keys.Order(StringComparer.Ordinal), Digests(await ListAsync(subject)));
        Assert.Equal(types.Keys.Order(StringComparer.Ordinal), Digests(await ListAsync(subject, query: "n=7")));
        Assert.Equal(types.Where(t => t.Value == Sbom).Select(t => t.Key).Order(StringComparer.Ordinal), Digests(await ListAsync(subject, Sbom)));
        Assert.Equal(types.Where(t => t.Value == Sbom).Select(t => t.Key).Order(StringComparer.Ordinal), Digests(await ListAsync(subject, Sbom, "n=7")));
    }

    [Fact]
    public async Task No_entries_asked_for_is_an_empty_index_without_a_next_page()
    {
        var subject = await SubjectAsync();
        await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom));

        var page = (await Client.GetAsync($"{Path(subject)}?n=0")).Expect(200).ExpectHeader("Link", null);

        Assert.Equal(0, page.Json.GetProperty("manifests").GetArrayLength());
    }

    [Fact]
    public async Task Large_annotations_do_not_make_a_page_larger_than_a_client_takes()
    {
        var subject = await SubjectAsync();
        var digests = new List<string>();
        for (var i = 0; i < 6; i++) digests.Add((await Client.PushAsync(Repo, await ReferrerAsync(subject, Sbom, ("big", new string('x', 1_000_000)), ("n", $"{i}")))).Digest);
        Assert.Equal(digests.Order(StringComparer.Ordinal), Digests(await ListAsync(subject)));
    }

    [Fact]
    public async Task Many_referrers_pushed_at_once_are_all_listed()
    {
        var subject = await SubjectAsync();
        var empty = await Client.PushAsync(Repo, BlobContent.Empty());
        var referrers = Enumerable.Range(0, 24).Select(i => ManifestContent.Image(empty, [], d =>
        {
            d["subject"] = subject.DeepClone();
            d["annotations"] = new JsonObject { ["n"] = $"{i}" };
        })).ToList();
        await Task.WhenAll(referrers.Select(r => Client.PushAsync(Repo, r)));
        Assert.Equal(referrers.Select(r => r.Digest).Order(StringComparer.Ordinal), Digests(await ListAsync(subject)));
    }

    private static IEnumerable<string> Digests(IEnumerable<JsonElement> entries) => entries.Select(e => e.GetProperty("digest").GetString()!).Order(StringComparer.Ordinal);

    private string Path(string digest) => $"/v2/{Repo}/referrers/{digest}";

    private string Path(JsonObject subject) => Path(subject["digest"]!.GetValue<string>());

    private async Task<JsonObject> SubjectAsync(string algorithm = "sha256")
    {
        var image = ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), []);
        (await Client.PutManifestAsync(Repo, image, Content.Digest(image.Bytes, algorithm))).Expect(201);
        return image.Descriptor(algorithm);
    }

    private async Task<ManifestContent> ReferrerAsync(JsonObject subject, string type, params (string Name, string Value)[] annotations)
    {
        var empty = _empty ??= await Client.PushAsync(Repo, BlobContent.Empty());
        return ManifestContent.Image(empty, [empty], d =>
        {
            d["artifactType"] = type;
            d["subject"] = subject.DeepClone();
            d["annotations"] = new JsonObject(annotations.Append(("unique", Content.Name())).Select(a => KeyValuePair.Create(a.Item1, (JsonNode?)a.Item2)));
        });
    }

    /// <summary>All entries, page by page; each page is a whole index of at most 4 MiB.</summary>
    private async Task<List<JsonElement>> ListAsync(JsonObject subject, string? type = null, string? query = null)
    {
        var entries = new List<JsonElement>();
        var parameters = string.Join('&', ((string?[])[type is null ? null : $"artifactType={Uri.EscapeDataString(type)}", query]).Where(p => p is not null));
        var target = parameters.Length == 0 ? Path(subject) : $"{Path(subject)}?{parameters}";
        for (var pages = 0; pages < 1000; pages++)
        {
            var reply = (await Client.GetAsync(target)).Expect(200).ExpectHeader("Content-Type", Types.Index).ExpectHeader("OCI-Filters-Applied", type is null ? null : "artifactType");
            Assert.InRange(reply.Body.Length, 1, 4 * 1024 * 1024);
            Assert.Equal(2, reply.Json.GetProperty("schemaVersion").GetInt32());
            entries.AddRange(reply.Json.GetProperty("manifests").EnumerateArray());
            if (reply.NextLink() is not { } next) return entries;
            target = next;
        }

        throw new ExpectationException($"{target}: the list does not end.");
    }
}
