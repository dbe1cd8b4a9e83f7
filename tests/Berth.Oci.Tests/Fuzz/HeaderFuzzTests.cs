using Berth.Oci.Client.Authentication;
using Berth.Oci.Http;

namespace Berth.Oci.Tests.Fuzz;

/// <summary>Header parsers on anything: no exception, no result that contradicts itself.</summary>
public sealed class HeaderFuzzTests
{
    private static Gen<string> Header { get; } = Gen.OneOf(
        Gen.String,
        Gen.OneOf(
            "bytes", "=", "-", "0", "9", "500", "99999999999999999999", ",", " ", "/", "*", "\"", "W/", "<", ">", ";", "rel", "next", "\\", "Bearer", "Basic",
            "realm", "sha256:", Manifests.Sample.DigestA, "\t", "é", "\0").Array[0, 14].Select(string.Concat));

    [Fact]
    public void A_range_is_inside_the_content() => Gen.Select(Header, Gen.OneOf(0, 1, 500, 501, long.MaxValue)).Sample(
        (header, length) => ByteRange.Parse(header, length, out var range) != RangeOutcome.Partial
            || (range.Start >= 0 && range.Start <= range.End && range.End < length && range.Length > 0),
        iter: Effort.Iterations(20_000));

    [Fact]
    public void A_chunks_place_is_not_empty() => Header.Sample(
        header => !ContentRange.TryParse(header, out var range)
            || (range.Start >= 0 && range.Length > 0 && (range.Total is null || range.Total > range.End)),
        iter: Effort.Iterations(20_000));

    [Fact]
    public void Entity_tags_and_links_and_challenges_are_read_without_an_error() => Header.Sample(
        header =>
        {
            var digest = Digest.Parse(Manifests.Sample.DigestA);
            var hit = EntityTags.IfNoneMatchHits(header, digest);
            if (EntityTags.IfRangePasses(header, digest) && header.Trim(' ', '\t').Length > 0 && !hit) return false;
            if (hit && !header.Contains(digest.Hex, StringComparison.Ordinal) && header.Trim(' ', '\t') != "*") return false;
            if (LinkHeader.TryGetNext(header, out var target) && !header.Contains($"<{target}>", StringComparison.Ordinal)) return false;
            return Challenge.Parse(header).All(challenge => challenge.Scheme.Length > 0);
        },
        iter: Effort.Iterations(20_000));

    [Fact]
    public void Challenges_are_read_as_they_were_written() => Gen.Select(
        Gen.OneOf("Bearer", "basic", "Negotiate", "X-1"), Gen.Select(Gen.OneOf("realm", "service", "Scope", "error", "x!"), Gen.String.Where(text => !text.Any(char.IsControl)), Gen.Bool).Array[1, 6],
        Gen.OneOf(",", ", ", " , ,\t")).Array[1, 4].Sample(
        challenges =>
        {
            var header = string.Join(", ", challenges.Select(challenge => $"{challenge.Item1} {string.Join(challenge.Item3, challenge.Item2.Select(Written))}"));
            var read = Challenge.Parse(header);
            return read.Count == challenges.Length && read.Zip(challenges).All(pair => pair.First.Scheme == pair.Second.Item1
                && pair.Second.Item2.DistinctBy(parameter => parameter.Item1, StringComparer.OrdinalIgnoreCase).All(parameter => pair.First[parameter.Item1.ToUpperInvariant()] == parameter.Item2));

            // A quoted text, or a token where it is one.
            static string Written((string Name, string Value, bool AsToken) parameter) => parameter.AsToken && parameter.Value.Length > 0 && parameter.Value.All(char.IsAsciiLetterOrDigit)
                ? $"{parameter.Name}={parameter.Value}"
                : $"{parameter.Name}=\"{parameter.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        },
        iter: Effort.Iterations(20_000));

    [Fact]
    public void Long_headers_take_linear_time()
    {
        // 64 KiB is more than any server passes on; a quadratic parser would need seconds for it.
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (var unit in (string[])["\"", "\",", "W/", "<", "<>;", "<>; a=\"b\",", "a=b,", "a ", ", ", "\\\"", "bytes=0-1,", "9"])
        {
            var header = string.Concat(Enumerable.Repeat(unit, 65_536 / unit.Length));
            foreach (var text in (string[])[header, "bytes=" + header, "<a>; rel=\"" + header, "Bearer a=\"" + header])
            {
                _ = ByteRange.Parse(text, 10, out _);
                _ = ContentRange.TryParse(text, out _);
                _ = EntityTags.IfNoneMatchHits(text, Digest.Parse(Manifests.Sample.DigestA));
                _ = LinkHeader.TryGetNext(text, out _);
                _ = Challenge.Parse(text);
            }
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }
}
