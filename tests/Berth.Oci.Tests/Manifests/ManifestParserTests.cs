using System.Text;
using static Berth.Oci.Tests.Manifests.Sample;

namespace Berth.Oci.Tests.Manifests;

public sealed class ManifestParserTests
{
    [Fact]
    public void An_image_manifest_is_read()
    {
        var manifest = Parse(Image(layers: $"[{Descriptor()},{Descriptor("text/x", DigestB, "0")}]"), MediaTypes.OciManifest);

        Assert.Equal(MediaTypes.OciManifest, manifest.MediaType);
        Assert.Equal(new Descriptor(MediaTypes.OciConfig, Digest.Parse(DigestA), 10), manifest.Config);
        Assert.Equal([new Descriptor(Layer, Digest.Parse(DigestA), 10), new Descriptor("text/x", Digest.Parse(DigestB), 0)], manifest.Layers);
        Assert.Empty(manifest.Manifests);
        Assert.Null(manifest.Subject);
        Assert.Null(manifest.ArtifactType);
        Assert.Null(manifest.Annotations);
        Assert.Equal(MediaTypes.OciConfig, manifest.ReferrerArtifactType);
    }

    [Fact]
    public void An_index_is_read_and_may_be_empty()
    {
        var manifest = Parse(Index($"[{Descriptor(MediaTypes.OciManifest, more: """,  "platform":{"os":"linux","os.features":["x"]} """)}]"));
        Assert.Equal([new Descriptor(MediaTypes.OciManifest, Digest.Parse(DigestA), 10)], manifest.Manifests);
        Assert.Null(manifest.Config);

        Assert.Empty(Parse(Index("[]")).Manifests);
        Assert.Empty(Parse(Image(layers: "[]")).Layers);
    }

    [Theory]
    [InlineData(MediaTypes.OciManifest)]
    [InlineData(MediaTypes.DockerManifest)]
    public void The_header_gives_the_type_that_the_body_lacks(string mediaType)
    {
        var body = $$"""{"schemaVersion":2,"config":{{Descriptor()}},"layers":[]}""";
        Assert.Equal(mediaType, Parse(body, mediaType).MediaType);
        Assert.Contains("Content-Type", Refused(body).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/vnd.oci.image.manifest.v1+json; charset=utf-8")]
    [InlineData(" Application/VND.oci.image.manifest.v1+JSON ;a=b")]
    public void Parameters_and_case_of_the_Content_Type_do_not_matter(string contentType) =>
        Assert.Equal(MediaTypes.OciManifest, Parse(Image(), contentType).MediaType);

    [Theory]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1")]
    [InlineData("application/vnd.docker.distribution.manifest.v1+json", "schema 1")]
    [InlineData("application/json", "application/json")]
    [InlineData("application/vnd.oci.artifact.manifest.v1+json", "must be one of")]
    [InlineData("application/vnd.oci.image.manifest.v1+json, text/html", "text/html")]
    public void An_unsupported_type_is_refused_by_name(string contentType, string named)
    {
        Assert.Contains(named, Refused(Image(), contentType).Message, StringComparison.Ordinal);
        Assert.Contains(named, Refused($$"""{"schemaVersion":2,"mediaType":"{{contentType}}"}""").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_that_contradicts_the_body_is_refused()
    {
        var refusal = Refused(Image(), MediaTypes.DockerManifest);
        Assert.Contains(MediaTypes.DockerManifest, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(MediaTypes.OciManifest, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(400, refusal.Status);
    }

    [Fact]
    public void A_subject_brings_its_annotations_as_they_stand()
    {
        var annotations = """{ "org.example.a" : "1 \u003c 2",  "b":"" }""";
        var subject = Descriptor(MediaTypes.OciManifest, DigestB, "77");
        var manifest = Parse(Image(more: $$""","annotations":{{annotations}},"subject":{{subject}},"artifactType":"application/x.test" """));

        Assert.Equal(annotations, manifest.Annotations);
        Assert.Equal(new Descriptor(MediaTypes.OciManifest, Digest.Parse(DigestB), 77), manifest.Subject);
        Assert.Equal("application/x.test", manifest.ArtifactType);
        Assert.Equal("application/x.test", manifest.ReferrerArtifactType);
        Assert.Null(Parse(Image(more: $$""","annotations":{{annotations}}""")).Annotations);
        Assert.Null(Parse(Image(more: $$""","subject":{{subject}}""")).Annotations);
    }

    [Fact]
    public void The_empty_type_as_config_is_accepted_with_and_without_an_artifact_type()
    {
        var config = Descriptor(MediaTypes.OciEmpty, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "2", ""","data":"e30=" """);
        Assert.Equal("a/b", Parse(Image(config, more: ""","artifactType":"a/b" """)).ReferrerArtifactType);
        Assert.Equal(MediaTypes.OciEmpty, Parse(Image(config)).ReferrerArtifactType);
        Assert.Null(Parse(Image(config, more: ""","artifactType":"" """)).ArtifactType);
    }

    [Fact]
    public void Unknown_fields_and_nulls_of_optional_fields_are_passed_over()
    {
        var manifest = Parse(Image(
            layers: $"[{Descriptor(more: ""","data":null,"newUnspecifiedField":null,"urls":null,"annotations":null,"platform":null,"x":[{"y":[1,[]]}] """)}]",
            more: ""","subject":null,"annotations":null,"artifactType":null,"org.AB":"C","digest":7,"deep":{"a":{"a":{"a":[{"a":1},{"a":2}]}}} """));
        Assert.Single(manifest.Layers);
    }

    [Theory]
    [InlineData("sha512")]
    [InlineData("sha256")]
    public void Embedded_data_must_be_what_the_descriptor_says(string algorithm)
    {
        Assert.True(DigestAlgorithms.TryParse(algorithm, out var hash));
        var content = Encoding.UTF8.GetBytes("hello?>");
        var digest = Digest.Compute(hash, content).ToString();
        var base64 = Convert.ToBase64String(content);
        string With(string data, string size = "7") => Image(layers: $"[{Descriptor(digest: digest, size: size, more: $$""","data":"{{data}}" """)}]");

        Parse(With(base64));
        Parse(With(base64.Replace("/", "\\/", StringComparison.Ordinal).Replace("=", "\\u003d", StringComparison.Ordinal)));
        Assert.Equal("layers[0].data", Refused(With("?" + base64)).Detail);
        Assert.Equal("layers[0].data", Refused(With(base64, "8")).Detail);
        Assert.Equal("layers[0].data", Refused(With(Convert.ToBase64String(Encoding.UTF8.GetBytes("HELLO?>")))).Detail);
    }

    [Fact]
    public void Non_distributable_layers_are_read_with_their_urls()
    {
        var layer = Descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar", more: ""","urls":["https://x.example/y"] """);
        Assert.True(MediaTypes.IsNonDistributable(Assert.Single(Parse(Image(layers: $"[{layer}]")).Layers).MediaType));
    }
}
