using System.Text.RegularExpressions;

namespace Berth.Oci.Tests.Grammar;

/// <summary>The hand-written parsers against the specifications' own regular expressions.</summary>
public sealed partial class GrammarTests
{
    // Mostly characters that the grammars know, so that a good part of the texts is almost valid.
    private static readonly Gen<char> Near = Gen.Frequency(
        (20, Gen.Char['a', 'f']), (6, Gen.Char['0', '9']), (4, Gen.OneOf('.', '_', '-', '/')), (2, Gen.OneOf(':', 'A', 'Z', '\n', '%', '\\', 'é', '\0')));

    private static readonly Gen<string> Text = Near.Array[0, 12].Select(chars => new string(chars));

    private static readonly Gen<string> LongText = Gen.Select(Text, Gen.Int[0, 300]).Select((text, length) => text.PadRight(length, 'a'));

    [Fact]
    public void A_repository_name_is_what_the_distribution_spec_says() => Gen.OneOf(Text, LongText).Sample(
        text => RepositoryName.TryParse(text, out var name) == (text.Length <= 255 && NameRegex().IsMatch(text)) && (name == default || name.Value == text),
        iter: Effort.Iterations(20_000));

    [Fact]
    public void A_tag_is_what_the_distribution_spec_says() => Gen.OneOf(Text, LongText).Sample(
        text => Tag.TryParse(text, out var tag) == TagRegex().IsMatch(text) && (tag == default || tag.Value == text),
        iter: Effort.Iterations(20_000));

    [Fact]
    public void A_digest_is_what_the_image_spec_registers()
    {
        var length = Gen.OneOf(0, 1, 63, 64, 65, 127, 128, 129);
        var algorithm = Gen.OneOf("sha256", "sha512", "SHA256", "sha384", "sha256+b64u", "");
        var hex = Gen.Frequency((30, Gen.OneOf("0123456789abcdef".ToCharArray())), (1, Gen.OneOf('A', 'g', ':', ' ', '\n')));
        var text = Gen.Select(algorithm, length, Gen.Bool).SelectMany((name, count, clean) =>
            (clean ? Gen.OneOf("0123456789abcdef".ToCharArray()) : hex).Array[count].Select(chars => $"{name}:{new string(chars)}"));
        Gen.OneOf(text, Text).Sample(
            value => Digest.TryParse(value, out var digest) == DigestRegex().IsMatch(value) && (digest.IsDefault || digest.ToString() == value),
            iter: Effort.Iterations(20_000));
    }

    [Fact]
    public void A_reference_with_a_colon_is_a_digest_and_without_one_a_tag() => Gen.OneOf(Text, DigestText).Sample(
        text => Reference.TryParse(text, out var reference) == (DigestRegex().IsMatch(text) || TagRegex().IsMatch(text))
            && (reference == default || (reference.IsDigest == text.Contains(':', StringComparison.Ordinal) && reference.ToString() == text)),
        iter: Effort.Iterations(20_000));

