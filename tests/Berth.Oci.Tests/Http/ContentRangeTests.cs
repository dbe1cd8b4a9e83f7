using System.Text.RegularExpressions;
using Berth.Oci.Http;

namespace Berth.Oci.Tests.Http;

public sealed class ContentRangeTests
{
    [Theory]
    [InlineData("0-0", 0, 0, null)]
    [InlineData("0-99", 0, 99, null)]
    [InlineData("100-199", 100, 199, null)]
    [InlineData("bytes 0-99/100", 0, 99, 100L)]
    [InlineData("bytes 0-99/*", 0, 99, null)]
    [InlineData("bytes 0-99", 0, 99, null)]
    [InlineData("bytes=0-99", 0, 99, null)]
    [InlineData("Bytes  0-99/1000", 0, 99, 1000L)]
    [InlineData(" 0-99 ", 0, 99, null)]
    [InlineData("0-99/200", 0, 99, 200L)]
    public void A_chunks_place_is_read(string header, long start, long end, long? total)
    {
        Assert.True(ContentRange.TryParse(header, out var range));
        Assert.Equal(new ContentRange(start, end, total), range);
        Assert.Equal(end - start + 1, range.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("0-")]
    [InlineData("-5")]
    [InlineData("0--1")]
    [InlineData("5-4")]
    [InlineData("0-a")]
    [InlineData("0-9 9")]
    [InlineData("0 - 9")]
    [InlineData("+0-9")]
    [InlineData("bytes */100")]
    [InlineData("bytes0-9")]
    [InlineData("bytes 0-9/")]
    [InlineData("bytes 0-9/x")]
    [InlineData("bytes 0-9/9")]
    [InlineData("bytes 0-9/-1")]
    [InlineData("0-9223372036854775807")]
    [InlineData("0-99999999999999999999999")]
    [InlineData("items 0-9/10")]
    [InlineData("0-1,2-3")]
    public void Anything_else_is_refused(string header) => Assert.False(ContentRange.TryParse(header, out _));

    [Fact]
    public void Formatting_and_parsing_agree_and_the_specs_grammar_decides() =>
        Gen.Select(Gen.Long[0, long.MaxValue - 1], Gen.Long[0, long.MaxValue - 1]).Sample((start, end) =>
        {
            var text = new ContentRange(start, end).ToString();
            return Regex.IsMatch(text, "^[0-9]+-[0-9]+$")
                && ContentRange.TryParse(text, out var range) == (start <= end)
                && (start > end || range == new ContentRange(start, end));
        });
}
