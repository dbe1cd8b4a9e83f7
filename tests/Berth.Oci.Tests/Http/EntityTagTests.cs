using Berth.Oci.Http;

namespace Berth.Oci.Tests.Http;

public sealed class EntityTagTests
{
    private const string A = Manifests.Sample.DigestA;
    private const string B = Manifests.Sample.DigestB;

    [Theory]
    [InlineData("*", true)]
    [InlineData(" * ", true)]
    [InlineData($"\"{A}\"", true)]
    [InlineData($"W/\"{A}\"", true)]
    [InlineData(A, true)]
    [InlineData($"\"{B}\", \"{A}\"", true)]
    [InlineData($"\"{B}\",W/\"{A}\"", true)]
    [InlineData($" ,, \"x,y\" , \"{A}\" , \"z\"", true)]
    [InlineData($"{B} , {A} ", true)]
    [InlineData("", false)]
    [InlineData("\"\"", false)]
    [InlineData($"\"{B}\"", false)]
    [InlineData($"\"{A}", false)]
    [InlineData($"\"{A}x\"", false)]
    [InlineData("W/", false)]
    [InlineData("\"*\"", false)]
    public void If_None_Match_compares_weakly(string header, bool hit) =>
        Assert.Equal(hit, EntityTags.IfNoneMatchHits(header, Digest.Parse(A)));

    [Theory]
    [InlineData("", true)]
    [InlineData("*", true)]
    [InlineData($"\"{A}\"", true)]
    [InlineData($"\"{B}\", \"{A}\"", true)]
    [InlineData($"W/\"{A}\"", false)]
    [InlineData($"\"{B}\"", false)]
    public void If_Match_compares_strongly(string header, bool passes) =>
        Assert.Equal(passes, EntityTags.IfMatchPasses(header, Digest.Parse(A)));

    [Theory]
    [InlineData("", true)]
    [InlineData($"\"{A}\"", true)]
    [InlineData($"W/\"{A}\"", false)]
    [InlineData($"\"{B}\"", false)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", false)]
    [InlineData("*", false)]
    public void If_Range_takes_the_tag_alone(string header, bool passes) =>
        Assert.Equal(passes, EntityTags.IfRangePasses(header, Digest.Parse(A)));

    [Fact]
    public void What_is_sent_as_ETag_matches_itself()
    {
        var digest = Digest.Compute(DigestAlgorithm.Sha512, [1]);
        Assert.True(EntityTags.IfNoneMatchHits(EntityTags.Format(digest), digest));
        Assert.True(EntityTags.IfMatchPasses(EntityTags.Format(digest), digest));
    }
}
