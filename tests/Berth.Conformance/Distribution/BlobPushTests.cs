using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Pushing blobs": every style, both algorithms, sizes around the ones where buffers end.</summary>
public sealed class BlobPushTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    public static TheoryData<PushStyle, string, int> Pushes()
    {
        var data = new TheoryData<PushStyle, string, int>();
        foreach (var style in Enum.GetValues<PushStyle>())
        {
            foreach (var algorithm in (string[])["sha256", "sha512"])
            {
                foreach (var size in (int[])[0, 1, 2, 4095, 4096, 4097, 1 << 20]) data.Add(style, algorithm, size);
            }
        }

        return data;
    }

    public static TheoryData<PushStyle, string> Styles()
    {
        var data = new TheoryData<PushStyle, string>();
        foreach (var style in Enum.GetValues<PushStyle>())
        {
            data.Add(style, "sha256");
            data.Add(style, "sha512");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Pushes))]
    public async Task A_pushed_blob_comes_back_byte_for_byte(PushStyle style, string algorithm, int size)
    {
        var bytes = Content.Random(size);
        var digest = Content.Digest(bytes, algorithm);

        var pushed = (await Client.SendBlobAsync(Repo, bytes, digest, style)).Expect(201);
        Assert.Equal(digest, pushed.Digest);
        Assert.Empty(pushed.Body);

        (await Client.GetAsync(BlobPath(Repo, digest))).Expect(200).ExpectBody(bytes).ExpectHeader("Docker-Content-Digest", digest);
        (await Client.GetAsync(pushed.Location)).Expect(200).ExpectBody(bytes);
        (await Client.HeadAsync(BlobPath(Repo, digest))).Expect(200)
            .ExpectHeader("Content-Length", size.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .ExpectHeader("Docker-Content-Digest", digest);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public async Task The_location_of_a_push_names_the_digest_in_the_clients_algorithm(PushStyle style, string algorithm)
    {
        var blob = BlobContent.Layer(100, algorithm);
        var pushed = (await Client.SendBlobAsync(Repo, blob.Bytes, blob.Digest, style)).Expect(201);
        Assert.EndsWith($"/v2/{Repo}/blobs/{blob.Digest}", pushed.Location.Replace("%3A", ":", StringComparison.OrdinalIgnoreCase), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public async Task Bytes_of_another_digest_are_refused_and_nothing_of_them_is_there(PushStyle style, string algorithm)
    {
        var bytes = Content.Random(5000);
        var wrong = Content.UnknownDigest(algorithm);

        (await Client.SendBlobAsync(Repo, bytes, wrong, style)).ExpectError(400, "DIGEST_INVALID");

        (await Client.HeadAsync(BlobPath(Repo, wrong))).Expect(404);
        (await Client.HeadAsync(BlobPath(Repo, Content.Digest(bytes, algorithm)))).Expect(404);
        await Client.PushAsync(Repo, new BlobContent(bytes, Types.Layer, algorithm), style);
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_session_whose_final_digest_was_wrong_lives_on_whole_or_is_gone(string algorithm)
    {
        var bytes = Content.Random(5000);
        var location = await Client.StartUploadAsync(Repo, algorithm);
        location = (await Client.PatchChunkAsync(location, bytes, 0)).Expect(202).Location;
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.UnknownDigest(algorithm)}"), [])).ExpectError(400, "DIGEST_INVALID");

        var status = (await Client.GetAsync(location)).Expect(204, 404);
        if (status.Status == 404)
        {
            status.ExpectError(404, "BLOB_UPLOAD_UNKNOWN");
            return;
        }

        status.ExpectHeader("Range", "0-4999");
        (await Client.PutAsync(RegistryActions.With(status.Location, $"digest={Content.Digest(bytes, algorithm)}"), [])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(bytes, algorithm)))).Expect(200).ExpectBody(bytes);
    }

    [Theory]
    [InlineData("sha256", "sha512")]
    [InlineData("sha512", "sha256")]
    public async Task The_final_digest_decides_the_algorithm_even_when_the_session_named_another(string opened, string closed)
    {
        var blob = BlobContent.Layer(10_000, closed);
        var location = await Client.StartUploadAsync(Repo, opened);
        location = (await Client.PatchAsync(location, blob.Bytes)).Expect(202).Location;

        (await Client.PutAsync(RegistryActions.With(location, $"digest={blob.Digest}"), [])).Expect(201).ExpectHeader("Docker-Content-Digest", blob.Digest);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes).ExpectHeader("Docker-Content-Digest", blob.Digest);
    }

    [Fact]
    public async Task The_same_bytes_under_two_algorithms_are_two_blobs()
    {
        var bytes = Content.Random(300);
        await Client.PushAsync(Repo, new BlobContent(bytes, Types.Layer, "sha256"));
        (await Client.HeadAsync(BlobPath(Repo, Content.Digest(bytes, "sha512")))).Expect(404);

        await Client.PushAsync(Repo, new BlobContent(bytes, Types.Layer, "sha512"));
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(bytes, "sha512")))).Expect(200).ExpectBody(bytes);
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(bytes, "sha256")))).Expect(200).ExpectBody(bytes);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public async Task A_blob_that_is_there_may_be_pushed_again(PushStyle style, string algorithm)
    {
        var blob = BlobContent.Layer(5000, algorithm);
        await Client.PushAsync(Repo, blob, style);
        await Client.PushAsync(Repo, blob, style);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Fact]
    public async Task Many_clients_may_push_one_blob_at_once()
    {
        var blob = BlobContent.Layer(200_000);
        var styles = Enum.GetValues<PushStyle>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Client.PushAsync(i % 2 == 0 ? Repo : $"{Repo}/{i}", blob, styles[i % styles.Length])));

        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
        (await Client.GetAsync(BlobPath($"{Repo}/5", blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Theory]
    [InlineData("digest=sha256:short")]
    [InlineData("digest=sha256:../../../etc/passwd")]
    [InlineData("digest=md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("digest=sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("digest=sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("digest=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("digest=")]
    public async Task A_digest_that_is_none_is_refused_on_the_single_post_and_on_the_put(string query)
    {
        (await Client.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/?{query}", [])).ExpectError(400, "DIGEST_INVALID");
        var location = await Client.StartUploadAsync(Repo);
        (await Client.PutAsync(RegistryActions.With(location, query), [])).ExpectError(400, "DIGEST_INVALID");
    }

    [Fact]
    public async Task A_put_without_a_digest_is_refused()
    {
        var location = await Client.StartUploadAsync(Repo);
        (await Client.PutAsync(location, [1, 2, 3])).ExpectError(400, "DIGEST_INVALID", "BLOB_UPLOAD_INVALID");
    }

    [Theory]
    [InlineData("md5")]
    [InlineData("sha384")]
    [InlineData("SHA256")]
    [InlineData("")]
    public async Task An_algorithm_that_is_not_registered_is_refused_when_the_session_opens(string algorithm) =>
        (await Client.PostAsync($"/v2/{Repo}/blobs/uploads/?digest-algorithm={algorithm}")).ExpectError(400, "DIGEST_INVALID", "UNSUPPORTED");

    [Fact]
    public async Task A_digest_whose_colon_is_escaped_is_the_same_digest()
    {
        var blob = BlobContent.Layer();
        var escaped = blob.Digest.Replace(":", "%3A", StringComparison.Ordinal);
        (await RawAsync("POST", $"/v2/{Repo}/blobs/uploads/?digest={escaped}", blob.Bytes)).Expect(201);
        (await RawAsync("GET", BlobPath(Repo, escaped))).Expect(200).ExpectBody(blob.Bytes);
        (await RawAsync("GET", BlobPath(Repo, escaped.Replace("%3A", "%3a", StringComparison.Ordinal)))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Fact]
    public async Task Parameters_of_the_content_type_do_not_matter()
    {
        var blob = BlobContent.Layer();
        var location = await Client.StartUploadAsync(Repo);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={blob.Digest}"), blob.Bytes, ("Content-Type", "application/octet-stream; a=b"))).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectHeader("Content-Type", "application/octet-stream");
    }
}
