using System.IO.Compression;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>Sizes and encodings of bodies: limits hold however a body is sent, and no byte is changed on the way in or out.</summary>
public sealed class BodyTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private const int ManifestLimit = 4 * 1024 * 1024;

    [Fact]
    public async Task A_manifest_of_exactly_4_MiB_is_taken()
    {
        var manifest = await OfSizeAsync(ManifestLimit);
        await Client.PushAsync(Repo, manifest, "latest");
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(manifest.Bytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_larger_manifest_is_a_413_with_and_without_its_length(bool streamed)
    {
        var manifest = await OfSizeAsync(ManifestLimit + 1);
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync(
            "PUT",
            ManifestPath(Repo, "latest"),
            ("Content-Type", manifest.MediaType),
            streamed ? ("Transfer-Encoding", "chunked") : ("Content-Length", $"{manifest.Bytes.Length}"));
        var sending = SendAsync();
        (await connection.ReceiveAsync()).ExpectError(413);
        await sending;
        (await Client.HeadManifestAsync(Repo, "latest")).Expect(404);

        async Task SendAsync()
        {
            try
            {
                if (streamed) await connection.SendChunkAsync(manifest.Bytes);
                else await connection.SendAsync(manifest.Bytes);
                if (streamed) await connection.SendChunkAsync([]);
            }
            catch (IOException)
            {
                // The server need not read what it has refused.
            }
        }
    }

    [Fact]
    public async Task A_manifest_whose_length_lies_far_beyond_the_limit_is_refused_by_its_header_alone()
    {
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("PUT", ManifestPath(Repo, "latest"), ("Content-Type", Types.Manifest), ("Content-Length", "9000000000000000000"));
        (await connection.ReceiveAsync(TimeSpan.FromSeconds(20))).ExpectError(413);
    }

    [Fact]
    public async Task A_manifest_streamed_without_its_length_is_taken()
    {
        var manifest = await OfSizeAsync(100_000);
        (await Client.StreamAsync("PUT", ManifestPath(Repo, "latest"), manifest.Bytes.Chunk(999), ("Content-Type", manifest.MediaType))).Expect(201);
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(manifest.Bytes);
    }

    [Fact]
    public async Task A_compressed_manifest_is_refused()
    {
        var manifest = await OfSizeAsync(1000);
        var compressed = Gzip(manifest.Bytes);
        foreach (var reference in (string[])["latest", manifest.Digest, Content.Digest(compressed)])
        {
            var reply = await Client.PutAsync(ManifestPath(Repo, reference), compressed, ("Content-Type", manifest.MediaType), ("Content-Encoding", "gzip"));
            reply.ExpectError(reply.Status == 415 ? 415 : 400);
        }

        (await Client.HeadManifestAsync(Repo, manifest.Digest)).Expect(404);
    }

    [Fact]
    public async Task The_bytes_of_a_blob_are_kept_as_they_were_sent_whatever_encoding_they_claim()
    {
        var bytes = Gzip(Content.Random(1000));
        var reply = await Client.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={Content.Digest(bytes)}", bytes, ("Content-Encoding", "gzip"));
        if (reply.Status != 201)
        {
            reply.ExpectError(reply.Status == 415 ? 415 : 400);
            return;
        }

        (await Client.GetAsync(BlobPath(Repo, Content.Digest(bytes)))).Expect(200).ExpectBody(bytes).ExpectHeader("Content-Encoding", null);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br, zstd, gzip;q=0.5, *;q=0")]
    public async Task What_is_sent_is_never_compressed_on_the_way(string accept)
    {
        var text = Content.Utf8(new string('a', 20_000));
        var blob = await Client.PushAsync(Repo, new BlobContent(text));
        var manifest = await OfSizeAsync(50_000);
        await Client.PushAsync(Repo, manifest, "latest");
        (await Client.GetAsync(BlobPath(Repo, blob.Digest), ("Accept-Encoding", accept))).Expect(200).ExpectBody(text).ExpectHeader("Content-Encoding", null)
            .ExpectHeader("Content-Length", $"{text.Length}");
        (await Client.GetAsync(ManifestPath(Repo, "latest"), ("Accept-Encoding", accept))).Expect(200).ExpectBody(manifest.Bytes).ExpectHeader("Content-Encoding", null)
            .ExpectHeader("Content-Length", $"{manifest.Bytes.Length}");
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("abc")]
    [InlineData("1, 2")]
    [InlineData("99999999999999999999")]
    public async Task A_length_that_is_none_is_a_400(string length)
    {
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={Content.UnknownDigest()}", ("Content-Length", length));
        (await connection.ReceiveAsync(TimeSpan.FromSeconds(20))).Expect(400);
    }

    [Fact]
    public async Task A_chunk_that_is_none_is_a_400_and_no_blob()
    {
        var digest = Content.Digest(Content.Utf8("abc"));
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={digest}", ("Transfer-Encoding", "chunked"));
        await connection.SendAsync("3\r\nabc\r\nzz\r\n"u8.ToArray());
        (await connection.ReceiveAsync(TimeSpan.FromSeconds(20))).Expect(400);
        (await Client.HeadAsync(BlobPath(Repo, digest))).Expect(404);
    }

    [Fact]
    public async Task One_connection_carries_many_requests_of_every_kind()
    {
        var blob = BlobContent.Layer(3000);
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        for (var round = 0; round < 3; round++)
        {
            await connection.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={blob.Digest}", ("Content-Length", "3000"));
            await connection.SendAsync(blob.Bytes);
            (await connection.ReceiveAsync()).Expect(201);
            await connection.SendHeadAsync("HEAD", BlobPath(Repo, blob.Digest));
            (await connection.ReceiveAsync()).Expect(200);
            await connection.SendHeadAsync("GET", BlobPath(Repo, Content.UnknownDigest()));
            (await connection.ReceiveAsync()).Expect(404);
            await connection.SendHeadAsync("PUT", ManifestPath(Repo, "latest"), ("Content-Length", "2"), ("Content-Type", Types.Manifest));
            await connection.SendAsync("{}"u8.ToArray());
            (await connection.ReceiveAsync()).ExpectError(400, "MANIFEST_INVALID");
            await connection.SendHeadAsync("GET", BlobPath(Repo, blob.Digest), ("Range", "bytes=10-19"));
            (await connection.ReceiveAsync()).Expect(206).ExpectBody(blob.Bytes.AsSpan(10, 10));
            await connection.SendHeadAsync("DELETE", BlobPath(Repo, blob.Digest));
            (await connection.ReceiveAsync()).Expect(202);
        }
    }

    [Fact]
    public async Task A_refused_body_does_not_become_the_next_request()
    {
        var authorization = await Endpoint.AuthorizeAsync("DELETE", ManifestPath(Repo, "latest"));
        var smuggled = Content.Utf8($"DELETE {ManifestPath(Repo, "latest")} HTTP/1.1\r\nHost: {Endpoint.Authority}\r\nAuthorization: {authorization}\r\n\r\n");
        await Client.PushImageAsync(Repo, "latest");
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest=sha256:short", ("Content-Length", $"{smuggled.Length}"));
        await connection.SendAsync(smuggled);
        (await connection.ReceiveAsync()).ExpectError(400, "DIGEST_INVALID");
        await connection.IsClosedWithinAsync(TimeSpan.FromSeconds(1));
        (await Client.HeadManifestAsync(Repo, "latest")).Expect(200);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest)) gzip.Write(bytes);
        return output.ToArray();
    }

    /// <summary>An image manifest of exactly this many bytes.</summary>
    private async Task<ManifestContent> OfSizeAsync(int size)
    {
        var config = await Client.PushAsync(Repo, BlobContent.Config());
        var manifest = ManifestContent.Image(config, [], d => d["annotations"] = new System.Text.Json.Nodes.JsonObject { ["fill"] = "" });
        var text = System.Text.Encoding.UTF8.GetString(manifest.Bytes);
        return ManifestContent.Text(text.Replace("\"fill\": \"\"", $"\"fill\": \"{new string('x', size - text.Length)}\"", StringComparison.Ordinal));
    }
}
