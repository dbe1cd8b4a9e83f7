using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>RFC 9110 section 14, as the OCI distribution spec asks for it on blobs.</summary>
public sealed class BlobRangeTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private const int Size = 2048;
    private readonly BlobContent _blob = BlobContent.Layer(Size);

    [Theory]
    [InlineData("bytes=0-0", 0, 0)]
    [InlineData("bytes=0-2047", 0, 2047)]
    [InlineData("bytes=0-", 0, 2047)]
    [InlineData("bytes=500-", 500, 2047)]
    [InlineData("bytes=-500", 1548, 2047)]
    [InlineData("bytes=-1", 2047, 2047)]
    [InlineData("bytes=-2048", 0, 2047)]
    [InlineData("bytes=-99999", 0, 2047)]
    [InlineData("bytes=100-200", 100, 200)]
    [InlineData("bytes=2047-2047", 2047, 2047)]
    [InlineData("bytes=2000-5000", 2000, 2047)]
    [InlineData("bytes=0-9223372036854775807", 0, 2047)]
    [InlineData("bytes=2000-99999999999999999999999", 2000, 2047)]
    [InlineData("Bytes=100-200", 100, 200)]
    public async Task A_range_is_answered_with_exactly_those_bytes(string range, int first, int last)
    {
        await Client.PushAsync(Repo, _blob);
        var reply = (await RawAsync("GET", BlobPath(Repo, _blob.Digest), null, ("Range", range))).Expect(206)
            .ExpectBody(_blob.Bytes.AsSpan(first..(last + 1)))
            .ExpectHeader("Content-Length", $"{last - first + 1}")
            .ExpectHeader("Content-Range", $"bytes {first}-{last}/{Size}")
            .ExpectHeader("Docker-Content-Digest", _blob.Digest);
        Assert.Equal("application/octet-stream", reply.Header("Content-Type"));
    }

    [Theory]
    [InlineData("bytes=500-0")]
    [InlineData("bytes=5000-10000")]
    [InlineData("bytes=2048-")]
    [InlineData("bytes=2048-2048")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=99999999999999999999999-")]
    public async Task A_range_that_cannot_be_had_is_a_416_that_names_the_size_and_keeps_the_connection_in_order(string range)
    {
        await Client.PushAsync(Repo, _blob);
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("GET", BlobPath(Repo, _blob.Digest), ("Range", range));
        var refused = (await connection.ReceiveAsync()).Expect(416).ExpectHeader("Content-Range", $"bytes */{Size}");
        if (refused.Body.Length > 0) refused.ErrorCodes();

        await connection.SendHeadAsync("GET", BlobPath(Repo, _blob.Digest));
        (await connection.ReceiveAsync()).Expect(200).ExpectBody(_blob.Bytes);
    }

    [Theory]
    [InlineData("items=0-5")]
    [InlineData("bytes")]
    [InlineData("bytes=")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=--1")]
    [InlineData("bytes=1")]
    [InlineData("bytes=1-2-3")]
    [InlineData("0-5")]
    [InlineData("bytes=0x10-0x20")]
    [InlineData("bytes=+1-5")]
    public async Task A_range_that_is_none_is_ignored_or_refused_but_never_half_served(string range)
    {
        await Client.PushAsync(Repo, _blob);
        var reply = (await RawAsync("GET", BlobPath(Repo, _blob.Digest), null, ("Range", range))).Expect(200, 400, 416);
        if (reply.Status == 200) reply.ExpectBody(_blob.Bytes);
    }

    [Fact]
    public async Task Several_ranges_are_answered_whole_or_as_parts_that_are_right()
    {
        await Client.PushAsync(Repo, _blob);
        var reply = (await RawAsync("GET", BlobPath(Repo, _blob.Digest), null, ("Range", "bytes=0-99,200-299"))).Expect(200, 206);
        if (reply.Status == 200)
        {
            reply.ExpectBody(_blob.Bytes);
            return;
        }

        Assert.StartsWith("multipart/byteranges", reply.Header("Content-Type"), StringComparison.Ordinal);
        Assert.True(reply.Body.AsSpan().IndexOf(_blob.Bytes.AsSpan(0, 100)) > 0, reply.ToString());
        Assert.True(reply.Body.AsSpan().IndexOf(_blob.Bytes.AsSpan(200, 100)) > 0, reply.ToString());
    }

    [Fact]
    public async Task Thousands_of_ranges_cost_no_more_than_the_blob()
    {
        await Client.PushAsync(Repo, _blob);
        var ranges = "bytes=" + string.Join(',', Enumerable.Range(0, 3000).Select(_ => "0-"));
        var reply = (await RawAsync("GET", BlobPath(Repo, _blob.Digest), null, ("Range", ranges))).Expect(200, 206, 400, 416, 431);
        Assert.True(reply.Body.Length <= Size * 2, reply.ToString());
    }

    [Theory]
    [InlineData("\"{0}\"", 206)]
    [InlineData("\"other\"", 200)]
    [InlineData("W/\"{0}\"", 200)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 200)]
    public async Task A_range_on_a_condition_falls_back_to_the_whole_blob(string condition, int status)
    {
        await Client.PushAsync(Repo, _blob);
        var value = string.Format(System.Globalization.CultureInfo.InvariantCulture, condition, _blob.Digest);
        var reply = (await RawAsync("GET", BlobPath(Repo, _blob.Digest), null, ("Range", "bytes=0-9"), ("If-Range", value))).Expect(status);
        reply.ExpectBody(status == 206 ? _blob.Bytes.AsSpan(0, 10) : _blob.Bytes);
    }

    [Fact]
    public async Task A_range_on_head_does_not_matter()
    {
        await Client.PushAsync(Repo, _blob);
        (await RawAsync("HEAD", BlobPath(Repo, _blob.Digest), null, ("Range", "bytes=0-9"))).Expect(200).ExpectHeader("Content-Length", $"{Size}");
    }

    [Fact]
    public async Task A_blob_that_the_client_has_wins_over_a_range()
    {
        await Client.PushAsync(Repo, _blob);
        (await RawAsync("GET", BlobPath(Repo, _blob.Digest), null, ("Range", "bytes=0-9"), ("If-None-Match", $"\"{_blob.Digest}\""))).Expect(304);
    }

    [Theory]
    [InlineData("bytes=0-")]
    [InlineData("bytes=0-0")]
    [InlineData("bytes=-5")]
    public async Task A_range_of_the_empty_blob_has_no_bytes(string range)
    {
        var empty = await Client.PushAsync(Repo, BlobContent.Layer(0));
        await using var connection = await RawConnection.OpenAsync(Endpoint);
        await connection.SendHeadAsync("GET", BlobPath(Repo, empty.Digest), ("Range", range));
        var reply = (await connection.ReceiveAsync()).Expect(200, 416);
        if (reply.Status == 200) Assert.Empty(reply.Body);

        await connection.SendHeadAsync("GET", BlobPath(Repo, empty.Digest));
        (await connection.ReceiveAsync()).Expect(200).ExpectBody([]);
    }

    [Fact]
    public async Task A_download_in_ranges_is_the_blob()
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(1_000_003, "sha512"));
        var bytes = new List<byte>();
        while (bytes.Count < blob.Bytes.Length)
        {
            var reply = (await Client.GetAsync(BlobPath(Repo, blob.Digest), ("Range", $"bytes={bytes.Count}-{bytes.Count + 99_999}"))).Expect(206);
            bytes.AddRange(reply.Body);
        }

        Assert.Equal(blob.Digest, Content.Digest(bytes.ToArray(), "sha512"));
    }

    [Fact]
    public async Task Any_range_is_answered_as_arithmetic_says()
    {
        await Client.PushAsync(Repo, _blob);
        var numbers = Gen.Int[-3, Size + 3];
        await Gen.Select(numbers, numbers, Gen.Bool).SampleAsync(
            async (first, last, open) =>
            {
                if (first < 0 && !open) return;
                var range = first < 0 ? $"bytes={first}" : open ? $"bytes={first}-" : $"bytes={first}-{Math.Max(0, last)}";
                var (from, to) = first < 0 ? (Size + first, Size - 1) : (first, open ? Size - 1 : Math.Min(Math.Max(0, last), Size - 1));
                var reply = await Client.GetAsync(BlobPath(Repo, _blob.Digest), ("Range", range));
                if (from > to || from >= Size) reply.Expect(416);
                else reply.Expect(206).ExpectBody(_blob.Bytes.AsSpan(from..(to + 1))).ExpectHeader("Content-Range", $"bytes {from}-{to}/{Size}");
            },
            iter: 200,
            threads: 2);
    }
}
