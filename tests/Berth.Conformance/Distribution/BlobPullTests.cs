using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Pulling blobs" and "Checking if content exists"; RFC 9110 on conditional requests, RFC 8246 on immutable content.</summary>
public sealed class BlobPullTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Theory]
    [InlineData("sha256", 0)]
    [InlineData("sha256", 5000)]
    [InlineData("sha512", 0)]
    [InlineData("sha512", 5000)]
    public async Task Head_says_what_get_says(string algorithm, int size)
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(size, algorithm));
        var get = (await RawAsync("GET", BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
        var head = (await RawAsync("HEAD", BlobPath(Repo, blob.Digest))).Expect(200);
        foreach (var name in (string[])["Content-Length", "Content-Type", "Docker-Content-Digest", "ETag", "Cache-Control", "Accept-Ranges"])
        {
            Assert.False(string.IsNullOrEmpty(get.Header(name)), $"{name} is lacking\n{get}");
            head.ExpectHeader(name, get.Header(name));
        }

        get.ExpectHeader("Content-Length", size.ToString(System.Globalization.CultureInfo.InvariantCulture)).ExpectHeader("Docker-Content-Digest", blob.Digest);
    }

    [Fact]
    public async Task A_blob_says_that_it_never_changes()
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        var reply = (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200)
            .ExpectHeader("ETag", $"\"{blob.Digest}\"").ExpectHeader("Accept-Ranges", "bytes").ExpectHeader("Content-Type", "application/octet-stream");
        var caching = reply.Header("Cache-Control")!.Split(',', StringSplitOptions.TrimEntries);
        Assert.Contains("immutable", caching);
        Assert.Contains(caching, c => c.StartsWith("max-age=", StringComparison.Ordinal));
        Assert.DoesNotContain("public", caching);
    }

    [Theory]
    [InlineData("\"{0}\"", 304)]
    [InlineData("W/\"{0}\"", 304)]
    [InlineData("\"other\", \"{0}\"", 304)]
    [InlineData("*", 304)]
    [InlineData("\"other\"", 200)]
    public async Task A_blob_that_the_client_has_is_not_sent_again(string condition, int status)
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        var value = string.Format(System.Globalization.CultureInfo.InvariantCulture, condition, blob.Digest);

        var get = (await Client.GetAsync(BlobPath(Repo, blob.Digest), ("If-None-Match", value))).Expect(status).ExpectHeader("ETag", $"\"{blob.Digest}\"");
        if (status == 304) Assert.Empty(get.Body);
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest), ("If-None-Match", value))).Expect(status);
    }

    [Theory]
    [InlineData("\"{0}\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"other\"", 412)]
    public async Task A_blob_under_a_condition_is_sent_only_when_it_holds(string condition, int status)
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        var value = string.Format(System.Globalization.CultureInfo.InvariantCulture, condition, blob.Digest);
        var reply = await Client.GetAsync(BlobPath(Repo, blob.Digest), ("If-Match", value));
        if (status == 200) reply.Expect(200).ExpectBody(blob.Bytes);
        else reply.ExpectError(status, "BAD_REQUEST").ExpectHeader("Cache-Control", "no-store");
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest), ("If-Match", value))).Expect(status);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task An_unknown_blob_is_a_404_whether_its_repository_exists_or_not(string method)
    {
        (await RawAsync(method, BlobPath(Repo, Content.UnknownDigest()))).ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");
        await Client.PushImageAsync(Repo, "latest");
        (await RawAsync(method, BlobPath(Repo, Content.UnknownDigest()))).ExpectError(404, "BLOB_UNKNOWN");
        (await RawAsync(method, BlobPath(Repo, Content.UnknownDigest("sha512")))).ExpectError(404, "BLOB_UNKNOWN");
    }

    [Fact]
    public async Task A_condition_does_not_make_an_unknown_blob_known()
    {
        var digest = Content.UnknownDigest();
        (await Client.GetAsync(BlobPath(Repo, digest), ("If-None-Match", $"\"{digest}\""))).Expect(404);
        (await Client.GetAsync(BlobPath(Repo, digest), ("If-None-Match", "*"))).Expect(404);
        (await Client.GetAsync(BlobPath(Repo, digest), ("Range", "bytes=0-1"))).Expect(404);
    }

    [Fact]
    public async Task A_blob_of_one_repository_is_unknown_in_every_other()
    {
        var other = NewRepo();
        await Client.PushImageAsync(other, "latest");
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        (await Client.GetAsync(BlobPath(other, blob.Digest))).ExpectError(404, "BLOB_UNKNOWN");
        (await Client.GetAsync(BlobPath($"{Repo}/deeper", blob.Digest))).ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");
        (await Client.GetAsync(BlobPath(Repo[..^1], blob.Digest))).ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");
    }

    [Theory]
    [InlineData("sha256:baddigeststring")]
    [InlineData("sha256:")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("latest")]
    public async Task What_is_no_digest_is_refused_on_every_verb(string digest)
    {
        foreach (var method in (string[])["GET", "HEAD", "DELETE"])
        {
            var reply = await RawAsync(method, BlobPath(Repo, digest));
            reply.ExpectError(reply.Status == 404 ? 404 : 400, "DIGEST_INVALID", "BLOB_UNKNOWN", "NAME_UNKNOWN");
        }
    }

    [Fact]
    public async Task A_deleted_blob_is_gone_at_once_and_may_be_pushed_again()
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        (await Client.DeleteAsync(BlobPath(Repo, blob.Digest))).Expect(202);
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest))).Expect(404);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");
        (await Client.DeleteAsync(BlobPath(Repo, blob.Digest))).ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");

        await Client.PushAsync(Repo, blob);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_blob_deleted_in_one_repository_stays_in_the_others(string algorithm)
    {
        var other = NewRepo();
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(100, algorithm));
        await Client.PushAsync(other, blob);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200);

        (await Client.DeleteAsync(BlobPath(Repo, blob.Digest))).Expect(202);

        (await Client.GetAsync(BlobPath(other, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(404);
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest))).Expect(404);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest), ("Range", "bytes=0-1"))).Expect(404);
    }

    [Fact]
    public async Task A_blob_that_a_manifest_uses_is_not_deleted_and_the_refusal_names_the_manifest()
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var layer = await Client.PushAsync(Repo, BlobContent.Layer());
        var manifest = await Client.PushAsync(Repo, ManifestContent.Image(config, [layer]), "latest");

        foreach (var digest in (string[])[config.Digest, layer.Digest])
        {
            var refused = (await Client.DeleteAsync(BlobPath(Repo, digest))).ExpectError(409, "DENIED");
            Assert.Contains(manifest.Digest, refused.Text, StringComparison.Ordinal);
            (await Client.HeadAsync(BlobPath(Repo, digest))).Expect(200);
        }

        (await Client.DeleteAsync(ManifestPath(Repo, manifest.Digest))).Expect(202);
        (await Client.DeleteAsync(BlobPath(Repo, layer.Digest))).Expect(202);
        (await Client.HeadAsync(BlobPath(Repo, layer.Digest))).Expect(404);
    }

    [Fact]
    public async Task A_manifest_of_another_repository_does_not_hold_a_blob()
    {
        var other = NewRepo();
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        await Client.PushAsync(other, config);
        await Client.PushAsync(other, ManifestContent.Image(config, []), "latest");

        (await Client.DeleteAsync(BlobPath(Repo, config.Digest))).Expect(202);
        (await Client.GetAsync(BlobPath(other, config.Digest))).Expect(200).ExpectBody(config.Bytes);
    }
}
