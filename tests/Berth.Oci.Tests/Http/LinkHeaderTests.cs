using Berth.Oci.Http;

namespace Berth.Oci.Tests.Http;

public sealed class LinkHeaderTests
{
    [Fact]
    public void The_next_page_is_named_with_its_parameters()
    {
        Assert.Equal("</v2/a/b/tags/list?n=10&last=v1.0>; rel=\"next\"", LinkHeader.FormatNext("/v2/a/b/tags/list", ("n", "10"), ("last", "v1.0")));
        Assert.Equal("</v2/_catalog?last=a%2Fb%26c>; rel=\"next\"", LinkHeader.FormatNext("/v2/_catalog", ("last", "a/b&c")));
        Assert.Equal("</x%3E%20%22%C3%A9>; rel=\"next\"", LinkHeader.FormatNext("/x> \"é"));
    }

    [Theory]
    [InlineData("</next>; rel=\"next\"", "/next")]
    [InlineData("</next>;rel=next", "/next")]
    [InlineData("</next> ; REL = \"Next\"", "/next")]
    [InlineData("</next>; rel=\"prev next\"", "/next")]
    [InlineData("</a>; rel=prev, </next>; rel=next", "/next")]
    [InlineData("</a,b;c>; title=\"x, </y>; rel=next\", </next>; title*=UTF-8''x; rel=next", "/next")]
    [InlineData("</a>; title=\"\\\"\"; rel=\"next\"", "/a")]
    [InlineData("<https://other.example/v2/x?n=1&last=y>; rel=\"next\"; foo", "https://other.example/v2/x?n=1&last=y")]
    [InlineData("<>; rel=next", "")]
    public void The_next_link_is_found(string header, string target)
    {
        Assert.True(LinkHeader.TryGetNext(header, out var found));
        Assert.Equal(target, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("</x>")]
    [InlineData("</x>; rel=prev")]
    [InlineData("</x>; rel=prev; rel=next")]
    [InlineData("</x; rel=next")]
    [InlineData("/x; rel=next")]
    [InlineData("</x>; rel=\"next")]
    [InlineData("</x> rel=next")]
    [InlineData("</x>; rel=nextpage")]
    [InlineData("</x>; anchor=\"rel=next\"")]
    public void Anything_else_has_no_next_link(string header) => Assert.False(LinkHeader.TryGetNext(header, out _));

    [Fact]
    public void What_is_formatted_is_found_again_whatever_the_parameters() =>
        Gen.Select(Gen.String, Gen.String, Gen.Int[0, 10_000]).Where((a, b, _) => WellFormed(a) && WellFormed(b)).Sample((path, last, n) =>
        {
            var header = LinkHeader.FormatNext("/" + path, ("n", n.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("last", last));
            if (!LinkHeader.TryGetNext($"<x>; rel=first, {header}, <y>; rel=\"last\"", out var target)) return false;
            if (!header.All(char.IsAscii)) return false;
            var mark = target.IndexOf('?', StringComparison.Ordinal);
            var parameters = target[(mark + 1)..].Split('&').Select(p => p.Split('=')).ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]));
            return Uri.UnescapeDataString(target[..mark]) == "/" + path && parameters["last"] == last && int.Parse(parameters["n"], null) == n;
        });

    private static bool WellFormed(string text) => text.EnumerateRunes().All(rune => rune.Value != 0xFFFD);
}
