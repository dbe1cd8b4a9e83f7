using Berth.Bench.Load;

namespace Berth.Bench.Seeding;

/// <summary>The manifest that seeded repositories hold: an index of nothing needs no other content.</summary>
internal static class EmptyIndex
{
    public const string MediaType = "application/vnd.oci.image.index.v1+json";

    public static readonly SmallContent Content = new(
        """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray());
}
