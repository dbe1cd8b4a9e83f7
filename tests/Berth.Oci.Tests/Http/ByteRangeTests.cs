using System.Globalization;
using Berth.Oci.Http;

namespace Berth.Oci.Tests.Http;

public sealed class ByteRangeTests
{
    [Theory]
    [InlineData("bytes=0-0", 0, 0)]
    [InlineData("bytes=0-99", 0, 99)]
    [InlineData("bytes=10-19", 10, 19)]
    [InlineData("bytes=10-", 10, 99)]
    [InlineData("bytes=-10", 90, 99)]
    [InlineData("bytes=-100", 0, 99)]
    [InlineData("bytes=-1000", 0, 99)]
    [InlineData("bytes=50-1000", 50, 99)]
    [InlineData("bytes=50-99999999999999999999999999", 50, 99)]
    [InlineData("bytes=-99999999999999999999999999", 0, 99)]
    [InlineData("BYTES=99-99", 99, 99)]
    [InlineData(" bytes= 1-2 ", 1, 2)]
    public void One_range_is_served(string header, long start, long end)
    {
        Assert.Equal(RangeOutcome.Partial, ByteRange.Parse(header, 100, out var range));
        Assert.Equal(new ByteRange(start, end), range);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"bytes {start}-{end}/100"), range.ToContentRange(100));
        Assert.Equal(end - start + 1, range.Length);
    }

    [Theory]
    [InlineData("bytes=500-0")]
    [InlineData("bytes=5000-10000")]
    [InlineData("bytes=100-")]
    [InlineData("bytes=100-100")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=2-1")]
    [InlineData("bytes=99999999999999999999999999-")]
    public void A_range_of_nothing_is_unsatisfiable(string header)
    {
        Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse(header, 100, out _));
        Assert.Equal("bytes */100", ByteRange.Unsatisfied(100));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bytes")]
    [InlineData("bytes=")]
    [InlineData("bytes=-")]
    [InlineData("bytes=5")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1-b")]
    [InlineData("bytes=+1-2")]
    [InlineData("bytes=1--2")]
    [InlineData("bytes=0x1-2")]
    [InlineData("bytes=1-2-3")]
    [InlineData("bytes=１-２")]
    [InlineData("items=1-2")]
    [InlineData("bytes 1-2")]
    [InlineData("bytes=0-1,4-5")]
    [InlineData("bytes=0-1,")]
    [InlineData("bytes=-0,500-0")]
    public void What_is_no_single_range_of_bytes_is_ignored(string header) =>
        Assert.Equal(RangeOutcome.Whole, ByteRange.Parse(header, 100, out _));

    [Fact]
    public void Empty_content_has_no_part()
    {
        Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse("bytes=0-", 0, out _));
        Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse("bytes=0-0", 0, out _));
        Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse("bytes=-0", 0, out _));
        Assert.Equal(RangeOutcome.Whole, ByteRange.Parse("bytes=-5", 0, out _));
    }

    [Fact]
    public void Thousands_of_parts_cost_nothing()
    {
        var header = "bytes=" + string.Join(',', Enumerable.Range(0, 5_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i}-{i}")));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var outcome = ByteRange.Parse(header, 1_000_000, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(RangeOutcome.Whole, outcome);
    }

    [Fact]
    public void A_served_range_lies_inside_the_content_and_is_what_was_asked_for() =>
        Gen.Select(Gen.Long[0, 1000], Gen.Long[0, 1000], Gen.Long[0, 1000]).Sample((start, end, length) =>
        {
            var outcome = ByteRange.Parse(new ByteRange(start, end).ToString(), length, out var range);
            var expected = start > end || start >= length ? RangeOutcome.Unsatisfiable : RangeOutcome.Partial;
            return outcome == expected && (outcome != RangeOutcome.Partial || range == new ByteRange(start, Math.Min(end, length - 1)));
        });
}
