using Berth.Oci.Client;
using static Berth.Oci.Tests.Client.Clients;

namespace Berth.Oci.Tests.Client;

public sealed class ListTests
{
    [Fact]
    public async Task Pages_are_followed_to_the_end_whatever_host_the_link_names()
    {
        await using var registry = new FakeRegistry(request => request.Target switch
        {
            "/v2/team/app/tags/list?n=2" => FakeAnswer.Json(200, """{"name":"team/app","tags":["a","b"]}""")
                .With("Link", "</v2/team/app/tags/list?n=2&last=b>; rel=\"next\""),
            "/v2/team/app/tags/list?n=2&last=b" => FakeAnswer.Json(200, """{"tags":["c"]}""")
                .With("Link", "<https://elsewhere.invalid/v2/team/app/tags/list?last=c%2B>; rel=next"),
            "/v2/team/app/tags/list?last=c%2B" => FakeAnswer.Json(200, """{"tags":null}""").With("Link", "<?last=d>; rel=next"),
            "/v2/team/app/tags/list?last=d" => FakeAnswer.Json(200, """{"tags":["d"]}"""),
            _ => FakeAnswer.Error(404, "NAME_UNKNOWN"),
        });
        using var client = new RegistryClient(registry.Address, Anonymous);
        Assert.Equal(["a", "b", "c", "d"], await ToListAsync(client.ListTagsAsync(App, 2, Cancel)));
    }

    [Fact]
    public async Task A_list_that_leads_to_itself_ends_with_an_error()
    {
        await using var registry = new FakeRegistry(_ => FakeAnswer.Json(200, """{"repositories":["a"]}""").With("Link", "</v2/_catalog>; rel=next"));
        using var client = new RegistryClient(registry.Address, Anonymous);
        await Assert.ThrowsAsync<OciException>(() => ToListAsync(client.ListRepositoriesAsync(null, Cancel)));
        Assert.Single(registry.Seen);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("null")]
    [InlineData("""{"tags":[1]}""")]
    [InlineData("")]
    public async Task A_page_that_is_no_list_is_an_error(string body)
    {
        await using var registry = new FakeRegistry(_ => FakeAnswer.Json(200, body));
        using var client = new RegistryClient(registry.Address, Anonymous);
        Assert.Equal(502, (await Assert.ThrowsAsync<OciException>(() => ToListAsync(client.ListTagsAsync(App, null, Cancel)))).Status);
    }

    [Fact]
    public async Task Referrers_come_from_the_API_filtered_also_where_the_registry_does_not()
    {
        var entries = $$$"""
            {"manifests":[
              {"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{Manifests.Sample.DigestA}}}","size":7,"artifactType":"a/sbom","annotations":{"k":"v"}},
              {"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{Manifests.Sample.DigestB}}}","size":8,"artifactType":"a/sig"},
              {"mediaType":"x","digest":"nonsense","size":8},{"digest":"{{{Manifests.Sample.DigestA}}}"},null]}
            """;
        await using var registry = new FakeRegistry(_ => FakeAnswer.Json(200, entries));
        using var client = new RegistryClient(registry.Address, Anonymous);
        var subject = Digest.Parse(Manifests.Sample.DigestA);

        Assert.Equal(2, (await ToListAsync(client.ListReferrersAsync(App, subject, null, Cancel))).Count);
        var one = Assert.Single(await ToListAsync(client.ListReferrersAsync(App, subject, "a/sbom", Cancel)));
        Assert.Equal(("a/sbom", "v", 7L), (one.ArtifactType, one.Annotations["k"], one.Descriptor.Size));
        Assert.Equal($"/v2/team/app/referrers/{subject}?artifactType=a%2Fsbom", registry.Seen.Last().Target);
    }

    [Fact]
    public async Task Without_the_API_the_tag_stands_in_and_without_the_tag_there_are_none()
    {
        var found = true;
        await using var registry = new FakeRegistry(request => found && request.Target.EndsWith($"/manifests/sha256-{Manifests.Sample.HexA}", StringComparison.Ordinal)
            ? FakeAnswer.Json(200, Manifests.Sample.Index())
            : new FakeAnswer(404, "<html>not here"u8.ToArray()));
        using var client = new RegistryClient(registry.Address, Anonymous);
        var subject = Digest.Parse(Manifests.Sample.DigestA);

        Assert.Single(await ToListAsync(client.ListReferrersAsync(App, subject, null, Cancel)));
        found = false;
        Assert.Empty(await ToListAsync(client.ListReferrersAsync(App, subject, null, Cancel)));
    }
}
