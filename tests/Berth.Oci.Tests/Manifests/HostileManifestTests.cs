using System.Text;
using static Berth.Oci.Tests.Manifests.Sample;

namespace Berth.Oci.Tests.Manifests;

public sealed class HostileManifestTests
{
    [Fact]
    public void An_image_with_manifests_and_an_index_with_layers_or_config_are_refused()
    {
        Assert.Equal("manifests", Refused(Image(more: ""","manifests":[] """)).Detail);
        Assert.Equal("layers", Refused(Index(more: ""","layers":[] """)).Detail);
        Assert.Equal("config", Refused(Index(more: $$""","config":{{Descriptor()}}""")).Detail);
        Assert.Equal("manifests", Refused(Image(more: ""","manifests":null """)).Detail);
        Assert.Equal("layers", Refused(Index(more: ""","layers":null """)).Detail);
    }

    [Fact]
    public void A_list_that_is_null_is_empty()
    {
        Assert.Empty(Parse(Image(layers: "null")).Layers);
        Assert.Empty(Parse(Index(manifests: "null")).Manifests);
        Assert.Equal("layers", Refused(Image(layers: "null", more: ""","layers":[] """)).Detail);
    }

    [Fact]
    public void An_image_needs_config_and_layers_and_an_index_needs_manifests()
    {
        string Head(string type) => $$"""{"schemaVersion":2,"mediaType":"{{type}}" """;
        Assert.Equal("config", Refused($$"""{{Head(MediaTypes.OciManifest)}},"layers":[]}""").Detail);
        Assert.Equal("layers", Refused($$"""{{Head(MediaTypes.DockerManifest)}},"config":{{Descriptor()}}}""").Detail);
        Assert.Equal("manifests", Refused($$"""{{Head(MediaTypes.OciIndex)}}}""").Detail);
        Assert.Equal("layers", Refused(Image(layers: "{}")).Detail);
        Assert.Equal("layers", Refused(Image(layers: "0")).Detail);
        Assert.Equal("config", Refused(Image(config: "[]")).Detail);
        Assert.Equal("layers[1]", Refused(Image(layers: $"[{Descriptor()},3]")).Detail);
    }

