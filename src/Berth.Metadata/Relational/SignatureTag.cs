using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// Tags that say by their name what a manifest belongs to: <c>sha256-&lt;hex&gt;</c>, where a client without the referrers API keeps their list, and the same with a
/// suffix such as <c>.sig</c>, <c>.att</c> or <c>.sbom</c>, where cosign keeps signatures.
/// </summary>
internal static class SignatureTag
{
    private const string Prefix = "sha256-";
    private const int HexLength = 64;

    /// <summary>The manifest that the tag belongs to; default for any other tag.</summary>
    public static Digest SubjectOf(string tag)
    {
        if (!tag.StartsWith(Prefix, StringComparison.Ordinal) || tag.Length < Prefix.Length + HexLength) return default;
        if (tag.Length > Prefix.Length + HexLength && tag[Prefix.Length + HexLength] != '.') return default;
        return Digest.TryParse($"sha256:{tag.AsSpan(Prefix.Length, HexLength)}", out var subject) ? subject : default;
    }

    /// <summary>What the tags begin with that belong to a manifest; null where they cannot name it.</summary>
    public static string? PrefixOf(Digest digest) => digest.Algorithm == DigestAlgorithm.Sha256 ? Prefix + digest.Hex : null;
}
