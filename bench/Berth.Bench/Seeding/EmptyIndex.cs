using System.Globalization;
using System.Text;
using Berth.Bench.Load;

namespace Berth.Bench.Seeding;

/// <summary>The manifest that seeded repositories hold: an index of nothing needs no other content.</summary>
internal static class EmptyIndex
{
    public const string MediaType = "application/vnd.oci.image.index.v1+json";

    public static readonly SmallContent Content = new(
        """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray());

    /// <summary>One of its own for each number and repository.</summary>
    public static SmallContent Numbered(string repository, int number) => new(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"schemaVersion":2,"mediaType":"{{{MediaType}}}","manifests":[],"annotations":{"org.example.serial":"{{{repository}}}:{{{number}}}"}}""")));
}
