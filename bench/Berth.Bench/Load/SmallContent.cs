using System.Security.Cryptography;
using System.Text;

namespace Berth.Bench.Load;

/// <summary>Some bytes with their digest.</summary>
internal sealed class SmallContent(byte[] bytes)
{
    public byte[] Bytes { get; } = bytes;

    public string Digest { get; } = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Distinct random blobs.</summary>
    public static List<SmallContent> Blobs(int count, int size) =>
        [.. Enumerable.Range(0, count).Select(_ => new SmallContent(RandomNumberGenerator.GetBytes(size)))];

    /// <summary>Distinct image manifests over one config and one layer, of the size that real ones have.</summary>
    public static List<SmallContent> Manifests(int count, SmallContent config, SmallContent layer) =>
        [.. Enumerable.Range(0, count).Select(_ => Manifest(config, [layer]))];

    /// <summary>An image manifest with a serial number of its own.</summary>
    public static SmallContent Manifest(SmallContent config, IReadOnlyList<SmallContent> layers) => new(Encoding.UTF8.GetBytes(
        $$$"""
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{config.Digest}}}","size":{{{config.Bytes.Length}}}},
        "layers":[{{{string.Join(",\n", layers.Select(layer => $$"""
        {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{layer.Digest}}","size":{{layer.Bytes.Length}}}
        """))}}}],
        "annotations":{"org.example.serial":"{{{Guid.CreateVersion7()}}}"}}
        """));
}
