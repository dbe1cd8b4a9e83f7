using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.Conformance.Distribution;

/// <summary>OCI distribution spec, "Deleting tags" and "Deleting Manifests"; what is held is not deleted.</summary>
public sealed class ManifestDeleteTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    [Fact]
    public async Task Deleting_a_tag_leaves_the_manifest_and_its_other_tags()
    {
        var manifest = await Client.PushImageAsync(Repo, "a", "b");
        (await Client.DeleteAsync(ManifestPath(Repo, "a"))).Expect(202);

        (await Client.GetManifestAsync(Repo, "a")).ExpectError(404, "MANIFEST_UNKNOWN");
        (await Client.HeadManifestAsync(Repo, "a")).Expect(404);
        (await Client.DeleteAsync(ManifestPath(Repo, "a"))).ExpectError(404, "MANIFEST_UNKNOWN");
        (await Client.GetManifestAsync(Repo, "b")).Expect(200).ExpectBody(manifest.Bytes);
        (await Client.GetManifestAsync(Repo, manifest.Digest)).Expect(200).ExpectBody(manifest.Bytes);
        Assert.Equal(["b"], await TagsAsync());
    }

    [Fact]
    public async Task Deleting_the_last_tag_leaves_the_manifest_and_an_empty_list()
    {
        var manifest = await Client.PushImageAsync(Repo, "a");
        (await Client.DeleteAsync(ManifestPath(Repo, "a"))).Expect(202);
        (await Client.GetManifestAsync(Repo, manifest.Digest)).Expect(200).ExpectBody(manifest.Bytes);
        Assert.Empty(await TagsAsync());
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task Deleting_a_manifest_takes_its_tags_with_it(string algorithm)
    {
        var keep = await Client.PushImageAsync(Repo, "keep");
        var manifest = await Client.PushImageAsync(Repo);
        var digest = Content.Digest(manifest.Bytes, algorithm);
        (await Client.PutAsync(ManifestPath(Repo, digest) + "?tag=a&tag=b", manifest.Bytes, ("Content-Type", manifest.MediaType))).Expect(201);

        (await Client.DeleteAsync(ManifestPath(Repo, digest))).Expect(202);

        foreach (var reference in (string[])[digest, "a", "b"])
        {
            (await Client.GetManifestAsync(Repo, reference)).ExpectError(404, "MANIFEST_UNKNOWN");
            (await Client.HeadManifestAsync(Repo, reference)).Expect(404);
            (await Client.DeleteAsync(ManifestPath(Repo, reference))).ExpectError(404, "MANIFEST_UNKNOWN");
        }

        Assert.Equal(["keep"], await TagsAsync());
        (await Client.GetManifestAsync(Repo, "keep")).Expect(200).ExpectBody(keep.Bytes);
    }

    [Fact]
    public async Task A_deleted_manifest_may_be_pushed_again()
    {
        var manifest = await Client.PushImageAsync(Repo, "a");
        (await Client.DeleteAsync(ManifestPath(Repo, manifest.Digest))).Expect(202);
        await Client.PushAsync(Repo, manifest, "b");
        (await Client.GetManifestAsync(Repo, manifest.Digest)).Expect(200).ExpectBody(manifest.Bytes);
        Assert.Equal(["b"], await TagsAsync());
    }

    [Fact]
    public async Task A_child_of_an_index_is_not_deleted_and_the_refusal_names_the_index()
    {
        var child = await Client.PushImageAsync(Repo, "child");
        var index = await Client.PushAsync(Repo, ManifestContent.Index([child.Descriptor()]), "index");

        var refused = (await Client.DeleteAsync(ManifestPath(Repo, child.Digest))).ExpectError(409, "DENIED");
        Assert.Contains(index.Digest, refused.Text, StringComparison.Ordinal);
        (await Client.GetManifestAsync(Repo, "child")).Expect(200).ExpectBody(child.Bytes);

        (await Client.DeleteAsync(ManifestPath(Repo, index.Digest))).Expect(202);
        (await Client.DeleteAsync(ManifestPath(Repo, child.Digest))).Expect(202);
        (await Client.HeadManifestAsync(Repo, child.Digest)).Expect(404);
    }

    [Fact]
    public async Task An_index_that_lost_its_tag_still_holds_its_children()
    {
        var child = await Client.PushImageAsync(Repo);
        await Client.PushAsync(Repo, ManifestContent.Index([child.Descriptor()]), "index");
        (await Client.DeleteAsync(ManifestPath(Repo, "index"))).Expect(202);
        (await Client.DeleteAsync(ManifestPath(Repo, child.Digest))).ExpectError(409, "DENIED");
    }

    [Fact]
    public async Task An_index_inside_an_index_is_held_too()
    {
        var child = await Client.PushImageAsync(Repo);
        var inner = await Client.PushAsync(Repo, ManifestContent.Index([child.Descriptor()]));
        var outer = await Client.PushAsync(Repo, ManifestContent.Index([inner.Descriptor()]), "outer");
        (await Client.DeleteAsync(ManifestPath(Repo, inner.Digest))).ExpectError(409, "DENIED");
        (await Client.DeleteAsync(ManifestPath(Repo, outer.Digest))).Expect(202);
        (await Client.DeleteAsync(ManifestPath(Repo, inner.Digest))).Expect(202);
    }

    [Fact]
    public async Task The_tag_of_a_child_may_be_deleted_although_the_child_is_held()
    {
        var child = await Client.PushImageAsync(Repo, "child");
        var index = await Client.PushAsync(Repo, ManifestContent.Index([child.Descriptor()]), "index");
        (await Client.DeleteAsync(ManifestPath(Repo, "child"))).Expect(202);
        Assert.Equal(["index"], await TagsAsync());
        (await Client.GetManifestAsync(Repo, child.Digest)).Expect(200);
        (await Client.GetManifestAsync(Repo, index.Digest)).Expect(200);
    }

    [Fact]
    public async Task A_subject_is_deleted_although_it_has_referrers_and_they_stay()
    {
        var subject = await Client.PushImageAsync(Repo, "latest");
        var empty = await Client.PushAsync(Repo, BlobContent.Empty());
        var referrer = await Client.PushAsync(Repo, ManifestContent.Image(empty, [], d => d["subject"] = subject.Descriptor()));

        (await Client.DeleteAsync(ManifestPath(Repo, subject.Digest))).Expect(202);

        (await Client.GetManifestAsync(Repo, referrer.Digest)).Expect(200).ExpectBody(referrer.Bytes);
        var listed = (await Client.GetAsync($"/v2/{Repo}/referrers/{subject.Digest}")).Expect(200).Json.GetProperty("manifests");
        Assert.Equal([referrer.Digest], listed.EnumerateArray().Select(m => m.GetProperty("digest").GetString()));
    }

    [Fact]
    public async Task A_repository_ends_with_its_last_manifest()
    {
        var first = await Client.PushImageAsync(Repo, "a");
        var second = await Client.PushImageAsync(Repo, "b");
        Assert.Contains(Repo, await CatalogAsync());

        (await Client.DeleteAsync(ManifestPath(Repo, first.Digest))).Expect(202);
        Assert.Contains(Repo, await CatalogAsync());
        (await Client.DeleteAsync(ManifestPath(Repo, second.Digest))).Expect(202);

        (await Client.GetAsync($"/v2/{Repo}/tags/list")).ExpectError(404, "NAME_UNKNOWN");
        Assert.DoesNotContain(Repo, await CatalogAsync());
        (await Client.GetManifestAsync(Repo, "b")).ExpectError(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN");

        await Client.PushImageAsync(Repo, "c");
        Assert.Equal(["c"], await TagsAsync());
        Assert.Contains(Repo, await CatalogAsync());
    }

    [Fact]
    public async Task Blobs_alone_do_not_make_a_repository()
    {
        await Client.PushAsync(Repo, BlobContent.Layer());
        (await Client.GetAsync($"/v2/{Repo}/tags/list")).ExpectError(404, "NAME_UNKNOWN");
        Assert.DoesNotContain(Repo, await CatalogAsync());
    }

    [Fact]
    public async Task A_manifest_deleted_in_one_repository_stays_in_the_others()
    {
        var other = NewRepo();
        var blob = await Client.PushAsync(Repo, BlobContent.Config());
        await Client.PushAsync(other, blob);
        var manifest = await Client.PushAsync(Repo, ManifestContent.Image(blob, []), "latest");
        await Client.PushAsync(other, manifest, "latest");

        (await Client.DeleteAsync(ManifestPath(Repo, manifest.Digest))).Expect(202);
        (await Client.GetManifestAsync(Repo, manifest.Digest)).Expect(404);
        (await Client.GetManifestAsync(other, "latest")).Expect(200).ExpectBody(manifest.Bytes);
    }

    [Fact]
    public async Task One_of_many_that_delete_a_manifest_at_once_is_told_so()
    {
        var manifest = await Client.PushImageAsync(Repo, "latest");
        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Client.DeleteAsync(ManifestPath(Repo, manifest.Digest))));
        Assert.Single(replies, r => r.Status == 202);
        Assert.All(replies.Where(r => r.Status != 202), r => r.ExpectError(404));
    }

    [Fact]
    public async Task A_deletion_of_a_child_that_races_with_the_push_of_its_index_never_leaves_the_index_without_it()
    {
        for (var round = 0; round < 10; round++)
        {
            var child = await Client.PushImageAsync(Repo);
            var index = ManifestContent.Index([child.Descriptor()], d => d["annotations"] = new JsonObject { ["round"] = $"{round}" });
            var push = Client.PutManifestAsync(Repo, index, $"r{round}");
            var delete = Client.DeleteAsync(ManifestPath(Repo, child.Digest));
            await Task.WhenAll(push, delete);

            var (pushed, deleted) = ((await push).Status, (await delete).Status);
            Assert.True((pushed, deleted) is (201, 409) or (400, 202), $"{await push}\n{await delete}");
            (await Client.HeadManifestAsync(Repo, child.Digest)).Expect(pushed == 201 ? 200 : 404);
        }
    }

    private async Task<List<string>> TagsAsync() => (await Client.WalkAsync($"/v2/{Repo}/tags/list", "tags")).Entries;

    private async Task<List<string>> CatalogAsync() =>
        (await Client.WalkAsync($"/v2/_catalog?n=100&last={Repo[..^1]}", "repositories", e => e.Count > 0 && string.CompareOrdinal(e[^1], Repo) > 0)).Entries;
}
