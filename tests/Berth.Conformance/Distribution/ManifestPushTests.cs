using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Pushing Manifests": references, tags in the query, types, and how a tag moves.</summary>
public sealed class ManifestPushTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Fact]
    public async Task A_manifest_pushed_by_digest_has_no_tag()
    {
        var manifest = await Client.PushImageAsync(Repo);
        (await Client.GetManifestAsync(Repo, manifest.Digest)).Expect(200).ExpectBody(manifest.Bytes);
        var list = (await Client.GetAsync($"/v2/{Repo}/tags/list")).Expect(200).Json;
        Assert.Equal(Repo, list.GetProperty("name").GetString());
        Assert.Equal(0, list.GetProperty("tags").GetArrayLength());
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_manifest_under_the_digest_of_other_bytes_is_refused(string algorithm)
    {
        var manifest = await ImageAsync();
        var wrong = Content.UnknownDigest(algorithm);
        (await Client.PutManifestAsync(Repo, manifest, wrong)).ExpectError(400, "DIGEST_INVALID");
        (await Client.HeadManifestAsync(Repo, wrong)).Expect(404);
        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
    }

    [Theory]
    [InlineData("sha256:baddigeststring")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("a:b")]
    [InlineData("-leading-dash")]
    [InlineData(".leading-dot")]
    [InlineData("a+b")]
    [InlineData("a@b")]
    [InlineData("caf\u00e9")]
    public async Task What_is_neither_tag_nor_digest_is_refused_on_every_verb(string reference)
    {
        var manifest = await ImageAsync();
        var put = await RawAsync("PUT", ManifestPath(Repo, reference), manifest.Bytes, ("Content-Type", manifest.MediaType));
        Assert.Equal(400, put.Status);
        ExpectRefusal(put, reference, "MANIFEST_INVALID", "DIGEST_INVALID", "TAG_INVALID", "BAD_REQUEST");
        foreach (var method in (string[])["GET", "HEAD", "DELETE"]) ExpectRefusal(await RawAsync(method, ManifestPath(Repo, reference)), reference);

        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
    }

    [Fact]
    public async Task A_tag_has_up_to_128_characters()
    {
        var longest = "A" + new string('z', 124) + "._-";
        var manifest = await Client.PushImageAsync(Repo, longest);
        (await Client.GetManifestAsync(Repo, longest)).Expect(200).ExpectBody(manifest.Bytes);
        (await Client.PutManifestAsync(Repo, manifest, longest + "z")).ExpectError(400, "MANIFEST_INVALID", "TAG_INVALID", "BAD_REQUEST");
    }

    [Fact]
    public async Task Tags_that_differ_only_in_case_are_different_tags()
    {
        var upper = await Client.PushImageAsync(Repo, "Latest");
        var lower = await Client.PushImageAsync(Repo, "latest");
        Assert.Equal(upper.Digest, (await Client.HeadManifestAsync(Repo, "Latest")).Expect(200).Digest);
        Assert.Equal(lower.Digest, (await Client.HeadManifestAsync(Repo, "latest")).Expect(200).Digest);
    }

    [Fact]
    public async Task A_tag_moves_to_the_manifest_that_was_pushed_last_and_the_former_one_stays()
    {
        var first = await Client.PushImageAsync(Repo, "latest", "first");
        var second = await Client.PushImageAsync(Repo, "latest");
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(second.Bytes);
        (await Client.GetManifestAsync(Repo, "first")).Expect(200).ExpectBody(first.Bytes);
        (await Client.GetManifestAsync(Repo, first.Digest)).Expect(200).ExpectBody(first.Bytes);

        await Client.PushAsync(Repo, first, "latest");
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(first.Bytes);
    }

    [Fact]
    public async Task One_of_many_that_push_a_tag_at_once_wins()
    {
        var images = new List<ManifestContent>();
        for (var i = 0; i < 8; i++) images.Add(await Client.PushImageAsync(Repo));
        await Task.WhenAll(images.Select(i => Client.PushAsync(Repo, i, "latest")));

        var winner = (await Client.GetManifestAsync(Repo, "latest")).Expect(200);
        Assert.Contains(images, i => i.Digest == winner.Digest && i.Bytes.AsSpan().SequenceEqual(winner.Body));
    }

    [Fact]
    public async Task Tags_in_the_query_of_a_push_by_digest_are_set_and_named()
    {
        var manifest = await ImageAsync();
        var reply = (await PutAsync(manifest, manifest.Digest, "?tag=1.2.3&tag=1.2&tag=1&tag=latest")).Expect(201);
        Assert.Equal(manifest.Digest, reply.Digest);
        Assert.Equal(["1", "1.2", "1.2.3", "latest"], Tags(reply).Order(StringComparer.Ordinal));
        foreach (var tag in Tags(reply)) (await Client.GetManifestAsync(Repo, tag)).Expect(200).ExpectBody(manifest.Bytes).ExpectHeader("Docker-Content-Digest", manifest.Digest);
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task At_least_ten_tags_go_into_one_push(string algorithm)
    {
        var manifest = await ImageAsync();
        var tags = Enumerable.Range(0, 10).Select(i => $"t{i}").ToArray();
        var reply = (await PutAsync(manifest, Content.Digest(manifest.Bytes, algorithm), "?" + string.Join('&', tags.Select(t => $"tag={t}")))).Expect(201);
        Assert.Equal(tags, Tags(reply).Order(StringComparer.Ordinal));
        foreach (var tag in tags) (await Client.HeadManifestAsync(Repo, tag)).Expect(200);
        var list = (await Client.GetAsync($"/v2/{Repo}/tags/list")).Expect(200).Json.GetProperty("tags");
        Assert.Equal(tags, list.EnumerateArray().Select(t => t.GetString()!));
    }

    [Fact]
    public async Task A_tag_named_twice_is_one_tag()
    {
        var manifest = await ImageAsync();
        var reply = (await PutAsync(manifest, manifest.Digest, "?tag=a&tag=a")).Expect(201);
        Assert.Equal(["a"], Tags(reply).Distinct());
        var list = (await Client.GetAsync($"/v2/{Repo}/tags/list")).Expect(200).Json.GetProperty("tags");
        Assert.Equal(1, list.GetArrayLength());
    }

    [Theory]
    [InlineData("?tag=good&tag=-bad")]
    [InlineData("?tag=good&tag=")]
    [InlineData("?tag=good&tag=a/b")]
    [InlineData("?tag=good&tag=%00")]
    public async Task A_tag_in_the_query_that_is_none_refuses_the_whole_push(string query)
    {
        var manifest = await ImageAsync();
        (await PutAsync(manifest, manifest.Digest, query)).ExpectError(400, "MANIFEST_INVALID", "TAG_INVALID", "BAD_REQUEST");
        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
        (await Client.HeadManifestAsync(Repo, "good")).Expect(404);
    }

    [Fact]
    public async Task Too_many_tags_in_one_push_are_refused_together()
    {
        var manifest = await ImageAsync();
        var reply = (await PutAsync(manifest, manifest.Digest, "?" + string.Join('&', Enumerable.Range(0, 300).Select(i => $"tag=t{i}")))).Expect(400, 414, 431);
        reply.ErrorCodes();
        (await Client.HeadManifestAsync(Repo, "t0")).Expect(404);
        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
    }

    [Fact]
    public async Task The_type_comes_from_the_header_without_its_parameters()
    {
        var manifest = await ImageAsync();
        (await Client.PutAsync(ManifestPath(Repo, "latest"), manifest.Bytes, ("Content-Type", $"{manifest.MediaType}; charset=utf-8"))).Expect(201);
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectHeader("Content-Type", manifest.MediaType);
    }

    [Fact]
    public async Task Without_a_type_in_the_header_the_body_says_it_or_the_push_is_refused()
    {
        var manifest = await ImageAsync();
        var reply = await RawAsync("PUT", ManifestPath(Repo, "latest"), manifest.Bytes);
        if (reply.Status != 201)
        {
            reply.ExpectError(400, "MANIFEST_INVALID");
            return;
        }

        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectHeader("Content-Type", manifest.MediaType);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("*/*")]
    [InlineData("application/json")]
    [InlineData(Types.DockerManifest)]
    [InlineData(Types.Index)]
    [InlineData("text/html;q=0.9, application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("not a media type at all")]
    public async Task What_the_client_accepts_never_rewrites_a_manifest(string? accept)
    {
        var manifest = await Client.PushImageAsync(Repo, "latest");
        foreach (var reference in (string[])["latest", manifest.Digest])
        {
            (await RawAsync("GET", ManifestPath(Repo, reference), null, accept is null ? [] : [("Accept", accept)])).Expect(200)
                .ExpectBody(manifest.Bytes).ExpectHeader("Content-Type", Types.Manifest).ExpectHeader("Docker-Content-Digest", manifest.Digest);
        }
    }

    [Fact]
    public async Task A_manifest_that_the_client_has_is_not_sent_again()
    {
        var manifest = await Client.PushImageAsync(Repo, "latest");
        var tag = (await Client.GetManifestAsync(Repo, "latest")).Expect(200).Header("ETag");
        Assert.Equal($"\"{manifest.Digest}\"", tag);
        (await Client.GetAsync(ManifestPath(Repo, "latest"), ("If-None-Match", tag!))).Expect(304).ExpectBody([]);
        (await Client.GetAsync(ManifestPath(Repo, manifest.Digest), ("If-None-Match", tag!))).Expect(304).ExpectBody([]);

        await Client.PushImageAsync(Repo, "latest");
        (await Client.GetAsync(ManifestPath(Repo, "latest"), ("If-None-Match", tag!))).Expect(200);
    }

    [Fact]
    public async Task A_tag_is_never_cached_as_if_it_could_not_move()
    {
        await Client.PushImageAsync(Repo, "latest");
        var caching = (await Client.GetManifestAsync(Repo, "latest")).Expect(200).Header("Cache-Control") ?? "";
        Assert.DoesNotContain("immutable", caching, StringComparison.Ordinal);
        Assert.DoesNotContain("public", caching, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("DELETE")]
    public async Task An_unknown_manifest_is_a_404_whether_its_repository_exists_or_not(string method)
    {
        foreach (var reference in (string[])["missing", Content.UnknownDigest(), Content.UnknownDigest("sha512")])
        {
            (await RawAsync(method, ManifestPath(NewRepo(), reference))).ExpectError(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN");
        }

        await Client.PushImageAsync(Repo, "latest");
        foreach (var reference in (string[])["missing", Content.UnknownDigest(), Content.UnknownDigest("sha512")])
        {
            (await RawAsync(method, ManifestPath(Repo, reference))).ExpectError(404, "MANIFEST_UNKNOWN");
        }
    }

    [Fact]
    public async Task A_manifest_of_one_repository_is_unknown_in_every_other()
    {
        var other = NewRepo();
        await Client.PushImageAsync(other, "latest");
        var manifest = await Client.PushImageAsync(Repo, "mine");
        (await Client.GetManifestAsync(other, manifest.Digest)).ExpectError(404, "MANIFEST_UNKNOWN");
        (await Client.GetManifestAsync(other, "mine")).ExpectError(404, "MANIFEST_UNKNOWN");
    }

    private static string[] Tags(Reply reply) =>
        (reply.Header("OCI-Tag") ?? throw new ExpectationException($"There is no OCI-Tag.\n{reply}")).Split(',', StringSplitOptions.TrimEntries);

    private async Task<ManifestContent> ImageAsync() =>
        ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), [await Client.PushAsync(Repo, BlobContent.Layer())]);

    private Task<Reply> PutAsync(ManifestContent manifest, string reference, string query) =>
        RawAsync("PUT", ManifestPath(Repo, reference) + query, manifest.Bytes, ("Content-Type", manifest.MediaType));
}
