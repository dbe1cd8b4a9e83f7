using Berth.Oci;
using Berth.Registry.Distribution;

namespace Berth.Registry.Tests.Distribution;

public sealed class RequestTargetTests
{
    private const string Sha = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("/v2", ResourceKind.Root, "")]
    [InlineData("/v2/", ResourceKind.Root, "")]
    [InlineData("/v2/_catalog", ResourceKind.Catalog, "")]
    [InlineData("/v2/a/tags/list", ResourceKind.Tags, "a")]
    [InlineData("/v2/a/b/c/manifests/latest", ResourceKind.Manifest, "a/b/c")]
    [InlineData("/v2/a/manifests/" + Sha, ResourceKind.Manifest, "a")]
    [InlineData("/v2/a/manifests/sha256%3Ae3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ResourceKind.Manifest, "a")]
    [InlineData("/v2/a/referrers/" + Sha, ResourceKind.Referrers, "a")]
    [InlineData("/v2/a/blobs/" + Sha, ResourceKind.Blob, "a")]
    [InlineData("/v2/a/blobs/uploads/", ResourceKind.Uploads, "a")]
    [InlineData("/v2/a/blobs/uploads", ResourceKind.Uploads, "a")]
    [InlineData("/v2/a/blobs/uploads/0123", ResourceKind.Upload, "a")]
    public void Every_resource_is_found(string path, ResourceKind kind, string repository)
    {
        var target = RequestTarget.Parse(path);

        Assert.Equal(kind, target.Kind);
        Assert.Equal(repository, target.Repository.ToString());
    }

    [Theory]
    [InlineData("/v2/a/blobs/uploads/blobs/" + Sha, ResourceKind.Blob, "a/blobs/uploads")]
    [InlineData("/v2/blobs/uploads/manifests/x", ResourceKind.Manifest, "blobs/uploads")]
    [InlineData("/v2/manifests/manifests/manifests", ResourceKind.Manifest, "manifests")]
    [InlineData("/v2/a/tags/manifests/list", ResourceKind.Manifest, "a/tags")]
    [InlineData("/v2/tags/list/tags/list", ResourceKind.Tags, "tags/list")]
    [InlineData("/v2/x/manifests/blobs/uploads/", ResourceKind.Uploads, "x/manifests")]
    [InlineData("/v2/blobs/blobs/uploads/id", ResourceKind.Upload, "blobs")]
    public void Words_of_the_paths_may_stand_in_names(string path, ResourceKind kind, string repository)
    {
        var target = RequestTarget.Parse(path);

        Assert.Equal((kind, repository), (target.Kind, target.Repository.ToString()));
    }

    [Theory]
    [InlineData("/v2/../v2/a/tags/list")]
    [InlineData("/v2/a/../b/tags/list")]
    [InlineData("/v2/a/./tags/list")]
    [InlineData("/v2/a//b/tags/list")]
    [InlineData("/v2//a/tags/list")]
    [InlineData("/v2/a%2f%2fb/tags/list")]
    [InlineData("/v2/a%2F..%2Fb/manifests/x")]
    [InlineData("/v2/%2Fb/tags/list")]
    [InlineData("/v2/a%252Fb/tags/list")]
    [InlineData("/v2/%2e%2e/tags/list")]
    [InlineData("/v2/a\\b/tags/list")]
    [InlineData("/v2/a\0b/tags/list")]
    [InlineData("/v2/A/tags/list")]
    [InlineData("/v2/a b/tags/list")]
    [InlineData("/v2/a/tags/list/..")]
    [InlineData("/v2/é/tags/list")]
    public void Hostile_names_are_refused_as_invalid(string path)
    {
        var refusal = Assert.Throws<OciException>(() => RequestTarget.Parse(path));

        Assert.Equal((OciErrorCode.NameInvalid, 400), (refusal.Code, refusal.Status));
    }

    [Theory]
    [InlineData("/v2/a%2Fb/tags/list", "a/b")]
    [InlineData("/v2/a%2fmanifests%2fb/c/tags/list", "a/manifests/b/c")]
    public void An_encoded_slash_of_a_name_is_a_slash(string path, string name) => Assert.Equal((ResourceKind.Tags, name), (RequestTarget.Parse(path).Kind, RequestTarget.Parse(path).Repository.Value));

    [Theory]
    [InlineData("/v2/a/manifests/sha256:baddigeststring", OciErrorCode.DigestInvalid)]
    [InlineData("/v2/a/manifests/-x", OciErrorCode.TagInvalid)]
    [InlineData("/v2/a/blobs/sha256:../../x", OciErrorCode.NameInvalid)]
    [InlineData("/v2/a/blobs/latest", OciErrorCode.DigestInvalid)]
    [InlineData("/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", OciErrorCode.DigestInvalid)]
    [InlineData("/v2/a/referrers/latest", OciErrorCode.DigestInvalid)]
    public void A_bad_reference_is_named_for_what_it_is(string path, OciErrorCode code) =>
        Assert.Equal(code, Assert.Throws<OciException>(() => RequestTarget.Parse(path)).Code);

    [Theory]
    [InlineData("/v2/a")]
    [InlineData("/v2/a/b")]
    [InlineData("/v2/manifests/x")]
    [InlineData("/v2/tags/list")]
    [InlineData("/v2/_catalog/")]
    [InlineData("/v2/a/tags")]
    public void A_path_that_names_nothing_is_not_found(string path) =>
        Assert.Equal(404, Assert.Throws<OciException>(() => RequestTarget.Parse(path)).Status);

    [Fact]
    public void A_name_of_255_characters_is_accepted_and_256_are_not()
    {
        Assert.Equal(255, RequestTarget.Parse($"/v2/{new string('a', 255)}/tags/list").Repository.ToString().Length);
        Assert.Throws<OciException>(() => RequestTarget.Parse($"/v2/{new string('a', 256)}/tags/list"));
    }

    [Fact]
    public void Whatever_comes_there_is_a_target_or_a_refusal()
    {
        var words = Gen.OneOf("a", "blobs", "uploads", "manifests", "tags", "list", "referrers", "_catalog", Sha, "..", ".", "", "%2F", "%3A", "%", "é", "\\", "\t", "A-", "x_y");
        words.Array[0, 8].Select(parts => "/v2/" + string.Join('/', parts)).Sample(
            path =>
            {
                try
                {
                    var target = RequestTarget.Parse(path);
                    Assert.True(target.Kind is ResourceKind.Root or ResourceKind.Catalog || RepositoryName.IsValid(target.Repository.ToString()));
                }
                catch (OciException refusal)
                {
                    Assert.InRange(refusal.Status, 400, 404);
                }
            },
            iter: 20_000);
    }

    [Fact]
    public void A_valid_name_and_reference_come_back_as_they_went_in()
    {
        var part = Gen.Char["abcxyz019"].Array[1, 5].Select(c => new string(c));
        var name = part.Array[1, 6].Select(parts => string.Join('/', parts));
        Gen.Select(name, part).Sample((n, tag) =>
        {
            var target = RequestTarget.Parse($"/v2/{n}/manifests/{tag}");
            Assert.Equal((n, tag), (target.Repository.ToString(), target.Reference.ToString()));
        });
    }
}