    [Fact]
    public void A_digest_survives_its_stored_form_and_keeps_its_order() => Gen.Select(DigestText, DigestText).Sample(
        (left, right) =>
        {
            var (a, b) = (Digest.Parse(left), Digest.Parse(right));
            return Digest.FromBytes(a.ToBytes()) == a
                && a.Hex.Length == a.Algorithm.HashLength() * 2
                && Math.Sign(a.CompareTo(b)) == Math.Sign(a.ToBytes().AsSpan().SequenceCompareTo(b.ToBytes()))
                && Math.Sign(a.CompareTo(b)) == Math.Sign(string.CompareOrdinal(left, right))
                && (a == b) == (left == right)
                && (a != b || a.GetHashCode() == b.GetHashCode());
        },
        iter: Effort.Iterations(5_000));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(33, 0)]
    [InlineData(33, 2)]
    [InlineData(33, 3)]
    [InlineData(65, 1)]
    [InlineData(1, 1)]
    public void Stored_bytes_that_are_no_digest_are_refused(int length, byte algorithm)
    {
        var bytes = new byte[length];
        if (length > 0) bytes[0] = algorithm;
        Assert.Throws<FormatException>(() => Digest.FromBytes(bytes));
    }

    [Theory]
    [InlineData("a", 255, true)]
    [InlineData("a", 256, false)]
    public void A_name_has_at_most_255_characters(string letter, int count, bool valid) =>
        Assert.Equal(valid, RepositoryName.TryParse(string.Concat(Enumerable.Repeat(letter, count)), out _));

    [Theory]
    [InlineData("a/blobs/uploads/b")]
    [InlineData("a--b")]
    [InlineData("a__b")]
    [InlineData("0")]
    [InlineData("a.b-c_d/e")]
    [InlineData("uploads")]
    public void Names_that_look_odd_are_valid(string name) => Assert.True(RepositoryName.IsValid(name));

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a..b")]
    [InlineData("a___b")]
    [InlineData("a_")]
    [InlineData("-a")]
    [InlineData("A")]
    [InlineData("a\n")]
    [InlineData("a%2fb")]
    [InlineData("аpp")]
    [InlineData("a\\b")]
    [InlineData("a\0")]
    public void Hostile_names_are_refused(string name) => Assert.False(RepositoryName.TryParse(name, out _));

    [Fact]
    public void A_tag_of_the_fallback_schema_names_its_subject_as_far_as_it_goes()
    {
        var sha256 = Digest.Parse(Manifests.Sample.DigestA);
        Assert.Equal($"sha256-{Manifests.Sample.HexA}", Tag.ForReferrersOf(sha256).Value);
        Assert.True(Tag.ForReferrersOf(sha256).TryGetReferrersSubjects(out var first, out var last));
        Assert.Equal((sha256, sha256), (first, last));

        var sha512 = Digest.Compute(DigestAlgorithm.Sha512, "subject"u8);
        Assert.Equal($"sha512-{sha512.Hex[..64]}", Tag.ForReferrersOf(sha512).Value);
        Assert.True(Tag.ForReferrersOf(sha512).TryGetReferrersSubjects(out first, out last));
        Assert.True(first < sha512 && sha512 < last);
        Assert.Equal((sha512.Hex[..64] + new string('0', 64), sha512.Hex[..64] + new string('f', 64)), (first.Hex, last.Hex));
    }

    [Fact]
    public void Any_other_tag_names_no_subject()
    {
        var hex = Manifests.Sample.HexA;
        foreach (var text in (string[])["sha256-", "sha256-abc", "latest", $"sha256-{hex}.sig", $"sha256-{hex[1..]}", $"sha256-{hex[1..]}A", $"sha384-{hex}", $"sha512-{hex}{hex[..40]}"])
            Assert.False(Tag.Parse(text).TryGetReferrersSubjects(out _, out _), text);
        Assert.False(default(Tag).TryGetReferrersSubjects(out _, out _));
    }

    [Fact]
    public void Every_error_code_reads_back_from_the_wire()
    {
        foreach (var code in Enum.GetValues<OciErrorCode>())
        {
            Assert.True(OciErrorCodes.TryParse(code.Describe().Code, out var read));
            Assert.Equal(code, read);
        }

        Assert.False(OciErrorCodes.TryParse("blob_unknown", out _));
        Assert.False(OciErrorCodes.TryParse(null, out _));
    }

    private static Gen<string> DigestText { get; } = Gen.OneOf(
        Gen.Byte.Array[32].Select(hash => Digest.FromHash(DigestAlgorithm.Sha256, hash).ToString()),
        Gen.Byte.Array[64].Select(hash => Digest.FromHash(DigestAlgorithm.Sha512, hash).ToString()));

    [GeneratedRegex(@"\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex NameRegex();

    [GeneratedRegex(@"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z")]
    private static partial Regex TagRegex();

    [GeneratedRegex(@"\A(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})\z")]
    private static partial Regex DigestRegex();
}
