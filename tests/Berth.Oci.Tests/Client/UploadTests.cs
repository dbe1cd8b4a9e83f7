using System.Globalization;
using System.Text;
using Berth.Oci.Client;
using static Berth.Oci.Tests.Client.Clients;

namespace Berth.Oci.Tests.Client;

public sealed class UploadTests
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("0123456789abcdefghij");
    private static readonly Digest ContentDigest = Sha256(Content);

    /// <summary>One upload as a registry keeps it; <paramref name="trouble"/> may answer instead.</summary>
    private sealed class Session(Func<SeenRequest, int, FakeAnswer?>? trouble = null)
    {
        private int _requests;

        public List<byte> Held { get; } = [];

        public int Minimum { get; init; }

        public byte[]? Blob { get; private set; }

        public FakeAnswer Answer(SeenRequest request)
        {
            if (trouble?.Invoke(request, ++_requests) is { } answer) return answer;
            switch (request.Method)
            {
                case "POST":
                    return Located(202);
                case "GET":
                    return Located(204);
                case "PATCH" when request["Content-Range"] is { } place && !place.StartsWith($"{Held.Count}-", StringComparison.Ordinal):
                    return FakeAnswer.Error(416, "BLOB_UPLOAD_INVALID");
                case "PATCH":
                    Held.AddRange(request.Body);
                    return Located(202);
                case "PUT":
                    Held.AddRange(request.Body);
                    Blob = [.. Held];
                    return Uri.UnescapeDataString(request.Target).EndsWith($"&digest={Sha256(Blob)}", StringComparison.Ordinal)
                        ? new FakeAnswer(201).With("Docker-Content-Digest", Sha256(Blob).ToString())
                        : FakeAnswer.Error(400, "DIGEST_INVALID");
                case "HEAD":
                    return Blob is null ? new FakeAnswer(404) : new FakeAnswer(200) { Claimed = Blob.Length };
                default:
                    return new FakeAnswer(204);
            }
        }

        private FakeAnswer Located(int status) => new FakeAnswer(status)
            .With("Location", string.Create(CultureInfo.InvariantCulture, $"/uploads/1?_state=a%2Fb%3D{Held.Count}"))
            .With("Range", string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(0, Held.Count - 1)}"))
            .With("OCI-Chunk-Min-Length", Minimum.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_small_blob_goes_in_one_request_or_in_two()
    {
        await using (var whole = new FakeRegistry(_ => new FakeAnswer(201)))
        {
            using var client = new RegistryClient(whole.Address, Anonymous);
            await client.PushBlobAsync(App, ContentDigest, Content, Cancel);
            var post = Assert.Single(whole.Seen);
            Assert.Equal($"/v2/team/app/blobs/uploads/?digest={Uri.EscapeDataString(ContentDigest.ToString())}", post.Target);
            Assert.Equal(("POST", Encoding.UTF8.GetString(Content)), (post.Method, post.Text));
        }

        var session = new Session();
        await using var split = new FakeRegistry(session.Answer);
        using var other = new RegistryClient(split.Address, Anonymous);
        await other.PushBlobAsync(App, ContentDigest, Content, Cancel);
        Assert.Equal(Content, session.Blob);
        Assert.Equal(["POST", "PUT"], split.Seen.Select(request => request.Method));
        Assert.StartsWith("/uploads/1?_state=a%2Fb%3D0&digest=", split.Seen.Last().Target, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 0, "POST,PUT 20")]
    [InlineData(20L, 0, "POST,PUT 20")]
    [InlineData(8L, 0, "POST,PATCH 8,PATCH 8,PUT 4")]
    [InlineData(1L, 9, "POST,PATCH 9,PATCH 9,PUT 2")]
    public async Task A_stream_goes_whole_or_in_chunks(long? chunk, int minimum, string requests)
    {
        var session = new Session { Minimum = minimum };
        await using var registry = new FakeRegistry(session.Answer);
        using var client = new RegistryClient(registry.Address, Anonymous);
        await client.PushBlobAsync(App, ContentDigest, new MemoryStream(Content), chunk, Cancel);

        Assert.Equal(Content, session.Blob);
        Assert.Equal(requests, string.Join(',', registry.Seen.Select(r => r.Method == "POST" ? "POST" : $"{r.Method} {r.Body.Length}")));
    }

    [Fact]
    public async Task An_empty_blob_can_be_pushed()
    {
        var session = new Session();
        await using var registry = new FakeRegistry(session.Answer);
        using var client = new RegistryClient(registry.Address, Anonymous);
        await client.PushBlobAsync(App, Sha256([]), new MemoryStream(), 8, Cancel);
        Assert.Empty(session.Blob!);
        Assert.Equal("0", registry.Seen.Last()["Content-Length"]);
    }

    [Fact]
    public async Task An_interrupted_push_goes_on_where_the_registry_stopped()
    {
        Session session = null!;
        session = new Session((request, number) =>
        {
            if (number == 3)
            {
                session.Held.AddRange(request.Body.Take(3)); // a part arrived, then the connection broke
                return new FakeAnswer(0) { BreaksOff = true };
            }

            return number == 6 ? FakeAnswer.Error(503, "UNAVAILABLE") : null;
        });
        await using var registry = new FakeRegistry(session.Answer);
        using var client = new RegistryClient(registry.Address, Anonymous);
        await client.PushBlobAsync(App, ContentDigest, new MemoryStream(Content), 8, Cancel);
        Assert.Equal(Content, session.Blob);
        Assert.Equal(["POST", "PATCH", "PATCH", "GET", "PATCH", "PUT", "GET", "PUT"], registry.Seen.Select(request => request.Method));
    }

    [Fact]
    public async Task A_push_whose_answer_was_lost_is_not_sent_again()
    {
        Session session = null!;
        session = new Session((request, number) =>
        {
            if (number == 3) return FakeAnswer.Error(404, "BLOB_UPLOAD_UNKNOWN");
            if (number != 2) return null;
            session.Held.AddRange(request.Body);
            return new FakeAnswer(0) { BreaksOff = true };
        });
        await using var registry = new FakeRegistry(request =>
            request.Method == "HEAD" ? new FakeAnswer(200) { Claimed = Content.Length } : session.Answer(request));
        using var client = new RegistryClient(registry.Address, Anonymous);
        await client.PushBlobAsync(App, ContentDigest, new MemoryStream(Content), null, Cancel);
        Assert.Equal(["POST", "PUT", "GET", "HEAD"], registry.Seen.Select(request => request.Method));
    }

    [Fact]
    public async Task A_push_gives_up_after_its_resumptions_and_a_refusal_ends_it_at_once()
    {
        await using var broken = new FakeRegistry(new Session((r, _) => r.Method == "PUT" ? FakeAnswer.Error(500, "UNKNOWN") : null).Answer);
        using (var client = new RegistryClient(broken.Address, Anonymous with { UploadResumptions = 2 }))
        {
            var failure = await Assert.ThrowsAsync<OciException>(() => client.PushBlobAsync(App, ContentDigest, new MemoryStream(Content), null, Cancel));
            Assert.Equal(500, failure.Status);
            Assert.Equal(3, broken.Seen.Count(request => request.Method == "PUT"));
        }

        await using var strict = new FakeRegistry(new Session().Answer);
        using var other = new RegistryClient(strict.Address, Anonymous);
        var refusal = await Assert.ThrowsAsync<OciException>(() => other.PushBlobAsync(App, Sha256([1]), new MemoryStream(Content), null, Cancel));
        Assert.Equal(OciErrorCode.DigestInvalid, refusal.Code);
        Assert.Equal(2, strict.Seen.Count);
    }

    [Fact]
    public async Task A_session_can_be_driven_step_by_step()
    {
        var session = new Session();
        await using var registry = new FakeRegistry(session.Answer);
        using var client = new RegistryClient(registry.Address, Anonymous);

        var upload = await client.StartUploadAsync(App, DigestAlgorithm.Sha512, Cancel);
        Assert.EndsWith("?digest-algorithm=sha512", registry.Seen.Last().Target, StringComparison.Ordinal);
        Assert.Equal(0, upload.Offset);
        upload = await client.SendChunkAsync(upload, new MemoryStream(Content), 5, Cancel);
        Assert.Equal(("0-4", "5", 5), (registry.Seen.Last()["Content-Range"], registry.Seen.Last()["Content-Length"], upload.Offset));
        var stale = await Assert.ThrowsAsync<OciException>(() => client.SendChunkAsync(upload with { Offset = 3 }, new MemoryStream(Content), 5, Cancel));
        Assert.Equal(416, stale.Status);
        Assert.Equal(5, (await client.GetUploadAsync(upload, Cancel))!.Offset);
        upload = await client.SendStreamAsync(upload, new MemoryStream(Content[5..]), Cancel);
        Assert.Equal("chunked", registry.Seen.Last()["Transfer-Encoding"]);
        Assert.Null(registry.Seen.Last()["Content-Range"]);
        await client.CompleteUploadAsync(upload, ContentDigest, Cancel);
        Assert.Equal(Content, session.Blob);
        Assert.True(await client.CancelUploadAsync(upload, Cancel));
    }

    [Fact]
    public async Task A_mount_ends_at_once_or_in_an_upload()
    {
        await using var registry = new FakeRegistry(request => request.Target.Contains("from=a%2Fb", StringComparison.Ordinal)
            ? new FakeAnswer(201)
            : new FakeAnswer(202).With("Location", "/uploads/2"));
        using var client = new RegistryClient(registry.Address, Anonymous);

        Assert.Null(await client.MountBlobAsync(App, ContentDigest, RepositoryName.Parse("a/b"), Cancel));
        var upload = await client.MountBlobAsync(App, ContentDigest, null, Cancel);
        Assert.Equal(new Uri(registry.Address, "/uploads/2"), upload!.Location);
        Assert.DoesNotContain("from", registry.Seen.Last().Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_is_put_with_its_type_and_tags()
    {
        var bytes = Encoding.UTF8.GetBytes(Manifests.Sample.Image());
        await using var registry = new FakeRegistry(_ => new FakeAnswer(201)
            .With("OCI-Subject", Manifests.Sample.DigestB).With("OCI-Tag", "a").With("OCI-Tag", "b"));
        using var client = new RegistryClient(registry.Address, Anonymous);

        var push = await client.PutManifestAsync(
            App, Reference.To(Sha256(bytes)), MediaTypes.OciManifest, bytes, [Tag.Parse("a"), Tag.Parse("b")], Cancel);
        Assert.Equal((Sha256(bytes), Digest.Parse(Manifests.Sample.DigestB)), (push.Digest, push.Subject));
        Assert.Equal(["a", "b"], push.Tags);
        var seen = Assert.Single(registry.Seen);
        Assert.Equal($"/v2/team/app/manifests/{Sha256(bytes)}?tag=a&tag=b", seen.Target);
        Assert.Equal(MediaTypes.OciManifest, seen["Content-Type"]);
        Assert.Equal(bytes, seen.Body);
    }
}
