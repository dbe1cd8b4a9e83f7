using System.Globalization;
using System.Text;

namespace Berth.Oci.Tests.Manifests;

/// <summary>Manifests to start from.</summary>
internal static class Sample
{
    public const string HexA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    public const string DigestA = "sha256:" + HexA;
    public const string DigestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    public const string Layer = "application/vnd.oci.image.layer.v1.tar+gzip";

    public static string Descriptor(string mediaType = Layer, string digest = DigestA, string size = "10", string more = "") =>
        $$"""{"mediaType":"{{mediaType}}","digest":"{{digest}}","size":{{size}}{{more}}}""";

    public static string Image(string? config = null, string? layers = null, string more = "") =>
        $$"""
        {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{config ?? Descriptor(MediaTypes.OciConfig)}},"layers":{{layers ?? $"[{Descriptor()}]"}}{{more}}}
        """;

    public static string Index(string? manifests = null, string more = "") =>
        $$"""
        {"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":{{manifests ?? $"[{Descriptor(MediaTypes.OciManifest)}]"}}{{more}}}
        """;

    public static string Many(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));

    public static string NumberedDigest(int number) =>
        $"sha256:{number.ToString("x", CultureInfo.InvariantCulture).PadLeft(64, '0')}";

    public static Manifest Parse(string body, string? contentType = null) => ManifestParser.Parse(Encoding.UTF8.GetBytes(body), contentType);

    public static OciException Refused(string body, string? contentType = null) => Refused(Encoding.UTF8.GetBytes(body), contentType);

    public static OciException Refused(byte[] body, string? contentType = null)
    {
        var refusal = Assert.Throws<OciException>(() => ManifestParser.Parse(body, contentType));
        Assert.Equal(OciErrorCode.ManifestInvalid, refusal.Code);
        return refusal;
    }
}
