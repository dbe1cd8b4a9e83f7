using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Pushing a blob in chunks": order, ranges, and that a refused chunk leaves no trace.</summary>
public sealed class ChunkOrderTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private readonly byte[] _bytes = Content.Random(3000);

    [Fact]
    public async Task A_new_session_says_where_it_is_and_how_much_it_has()
    {
        var opened = (await Client.PostAsync($"/v2/{Repo}/blobs/uploads/")).Expect(202);
        Assert.Empty(opened.Body);
        (await Client.GetAsync(opened.Location)).Expect(204).ExpectHeader("Range", "0-0");
    }

    [Fact]
    public async Task The_status_of_a_session_names_its_last_byte_and_its_location()
    {
        var location = await Client.StartUploadAsync(Repo);
        location = (await Client.PatchChunkAsync(location, _bytes[..1000], 0)).Expect(202).ExpectHeader("Range", "0-999").Location;

        var status = (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-999");
        Assert.Empty(status.Body);
        await FinishAsync(status.Location, 1000);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(0, 1)]
    [InlineData(1000, 0)]
    [InlineData(1000, 999)]
    [InlineData(1000, 1001)]
    [InlineData(1000, 2000)]
    public async Task A_chunk_out_of_order_is_a_416_and_appends_nothing(int sent, int offset)
    {
        var location = await SendAsync(sent);

        var refused = (await Client.PatchChunkAsync(location, _bytes[offset..(offset + 500)], offset)).ExpectError(416);

        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", Range(sent));
        if (refused.Header("Range") is { } range) Assert.Equal(Range(sent), range);
        await FinishAsync(location, sent);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(1000, 0)]
    [InlineData(1000, 999)]
    [InlineData(1000, 1001)]
    [InlineData(1000, 2000)]
    public async Task A_final_chunk_out_of_order_is_a_416_and_appends_nothing(int sent, int offset)
    {
        var location = await SendAsync(sent);
        var final = RegistryActions.With(location, $"digest={Content.Digest(_bytes)}");

        (await Client.PutAsync(final, _bytes[offset..], ("Content-Range", $"{offset}-{_bytes.Length - 1}"))).ExpectError(416);

        (await Client.HeadAsync(BlobPath(Repo, Content.Digest(_bytes)))).Expect(404);
        (await Client.GetAsync(final)).Expect(204).ExpectHeader("Range", Range(sent));
        await FinishAsync(location, sent);
    }

    [Fact]
    public async Task A_final_chunk_out_of_order_is_refused_even_when_its_digest_would_match()
    {
        var location = await SendAsync(1000);
        var final = RegistryActions.With(location, $"digest={Content.Digest(_bytes)}");
        (await Client.PutAsync(final, _bytes[1000..], ("Content-Range", "0-1999"))).ExpectError(416);
        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-999");
        await FinishAsync(location, 1000);
    }

    [Theory]
    [InlineData("1000")]
    [InlineData("1000-")]
    [InlineData("-1499")]
    [InlineData("a-b")]
    [InlineData("1000-999")]
    [InlineData("1000-1499,1500-1999")]
    [InlineData("99999999999999999999-99999999999999999999")]
    [InlineData("1000--1499")]
    [InlineData("+1000-1499")]
    [InlineData("1000-1498")]
    [InlineData("1000-1500")]
    [InlineData("1000-18446744073709551615")]
    public async Task A_content_range_that_is_malformed_or_lies_about_the_length_is_refused_and_appends_nothing(string range)
    {
        var location = await SendAsync(1000);

        var refused = await Client.PatchAsync(location, _bytes[1000..1500], ("Content-Range", range));
        refused.ExpectError(refused.Status == 416 ? 416 : 400, "BLOB_UPLOAD_INVALID", "SIZE_INVALID");

        var put = await Client.PutAsync(
            RegistryActions.With(location, $"digest={Content.Digest(_bytes.AsSpan(0, 1500))}"), _bytes[1000..1500], ("Content-Range", range));
        put.ExpectError(put.Status == 416 ? 416 : 400, "BLOB_UPLOAD_INVALID", "SIZE_INVALID");

        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-999");
        await FinishAsync(location, 1000);
    }

    [Theory]
    [InlineData("bytes {0}-{1}/3000")]
    [InlineData("bytes {0}-{1}/*")]
    [InlineData("bytes={0}-{1}")]
    public async Task A_content_range_in_the_form_of_a_download_is_refused_or_means_the_same(string form)
    {
        var location = await SendAsync(1000);
        string Range(int from, int to) => string.Format(System.Globalization.CultureInfo.InvariantCulture, form, from, to);

        (await Client.PatchAsync(location, _bytes[..500], ("Content-Range", Range(0, 499)))).Expect(400, 416);
        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-999");

        var inOrder = (await Client.PatchAsync(location, _bytes[1000..1500], ("Content-Range", Range(1000, 1499)))).Expect(202, 400, 416);
        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", inOrder.Status == 202 ? "0-1499" : "0-999");
        await FinishAsync(location, inOrder.Status == 202 ? 1500 : 1000);
    }

    [Theory]
    [InlineData(499)]
    [InlineData(501)]
    [InlineData(0)]
    public async Task A_streamed_chunk_of_another_length_than_its_range_is_refused_and_leaves_a_clean_offset(int length)
    {
        var location = await SendAsync(1000);

        var refused = await Client.StreamAsync("PATCH", location, [_bytes[1000..(1000 + length)]], ("Content-Range", "1000-1499"));
        refused.ExpectError(refused.Status == 416 ? 416 : 400, "BLOB_UPLOAD_INVALID", "SIZE_INVALID");

        (await Client.GetAsync(location)).Expect(204).ExpectHeader("Range", "0-999");
        await FinishAsync(location, 1000);
    }

    [Fact]
    public async Task Chunks_without_a_content_range_are_appended_in_the_order_in_which_they_come()
    {
        var location = await Client.StartUploadAsync(Repo);
        location = (await Client.PatchAsync(location, _bytes[..1000])).Expect(202).ExpectHeader("Range", "0-999").Location;
        location = (await Client.StreamAsync("PATCH", location, [_bytes[1000..1500], _bytes[1500..2000]])).Expect(202).ExpectHeader("Range", "0-1999").Location;
        await FinishAsync(location, 2000);
    }

    [Fact]
    public async Task A_chunk_of_one_byte_is_a_chunk()
    {
        var location = await Client.StartUploadAsync(Repo);
        for (var i = 0; i < 5; i++) location = (await Client.PatchChunkAsync(location, [_bytes[i]], i)).Expect(202).ExpectHeader("Range", $"0-{i}").Location;
        await FinishAsync(location, 5);
    }

    [Fact]
    public async Task An_empty_patch_changes_nothing()
    {
        var location = await SendAsync(1000);
        (await Client.PatchAsync(location, [])).Expect(202).ExpectHeader("Range", "0-999");
        await FinishAsync(location, 1000);
    }

    [Fact]
    public async Task The_status_may_be_asked_with_the_digest_that_the_put_will_have()
    {
        var location = await SendAsync(1000);
        (await Client.GetAsync(RegistryActions.With(location, $"digest={Content.Digest(_bytes)}"))).Expect(204).ExpectHeader("Range", "0-999");
    }

    [Fact]
    public async Task Bytes_in_the_put_without_a_content_range_are_the_last_chunk()
    {
        var location = await SendAsync(1000);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(_bytes)}"), _bytes[1000..])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(_bytes)))).Expect(200).ExpectBody(_bytes);
    }

    [Fact]
    public async Task A_session_of_many_chunks_of_odd_sizes_hashes_what_was_sent()
    {
        var bytes = Content.Random(300_000);
        var location = await Client.StartUploadAsync(Repo, "sha512");
        var size = 1;
        for (var offset = 0; offset < bytes.Length; offset += size)
        {
            size = Math.Min(bytes.Length - offset, (size * 2) + 1);
            location = (await Client.PatchChunkAsync(location, bytes[offset..(offset + size)], offset)).Expect(202).Location;
        }

        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(bytes, "sha512")}"), [])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(bytes, "sha512")))).Expect(200).ExpectBody(bytes);
    }

    private static string Range(int sent) => $"0-{Math.Max(0, sent - 1)}";

    private async Task<string> SendAsync(int length)
    {
        var location = await Client.StartUploadAsync(Repo);
        return length == 0 ? location : (await Client.PatchChunkAsync(location, _bytes[..length], 0)).Expect(202).Location;
    }

    /// <summary>Sends the rest from an offset; the blob must be exactly the bytes, so nothing else was ever appended.</summary>
    private async Task FinishAsync(string location, int offset)
    {
        location = (await Client.PatchChunkAsync(location, _bytes[offset..], offset)).Expect(202).ExpectHeader("Range", $"0-{_bytes.Length - 1}").Location;
        (await Client.PutAsync(RegistryActions.With(location, $"digest={Content.Digest(_bytes)}"), [])).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, Content.Digest(_bytes)))).Expect(200).ExpectBody(_bytes);
    }
}
