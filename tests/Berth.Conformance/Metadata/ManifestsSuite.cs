using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Pushing and reading manifests and tags.</summary>
public abstract class ManifestsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Descriptor Nowhere = Describe(Content("nowhere"));

    [Fact]
    public async Task A_pushed_manifest_is_found_by_digest_and_by_each_tag_byte_for_byte()
    {
        var image = await PushImageAsync(App, "image", "v1", "latest");

        foreach (var found in new[] { await FindAsync(App, image.Digest), await FindAsync(App, "v1"), await FindAsync(App, "latest") })
        {
            Assert.NotNull(found);
            Assert.Equal((image.Digest, MediaTypes.OciManifest, image.Bytes.Length), (found.Digest, found.MediaType, (int)found.Size));
            Assert.Equal(image.Bytes, found.Bytes);
            Assert.True(found.Subject.IsDefault);
        }

        Assert.Null((await Store.FindManifestAsync(Registry, App, Reference.To(image.Digest), false, Token))!.Bytes);
        Assert.Null(await FindAsync(Other, image.Digest));
        Assert.Null(await FindAsync(App, "v2"));
        Assert.True(await Store.RepositoryExistsAsync(Registry, App, Token));
    }

    [Fact]
    public async Task Everything_that_is_missing_is_named_in_the_manifests_order_and_nothing_is_left_behind()
    {
        var there = await PushBlobAsync(App, "there");
        var otherOne = await PushBlobAsync(Other, "only elsewhere");
        var image = Image(Registry, App, Nowhere, [there, otherOne, Nowhere], tags: "v1");
        var last = await LastNumberAsync();

        var result = await Store.PutManifestAsync(image, Alice, Token);

        Assert.Equal(PutManifestOutcome.Missing, result.Outcome);
        Assert.Equal([Nowhere, otherOne, Nowhere], result.Culprits);
        Assert.Null(await FindAsync(App, "v1"));
        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
        Assert.Equal(last, await LastNumberAsync());
    }

    [Fact]
    public async Task A_refused_manifest_does_not_make_its_repository()
    {
        var third = RepositoryName.Parse("team/third");

        await Store.PutManifestAsync(Image(Registry, third, Nowhere, []), Alice, Token);

        var upload = await OpenAsync(third);
        Assert.Equal((await OpenAsync(App)).RepositoryId, upload.RepositoryId + 1);
    }

    [Fact]
    public async Task A_damaged_blob_counts_as_missing()
    {
        var blob = await PushBlobAsync(App, "damaged");
        await Store.MarkDamagedAsync(blob.Digest, (await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Location, Token);

        Assert.Equal([blob], (await Store.PutManifestAsync(Image(Registry, App, blob, []), Alice, Token)).Culprits);
    }

    [Fact]
    public async Task A_descriptor_that_lies_about_its_size_is_named()
    {
        var blob = await PushBlobAsync(App, "honest");
        var lie = blob with { Size = blob.Size + 1 };

        var result = await Store.PutManifestAsync(Image(Registry, App, blob, [blob, lie]), Alice, Token);

        Assert.Equal(PutManifestOutcome.WrongSize, result.Outcome);
        Assert.Equal([lie], result.Culprits);
    }

    [Fact]
    public async Task A_non_distributable_layer_may_be_absent_and_is_held_when_it_is_not()
    {
        var config = await PushBlobAsync(App, "config");
        var present = await PushBlobAsync(App, "present");
        const string Foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

        var image = Image(Registry, App, config, [Nowhere with { MediaType = Foreign }, present with { MediaType = Foreign }]);
        await PutAsync(image);

        Assert.Equal(image.Digest, (await Store.DeleteBlobAsync(Registry, App, present.Digest, Alice, Token)).Holder);
        Assert.Empty(Assert.Single(await Store.WalkManifestsAsync(0, 10, Token)).Missing);
    }

    [Fact]
    public async Task A_manifest_that_stands_is_refused_while_a_blob_of_it_is_damaged()
    {
        var image = await PushImageAsync(App, "image");
        var config = image.Manifest.Config!.Value;
        await Store.MarkDamagedAsync(config.Digest, (await Store.FindBlobAsync(Registry, App, config.Digest, Token))!.Location, Token);

        var again = await Store.PutManifestAsync(image with { Tags = [Tag.Parse("again")] }, Alice, Token);

        Assert.Equal((PutManifestOutcome.Missing, config), (again.Outcome, Assert.Single(again.Culprits)));
        Assert.Null(await FindAsync(App, "again"));
    }

    [Fact]
    public async Task A_non_distributable_layer_that_is_pushed_after_its_manifest_is_held_by_it()
    {
        var config = await PushBlobAsync(App, "config");
        var layer = Describe(Content("later"), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
        var image = Image(Registry, App, config, [layer]);
        await PutAsync(image);

        await PushBlobAsync(App, "later");
        Time.Advance(Grace + Grace);
        Assert.Equal(0, (await Store.ReviewMembershipsAsync(10, Token)).Ended);

        Assert.Equal(image.Digest, (await Store.DeleteBlobAsync(Registry, App, layer.Digest, Alice, Token)).Holder);
        Assert.Empty(await Store.CheckAsync(Token));
        await Store.MarkDamagedAsync(layer.Digest, (await Store.FindBlobAsync(Registry, App, layer.Digest, Token))!.Location, Token);
        Assert.Equal([layer.Digest], Assert.Single(await Store.WalkManifestsAsync(0, 10, Token)).Missing);
        await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token);
        Time.Advance(Grace);
        Assert.Equal(2, (await Store.ReviewMembershipsAsync(10, Token)).Ended);
    }

    [Fact]
    public async Task An_index_needs_its_children_in_the_same_repository_with_their_sizes()
    {
        var child = Describe(await PushImageAsync(App, "child"));
        var foreign = Describe(await PushImageAsync(Other, "foreign"));

        Assert.Equal([foreign], (await Store.PutManifestAsync(Index(Registry, App, [child, foreign]), Alice, Token)).Culprits);
        var lie = child with { Size = 1 };
        Assert.Equal(PutManifestOutcome.WrongSize, (await Store.PutManifestAsync(Index(Registry, App, [lie]), Alice, Token)).Outcome);
        await PutAsync(Index(Registry, App, [child], tags: "multi"));
        await PutAsync(Index(Registry, App, [], tags: "empty"));
        Assert.Equal(MediaTypes.OciIndex, (await FindAsync(App, "multi"))!.MediaType);
    }

    [Fact]
    public async Task A_blob_is_no_child_and_a_manifest_no_layer()
    {
        var blob = await PushBlobAsync(App, "a blob");
        var image = await PushImageAsync(App, "an image");

        var asManifest = blob with { MediaType = MediaTypes.OciManifest };
        Assert.Equal(PutManifestOutcome.Missing, (await Store.PutManifestAsync(Index(Registry, App, [asManifest]), Alice, Token)).Outcome);
        Assert.Equal(PutManifestOutcome.Missing, (await Store.PutManifestAsync(Image(Registry, App, blob, [Describe(image)]), Alice, Token)).Outcome);
    }

    [Fact]
    public async Task An_index_may_list_blobs_and_holds_them()
    {
        var layer = await PushBlobAsync(App, "a cached layer");
        var index = Index(Registry, App, [layer, Describe(await PushImageAsync(App, "an image"))]);
        await PutAsync(index);

        Assert.Equal(index.Digest, (await Store.DeleteBlobAsync(Registry, App, layer.Digest, Alice, Token)).Holder);
        Time.Advance(Grace + Grace);
        await Store.ReviewMembershipsAsync(10, Token);
        Assert.NotNull(await Store.FindBlobAsync(Registry, App, layer.Digest, Token));
        Assert.Equal(PutManifestOutcome.WrongSize, (await Store.PutManifestAsync(Index(Registry, App, [layer with { Size = 1 }]), Alice, Token)).Outcome);
        Assert.Equal(PutManifestOutcome.Missing, (await Store.PutManifestAsync(Index(Registry, Other, [layer]), Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_blob_that_a_sparse_index_lists_is_held_once_it_is_pushed()
    {
        var layer = Describe(Content("later"));
        var index = Index(Registry, App, [layer], sparse: true);
        await PutAsync(index);

        await PushBlobAsync(App, "later");

        Assert.Equal(index.Digest, (await Store.DeleteBlobAsync(Registry, App, layer.Digest, Alice, Token)).Holder);
        Assert.Empty(await Store.CheckAsync(Token));
    }

    [Fact]
    public async Task A_manifest_that_an_index_lists_as_something_else_is_held_all_the_same()
    {
        var image = await PushImageAsync(App, "an image");
        var index = Index(Registry, App, [Describe(image) with { MediaType = "application/octet-stream" }]);
        await PutAsync(index);

        Assert.Equal(index.Digest, (await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token)).Holder);
    }

    [Fact]
    public async Task A_sparse_index_may_lack_children_but_not_lie_about_those_it_has()
    {
        var child = Describe(await PushImageAsync(App, "child"));
        var absent = Nowhere with { MediaType = MediaTypes.OciManifest };

        Assert.Equal(
            PutManifestOutcome.WrongSize,
            (await Store.PutManifestAsync(Index(Registry, App, [child with { Size = 1 }, absent], sparse: true), Alice, Token)).Outcome);
        var index = Index(Registry, App, [child, absent], sparse: true);
        await PutAsync(index);

        Assert.Equal([absent.Digest], (await Store.WalkManifestsAsync(0, 10, Token)).Single(row => row.Digest == index.Digest).Missing);
        Assert.Equal(index.Digest, (await Store.DeleteManifestAsync(Registry, App, child.Digest, Now + Grace, Alice, Token)).Holder);
    }

    [Fact]
    public async Task A_child_that_comes_later_is_held_by_the_sparse_index_that_lists_it()
    {
        var config = await PushBlobAsync(App, "config");
        var later = Image(Registry, App, config, []);
        var index = Index(Registry, App, [Describe(later)], sparse: true);
        await PutAsync(index);

        await PutAsync(later);

        Assert.Equal(new DeleteResult(DeleteOutcome.Held, index.Digest), await Store.DeleteManifestAsync(Registry, App, later.Digest, Now, Alice, Token));
    }

    [Fact]
    public async Task A_manifest_that_stands_only_gains_tags()
    {
        var image = await PushImageAsync(App, "image", "v1");
        var last = await LastNumberAsync();

        await PutAsync(image with { Tags = [Tag.Parse("v1"), Tag.Parse("v2"), Tag.Parse("v2")] });
        await PutAsync(image with { Tags = [] });

        Assert.Equal([LedgerKinds.TagSet], await KindsAfterAsync(last));
        Assert.Equal(["v1", "v2"], (await Store.ListTagsAsync(Registry, App, null, 10, Token))!.Items);
    }

    [Fact]
    public async Task A_second_push_with_another_media_type_keeps_the_first()
    {
        var image = await PushImageAsync(App, "image");

        await PutAsync(image with { Manifest = image.Manifest with { MediaType = MediaTypes.DockerManifest }, Tags = [Tag.Parse("again")] });

        Assert.Equal(MediaTypes.OciManifest, (await FindAsync(App, "again"))!.MediaType);
    }

    [Fact]
    public async Task A_tag_moves_and_the_manifest_it_leaves_stays()
    {
        var first = await PushImageAsync(App, "first", "latest");
        var second = await PushImageAsync(App, "second", "latest");

        Assert.Equal(second.Digest, (await FindAsync(App, "latest"))!.Digest);
        Assert.NotNull(await FindAsync(App, first.Digest));
    }

    [Fact]
    public async Task Both_digest_algorithms_are_equals()
    {
        var content = Content("sha512");
        var blob = new Descriptor("x", Digest.Compute(DigestAlgorithm.Sha512, content), content.Length);
        var upload = await OpenAsync(App, writing: true);
        await Store.CompleteUploadAsync(upload with { Epoch = 1 }, blob.Digest, blob.Size, Now + Grace, Now, Alice, Token);
        var image = Image(Registry, App, blob, [], tags: "strong");
        image = image with { Digest = Digest.Compute(DigestAlgorithm.Sha512, image.Bytes) };

        await PutAsync(image);

        Assert.Equal(image.Digest, (await FindAsync(App, "strong"))!.Digest);
        Assert.True((await Store.FindBlobAsync(Registry, App, blob.Digest, Token))!.Referenced);
    }

    [Fact]
    public async Task The_largest_number_of_descriptors_is_taken_in_one_push()
    {
        var config = await PushBlobAsync(App, "config");
        var layers = new List<Descriptor>();
        await Parallel.ForAsync(0, OciLimits.ManifestDescriptors - 1, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) =>
        {
            var layer = await PushBlobAsync(App, $"layer {i}");
            lock (layers) layers.Add(layer);
        });
        var image = Image(Registry, App, config, layers, tags: "huge");

        await PutAsync(image);

        Assert.Equal(image.Bytes, (await FindAsync(App, "huge"))!.Bytes);
        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteManifestAsync(Registry, App, image.Digest, Now + Grace, Alice, Token)).Outcome);
    }
}