    [Theory]
    [InlineData("schemaVersion", """ "schemaVersion":2 """)]
    [InlineData("mediaType", """ "mediaType":"application/vnd.oci.image.manifest.v1+json" """)]
    [InlineData("layers", """ "layers":[] """)]
    [InlineData("layers", """ "\u006cayers":[] """)]
    [InlineData("annotations", """ "annotations":{},"annotations":null """)]
    [InlineData(null, """ "annotations":{"a":"1","a":"2"} """)]
    [InlineData(null, """ "annotations":{"a":"1","\u0061":"2"} """)]
    [InlineData(null, """ "x":1,"x":2 """)]
    [InlineData(null, """ "x":[{"y":{"z":1,"z":1}}] """)]
    [InlineData(null, """ "Manifests":[] """)]
    [InlineData(null, """ "manifeſts":[] """)]
    public void A_duplicate_key_is_refused_at_every_level(string? place, string more)
    {
        var refusal = Refused(Image(more: "," + more));
        if (place is not null) Assert.Equal(place, refusal.Detail);
        Assert.Contains("twice", refusal.Message.Replace("clients that ignore case", "twice", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""","size":10 """)]
    [InlineData(""","SIZE":10 """)]
    [InlineData(""","platform":{"os":"a","os":"a"} """)]
    [InlineData(""","annotations":{"k":"v","k":"v"} """)]
    [InlineData(""","what":{"k":"v","k":"v"} """)]
    public void A_duplicate_key_in_a_descriptor_is_refused(string more) =>
        Assert.StartsWith("layers[0]", Refused(Image(layers: $"[{Descriptor(more: more)}]")).Detail, StringComparison.Ordinal);

    [Fact]
    public void The_same_key_in_different_objects_is_no_duplicate() =>
        Parse(Image(layers: $"[{Descriptor(more: ""","x":{"a":1,"b":{"a":1}},"a":1 """)},{Descriptor(more: ""","x":{"a":1},"a":1 """)}]"));

    [Theory]
    [InlineData("\"10\"")]
    [InlineData("-1")]
    [InlineData("-0")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("9223372036854775808")]
    [InlineData("99999999999999999999999999999999999999999999")]
    [InlineData("null")]
    [InlineData("true")]
    public void A_size_that_is_no_whole_number_in_range_is_refused(string size)
    {
        var refusal = Refused(Image(layers: $"[{Descriptor()},{Descriptor(size: size)}]"));
        Assert.Equal("layers[1].size", refusal.Detail);
        Assert.Contains("layers[1].size", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_largest_size_is_accepted() =>
        Assert.Equal(long.MaxValue, Parse(Image(layers: $"[{Descriptor(size: "9223372036854775807")}]")).Layers[0].Size);

    [Theory]
    [InlineData("sha256:bad")]
    [InlineData("")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../../../../../x")]
    public void A_bad_digest_is_refused(string digest) =>
        Assert.Equal("config.digest", Refused(Image(config: Descriptor(digest: digest))).Detail);

    [Theory]
    [InlineData("""{"digest":"D","size":1}""", "config")]
    [InlineData("""{"mediaType":"a/b","size":1}""", "config")]
    [InlineData("""{"mediaType":"a/b","digest":"D"}""", "config")]
    [InlineData("""{"mediaType":"","digest":"D","size":1}""", "config.mediaType")]
    [InlineData("""{"mediaType":"a\u0000b","digest":"D","size":1}""", "config.mediaType")]
    [InlineData("""{"mediaType":7,"digest":"D","size":1}""", "config.mediaType")]
    [InlineData("""{"mediaType":"a/b","digest":7,"size":1}""", "config.digest")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"data":[]}""", "config.data")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"urls":"x"}""", "config.urls")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"urls":[1]}""", "config.urls")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"platform":[]}""", "config.platform")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"artifactType":1}""", "config.artifactType")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"annotations":{"x":1}}""", "config.annotations")]
    [InlineData("""{"mediaType":"a/b","digest":"D","size":1,"annotations":{"x":null}}""", "config.annotations")]
    public void A_descriptor_with_a_missing_or_mistyped_field_is_refused(string descriptor, string place) =>
        Assert.Equal(place, Refused(Image(config: descriptor.Replace("\"D\"", $"\"{DigestA}\"", StringComparison.Ordinal))).Detail);

    [Theory]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a":{"b":"c"}}""")]
    [InlineData("""{"a":null}""")]
    [InlineData("""["a"]""")]
    [InlineData("\"a\"")]
    public void Annotations_that_are_not_strings_are_refused(string annotations) =>
        Assert.Equal("annotations", Refused(Image(more: $",\"annotations\":{annotations}")).Detail);

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    [InlineData("2.0")]
    [InlineData("\"2\"")]
    [InlineData("null")]
    public void A_schema_version_other_than_2_is_refused(string version) => Assert.Equal(
        "schemaVersion",
        Refused(Image().Replace("\"schemaVersion\":2", $"\"schemaVersion\":{version}", StringComparison.Ordinal)).Detail);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{")]
    [InlineData("{\"schemaVersion\":2")]
    [InlineData("{\"schemaVersion\":2,}")]
    [InlineData("<html>")]
    [InlineData("{\"schemaVersion\":2,\"layers\":[")]
    [InlineData("{\"x\":\"\\ud800\"}")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("{\"\\ud800\\ud800\":1}")]
    [InlineData("{\"x\":NaN}")]
    public void What_is_no_JSON_object_with_a_schema_version_is_refused(string body) => Refused(body, MediaTypes.OciManifest);

    [Fact]
    public void Trailing_data_comments_a_byte_order_mark_and_broken_UTF8_are_refused()
    {
        Parse(Image() + " \r\n\t");
        Refused(Image() + "{}");
        Refused(Image() + "x");
        Refused(Image() + "\0");
        Refused("/* x */" + Image());
        Refused(Image(more: "/* x */"));
        Refused(Image() + "// x");
        Assert.Contains("byte order mark", Refused("\uFEFF" + Image()).Message, StringComparison.Ordinal);
        Refused(Encoding.Unicode.GetBytes(Image()));
        var broken = Encoding.UTF8.GetBytes(Image(more: ""","x":"ab" """));
        broken[^4] = 0xff;
        Assert.Contains("UTF-8", Refused(broken).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_limited()
    {
        string Nested(int depth) => Image(more: $",\"x\":{new string('[', depth)}{new string(']', depth)}");
        Parse(Nested(OciLimits.ManifestDepth - 1));
        Assert.Contains("deeper", Refused(Nested(OciLimits.ManifestDepth)).Message, StringComparison.Ordinal);
        Refused(new string('[', 4_000_000));
        Refused(string.Concat(Enumerable.Repeat("{\"a\":", 700_000)));
    }

    [Fact]
    public void Ten_thousand_children_are_refused_and_the_limit_itself_is_accepted()
    {
        string Children(int count) => Index($"[{Many(count, i => Descriptor(MediaTypes.OciManifest, NumberedDigest(i), "1"))}]");
        Assert.Equal(OciLimits.ManifestDescriptors, Parse(Children(OciLimits.ManifestDescriptors)).Manifests.Count);
        Assert.Equal($"manifests[{OciLimits.ManifestDescriptors}]", Refused(Children(10_000)).Detail);
    }

    [Fact]
    public void A_manifest_of_almost_4_MB_of_annotations_is_accepted()
    {
        var value = new string('A', 10_000);
        var body = Image(more: $$$""","annotations":{{{{Many(390, i => $"\"large-annotation-{i}\":\"{value}\"")}}}}""");
        Assert.InRange(body.Length, 3_900_000, OciLimits.ManifestBytes);
        Parse(body, MediaTypes.OciManifest);
    }

    [Fact]
    public void A_manifest_over_the_limit_is_413()
    {
        var body = Image();
        Parse(body + new string(' ', OciLimits.ManifestBytes - Encoding.UTF8.GetByteCount(body)));
        Assert.Equal(413, Refused(body + new string(' ', OciLimits.ManifestBytes)).Status);
    }

    [Fact]
    public void Keys_are_limited()
    {
        string Keys(int count) => Image(more: $$$""","x":{{{{Many(count, i => $"\"{i:x}\":0")}}}}""");
        Parse(Keys(OciLimits.ManifestKeys - 1));
        Assert.Contains("keys", Refused(Keys(OciLimits.ManifestKeys + 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_duplicate_is_found_among_many_keys()
    {
        string Keys(int count, int again) => Image(more: $$$""","annotations":{{{{Many(count, i => $"\"key{i}\":\"\"")}}},"key{{{again}}}":""}""");
        foreach (var again in (int[])[0, 1, 254, 9_999, 49_999]) Assert.Contains("twice", Refused(Keys(50_000, again)).Message, StringComparison.Ordinal);
        Parse(Keys(50_000, 50_000));
    }
}
