using System.Text;
using Berth.Oci.Client;
using static Berth.Oci.Tests.Client.Clients;

namespace Berth.Oci.Tests.Client;

public sealed class ReadTests
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("some content of a blob");
    private static readonly Digest ContentDigest = Sha256(Content);

    [Fact]
    public async Task A_blob_is_found_with_its_size_or_not_at_all()
    {
        await using var registry = new FakeRegistry(request => request.Target.EndsWith(ContentDigest.Hex, StringComparison.Ordinal)
            ? new FakeAnswer(200) { Claimed = 22 }
            : new FakeAnswer(404));
        using var client = new RegistryClient(registry.Address, Anonymous);

        Assert.Equal(22, await client.FindBlobAsync(App, ContentDigest, Cancel));
        Assert.Null(await client.FindBlobAsync(App, Sha256([]), Cancel));
        Assert.Equal($"/v2/team/app/blobs/{ContentDigest}", registry.Seen.First().Target);
        Assert.All(registry.Seen, request => Assert.Equal("HEAD", request.Method));
    }

    [Theory]
    [InlineData(DigestAlgorithm.Sha256)]
    [InlineData(DigestAlgorithm.Sha512)]
    public async Task A_blob_is_read_and_checked(DigestAlgorithm algorithm)
    {
        await using var registry = new FakeRegistry(_ => new FakeAnswer(200, Content));
        using var client = new RegistryClient(registry.Address, Anonymous);

        using var download = await client.OpenBlobAsync(App, Digest.Compute(algorithm, Content), Cancel);
        Assert.Equal(Content.Length, download.Length);
        Assert.Equal(Content, await ReadAllAsync(download));
    }

    [Fact]
    public async Task Other_bytes_than_the_digest_says_are_refused_before_the_last_one_is_given()
    {
        await using var registry = new FakeRegistry(_ => new FakeAnswer(200, Encoding.UTF8.GetBytes("SOME content of a blob")));
        using var client = new RegistryClient(registry.Address, Anonymous);

        using var download = await client.OpenBlobAsync(App, ContentDigest, Cancel);
        var buffer = new byte[Content.Length];
        var refusal = await Assert.ThrowsAsync<OciException>(() => download.Content.ReadExactlyAsync(buffer, Cancel).AsTask());
        Assert.Equal(OciErrorCode.DigestInvalid, refusal.Code);
    }

    [Fact]
    public async Task A_short_body_is_an_error_and_no_end()
    {
        await using var registry = new FakeRegistry(_ => new FakeAnswer(200, Content) { Claimed = 100 });
        using var client = new RegistryClient(registry.Address, Anonymous);

        using var download = await client.OpenBlobAsync(App, ContentDigest, Cancel);
        await Assert.ThrowsAnyAsync<IOException>(() => ReadAllAsync(download));
    }

    [Fact]
    public async Task A_download_that_stands_still_fails()
    {
        await using var registry = new FakeRegistry(_ => new FakeAnswer(200, Content) { Claimed = 100, StandsStill = true });
        using var client = new RegistryClient(registry.Address, Anonymous with { StallLimit = TimeSpan.FromMilliseconds(200) });

        using var download = await client.OpenBlobAsync(App, ContentDigest, Cancel);
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => ReadAllAsync(download));
        Assert.Contains("stood still", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_does_not_begin_fails()
    {
        await using var silent = new FakeRegistry(_ =>
        {
            Thread.Sleep(1_000);
            return new FakeAnswer(200);
        });
        using var client = new RegistryClient(silent.Address, Anonymous with { ResponseLimit = TimeSpan.FromMilliseconds(100) });
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PingAsync(Cancel));
    }

    [Fact]
    public async Task A_range_is_asked_for_and_the_answer_must_be_that_range()
    {
        await using var registry = new FakeRegistry(request => request["Range"] switch
        {
            "bytes=5-11" => new FakeAnswer(206, Content[5..12]).With("Content-Range", "bytes 5-11/22"),
            "bytes=12-" => new FakeAnswer(206, Content[12..]).With("Content-Range", "bytes 12-21/22"),
            "bytes=1-2" => new FakeAnswer(206, Content[2..4]).With("Content-Range", "bytes 2-3/22"),
            "bytes=3-4" => new FakeAnswer(206, Content[3..]).With("Content-Range", "bytes 3-21/22"),
            "bytes=6-7" => new FakeAnswer(200, Content),
            _ => FakeAnswer.Error(416, "SIZE_INVALID"),
        });
        using var client = new RegistryClient(registry.Address, Anonymous);

        using (var part = await client.OpenBlobRangeAsync(App, ContentDigest, 5, 11, Cancel))
        {
            Assert.Equal((7, 22), (part.Length, part.Total));
            Assert.Equal("content", Encoding.UTF8.GetString(await ReadAllAsync(part)));
        }

        using (var rest = await client.OpenBlobRangeAsync(App, ContentDigest, 12, null, Cancel))
            Assert.Equal(" of a blob", Encoding.UTF8.GetString(await ReadAllAsync(rest)));

        foreach (var (start, end) in ((long, long)[])[(1, 2), (3, 4), (6, 7)])
        {
            var refusal = await Assert.ThrowsAsync<OciException>(() => client.OpenBlobRangeAsync(App, ContentDigest, start, end, Cancel));
            Assert.Equal(OciErrorCode.Unsupported, refusal.Code);
        }

        Assert.Equal(416, (await Assert.ThrowsAsync<OciException>(() => client.OpenBlobRangeAsync(App, ContentDigest, 99, null, Cancel))).Status);
    }

    [Fact]
    public async Task A_manifest_is_read_with_its_type_and_digest()
    {
        var bytes = Encoding.UTF8.GetBytes(Manifests.Sample.Index());
        await using var registry = new FakeRegistry(request => new FakeAnswer(200, bytes)
            .With("Content-Type", $"{MediaTypes.OciIndex}; charset=utf-8").With("Docker-Content-Digest", Sha256(bytes).ToString()));
        using var client = new RegistryClient(registry.Address, Anonymous);

        var manifest = await client.GetManifestAsync(App, Reference.To(Tag.Parse("v1")), Cancel);
        Assert.Equal((MediaTypes.OciIndex, Sha256(bytes)), (manifest.MediaType, manifest.Digest));
        Assert.True(manifest.Bytes.Span.SequenceEqual(bytes));

        var sha512 = Digest.Compute(DigestAlgorithm.Sha512, bytes);
        Assert.Equal(sha512, (await client.GetManifestAsync(App, Reference.To(sha512), Cancel)).Digest);
        Assert.Equal(
            new Descriptor(MediaTypes.OciIndex, Sha256(bytes), bytes.Length), await client.FindManifestAsync(App, Reference.To(Tag.Parse("v1")), Cancel));
        Assert.All(MediaTypes.ManifestTypes, type => Assert.Contains(type, registry.Seen.First()["Accept"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_with_another_digest_or_too_many_bytes_is_refused()
    {
        await using var registry = new FakeRegistry(request => request.Target.EndsWith("/huge", StringComparison.Ordinal)
            ? new FakeAnswer(200, new byte[OciLimits.ManifestBytes + 1])
            : new FakeAnswer(200, "{}"u8.ToArray()).With("Docker-Content-Digest", Manifests.Sample.DigestB));
        using var client = new RegistryClient(registry.Address, Anonymous);

        foreach (var reference in (string[])["v1", Manifests.Sample.DigestA])
        {
            Assert.True(Reference.TryParse(reference, out var parsed));
            Assert.Equal(OciErrorCode.DigestInvalid, (await Assert.ThrowsAsync<OciException>(() => client.GetManifestAsync(App, parsed, Cancel))).Code);
        }

        var huge = await Assert.ThrowsAsync<OciException>(() => client.GetManifestAsync(App, Reference.To(Tag.Parse("huge")), Cancel));
        Assert.Equal(OciErrorCode.SizeInvalid, huge.Code);
    }

    [Fact]
    public async Task An_error_keeps_the_registrys_code_message_status_and_detail()
    {
        await using var registry = new FakeRegistry(request => request.Target switch
        {
            "/v2/team/app/manifests/a" => FakeAnswer.Error(404, "NAME_UNKNOWN", "no such repository"),
            "/v2/team/app/manifests/b" => FakeAnswer.Error(418, "TEAPOT", "short and stout"),
            "/v2/team/app/manifests/c" => new FakeAnswer(503, "<html>"u8.ToArray()),
            "/v2/team/app/manifests/d" => FakeAnswer.Json(400, """{"errors":[null,{"code":7}]}"""),
            "/v2/team/app/manifests/e" => FakeAnswer.Json(403, """{"errors":[{"code":"DENIED","detail":"x"}]}"""),
            _ => new FakeAnswer(500, new byte[1_000_000]),
        });
        using var client = new RegistryClient(registry.Address, Anonymous);
        async Task<OciException> Refused(string tag) =>
            await Assert.ThrowsAsync<OciException>(() => client.GetManifestAsync(App, Reference.To(Tag.Parse(tag)), Cancel));

        var known = await Refused("a");
        Assert.Equal((OciErrorCode.NameUnknown, 404, "no such repository", """{"x":1}"""), (known.Code, known.Status, known.Message, known.Detail));
        var unknown = await Refused("b");
        Assert.Equal((OciErrorCode.Unknown, 418, "TEAPOT: short and stout"), (unknown.Code, unknown.Status, unknown.Message));
        Assert.Equal((OciErrorCode.Unavailable, 503), ((await Refused("c")).Code, (await Refused("c")).Status));
        Assert.Equal((OciErrorCode.BadRequest, 400), ((await Refused("d")).Code, (await Refused("d")).Status));
        Assert.Equal((OciErrorCode.Denied, "x"), ((await Refused("e")).Code, (await Refused("e")).Detail));
        Assert.Equal((OciErrorCode.Unknown, 500), ((await Refused("f")).Code, (await Refused("f")).Status));
    }

    [Fact]
    public async Task Deleting_says_whether_there_was_something()
    {
        await using var registry = new FakeRegistry(request =>
            request.Target.EndsWith("gone", StringComparison.Ordinal) || request.Target.EndsWith(Sha256([]).Hex, StringComparison.Ordinal)
                ? FakeAnswer.Error(404, "MANIFEST_UNKNOWN") : new FakeAnswer(202));
        using var client = new RegistryClient(registry.Address, Anonymous);

        Assert.True(await client.DeleteManifestAsync(App, Reference.To(Tag.Parse("v1")), Cancel));
        Assert.False(await client.DeleteManifestAsync(App, Reference.To(Tag.Parse("gone")), Cancel));
        Assert.True(await client.DeleteBlobAsync(App, ContentDigest, Cancel));
        Assert.False(await client.DeleteBlobAsync(App, Sha256([]), Cancel));
        Assert.All(registry.Seen, request => Assert.Equal("DELETE", request.Method));
    }
}
