using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Lifecycle;

/// <summary>Whether a stored manifest is what its digest says, and its rows are what its bytes say.</summary>
internal static class ManifestCheck
{
    /// <summary>Whether its bytes have its digest.</summary>
    public static bool HasDigest(StoredManifestRecord manifest) => Digest.Compute(manifest.Digest.Algorithm, manifest.Bytes) == manifest.Digest;

    /// <summary>A sentence about the first way in which its rows differ from its bytes; null when there is none.</summary>
    public static string? FindDifference(StoredManifestRecord manifest)
    {
        Manifest body;
        try
        {
            body = ManifestParser.Parse(manifest.Bytes, manifest.MediaType);
        }
        catch (OciException e)
        {
            return $"cannot be read as '{manifest.MediaType}', which its row says it is: {e.Message}";
        }

        if ((body.Subject?.Digest ?? default) != manifest.Subject) return "refers to another subject than its row says; delete it and push it again";

        // What may be absent has an edge that counts only once it is there.
        var listed = body.Manifests.ToLookup(child => child.NamesManifest, child => child.Digest);
        var needed = body.Layers.Where(layer => !MediaTypes.IsNonDistributable(layer.MediaType)).Select(layer => layer.Digest).ToHashSet();
        if (body.Config is { } config) needed.Add(config.Digest);
        var blobs = new HashSet<Digest>(manifest.Blobs);
        var lost = needed.FirstOrDefault(digest => !blobs.Contains(digest));
        if (!lost.IsDefault) return $"names blob {lost}, of which no row says so; push it again";

        blobs.ExceptWith(needed);
        blobs.ExceptWith(body.Layers.Select(layer => layer.Digest));
        blobs.ExceptWith(listed[false]);
        if (blobs.Count > 0) return $"does not name blob {blobs.First()}, of which a row says so; delete it and push it again";

        var children = manifest.Children.ToHashSet();
        return children.IsSupersetOf(listed[true]) && children.IsSubsetOf(body.Manifests.Select(child => child.Digest))
            ? null
            : "names other manifests than its rows say; push it again, or delete it first";
    }
}
