using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Mounting a blob from another repository" (end-11).</summary>
public sealed class MountTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private readonly string _source = NewRepo();

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_blob_of_another_repository_is_mounted(string algorithm)
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer(500, algorithm));

        var mounted = (await MountAsync(blob.Digest, _source)).Expect(201);
        Assert.Equal(blob.Digest, mounted.Digest);
        (await Client.GetAsync(mounted.Location)).Expect(200).ExpectBody(blob.Bytes).ExpectHeader("Docker-Content-Digest", blob.Digest);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Fact]
    public async Task The_empty_blob_is_mounted_too()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer(0));
        (await MountAsync(blob.Digest, _source)).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody([]);
    }

    [Fact]
    public async Task A_mounted_blob_outlives_its_source()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        (await MountAsync(blob.Digest, _source)).Expect(201);
        (await Client.DeleteAsync(BlobPath(_source, blob.Digest))).Expect(202);

        (await Client.HeadAsync(BlobPath(_source, blob.Digest))).Expect(404);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Fact]
    public async Task A_mount_from_the_repository_itself_is_a_mount()
    {
        var blob = await Client.PushAsync(Repo, BlobContent.Layer());
        (await MountAsync(blob.Digest, Repo)).Expect(201);
    }

    [Fact]
    public async Task A_mount_of_a_blob_that_is_there_already_is_a_mount()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        (await MountAsync(blob.Digest, _source)).Expect(201);
        (await MountAsync(blob.Digest, _source)).Expect(201);
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_mount_of_an_unknown_blob_opens_a_session_instead(string algorithm)
    {
        await Client.PushImageAsync(_source, "latest");
        var blob = BlobContent.Layer(500, algorithm);

        await ExpectSessionAsync(await MountAsync(blob.Digest, _source), blob);
    }

    [Theory]
    [InlineData("Library/Foo")]
    [InlineData("../app")]
    [InlineData("a//b")]
    public async Task A_mount_from_what_can_be_no_repository_opens_a_session_instead(string from)
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        await ExpectSessionAsync(await MountAsync(blob.Digest, from), blob);
    }

    [Fact]
    public async Task A_mount_from_an_unknown_repository_opens_a_session_instead()
    {
        var blob = BlobContent.Layer();
        await ExpectSessionAsync(await MountAsync(blob.Digest, NewRepo()), blob);
    }

    [Fact]
    public async Task A_mount_names_its_source_and_no_other_repository_will_do()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        var other = NewRepo();
        await Client.PushImageAsync(other, "latest");

        await ExpectSessionAsync(await MountAsync(blob.Digest, other), blob);
    }

    [Fact]
    public async Task A_mount_by_the_other_algorithm_opens_a_session_instead()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        var twin = blob with { Algorithm = "sha512" };
        await ExpectSessionAsync(await MountAsync(twin.Digest, _source), twin);
    }

    [Fact]
    public async Task A_mount_of_a_deleted_blob_opens_a_session_instead()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        (await Client.DeleteAsync(BlobPath(_source, blob.Digest))).Expect(202);
        await ExpectSessionAsync(await MountAsync(blob.Digest, _source), blob);
    }

    [Fact]
    public async Task A_mount_without_a_source_finds_a_blob_that_the_caller_may_read()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        var authorization = await Endpoint.AuthorizeForAsync($"repository:{Repo}:pull,push", $"repository:{_source}:pull");
        (await Client.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/?mount={blob.Digest}", [], ("Authorization", authorization))).Expect(201);
        (await Client.GetAsync(BlobPath(Repo, blob.Digest))).Expect(200).ExpectBody(blob.Bytes);
    }

    [Fact]
    public async Task A_mount_without_a_source_looks_nowhere_that_the_token_does_not_reach()
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        if (TestRun.UsesPassword) (await MountAsync(blob.Digest, null)).Expect(201);
        else await ExpectSessionAsync(await MountAsync(blob.Digest, null), blob);
    }

    [Fact]
    public async Task A_mount_without_a_source_of_an_unknown_blob_opens_a_session_instead()
    {
        var blob = BlobContent.Layer();
        await ExpectSessionAsync(await MountAsync(blob.Digest, null), blob);
    }

    [Fact]
    public async Task A_manifest_is_not_mounted_as_a_blob_by_its_digest_from_elsewhere()
    {
        var manifest = await Client.PushImageAsync(_source, "latest");
        (await MountAsync(manifest.Digest, _source)).Expect(202);
        (await Client.GetManifestAsync(Repo, manifest.Digest)).Expect(404);
    }

    [Theory]
    [InlineData("sha256:short")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("sha256:../../x")]
    public async Task A_mount_of_what_is_no_digest_is_refused(string digest) => (await MountAsync(digest, _source)).ExpectError(400, "DIGEST_INVALID");

    [Theory]
    [InlineData("UPPER")]
    [InlineData("../x")]
    [InlineData("a//b")]
    public async Task A_mount_from_what_is_no_name_mounts_nothing(string from)
    {
        var blob = await Client.PushAsync(_source, BlobContent.Layer());
        var reply = await MountAsync(blob.Digest, from);
        if (reply.Status != 202) reply.ExpectError(400, "NAME_INVALID");
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest))).Expect(404);
    }

    [Fact]
    public async Task A_mounted_blob_serves_a_manifest()
    {
        var config = await Client.PushAsync(_source, BlobContent.Config());
        var layer = await Client.PushAsync(_source, BlobContent.Layer());
        var manifest = ManifestContent.Image(config, [layer]);
        (await Client.PutManifestAsync(Repo, manifest, "latest")).ExpectError(400, "MANIFEST_BLOB_UNKNOWN");

        (await MountAsync(config.Digest, _source)).Expect(201);
        (await MountAsync(layer.Digest, _source)).Expect(201);
        await Client.PushAsync(Repo, manifest, "latest");
    }

    private Task<Reply> MountAsync(string digest, string? from) =>
        Client.PostAsync($"/v2/{Repo}/blobs/uploads/?mount={digest}{(from is null ? "" : $"&from={Uri.EscapeDataString(from)}")}");

    private async Task ExpectSessionAsync(Reply reply, BlobContent blob)
    {
        var location = reply.Expect(202).Location;
        (await Client.HeadAsync(BlobPath(Repo, blob.Digest))).Expect(404);
        (await Client.PutAsync(RegistryActions.With(location, $"digest={blob.Digest}"), blob.Bytes)).Expect(201);
    }
}
