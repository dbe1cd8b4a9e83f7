using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// What a manifest to be put names, checked inside the writer against what its repository holds: distinct blobs and children that get an edge,
/// or the refusal.
/// </summary>
internal sealed class NamedContent
{
    private const long Absent = -1;

    private static readonly Sql FindMember = new("""
        SELECT b.size, b.state FROM memberships m CROSS JOIN blobs b ON b.digest = m.digest WHERE m.repository_id = ?1 AND m.digest = ?2
        """);

    private static readonly Sql FindChild = new("SELECT size FROM manifests WHERE repository_id = ?1 AND digest = ?2 AND +deleted_at IS NULL AND damaged = 0");

    private readonly List<Descriptor> _missing = [];
    private readonly List<Descriptor> _lying = [];

    private NamedContent()
    {
    }

    /// <summary>Blobs that are there and get an edge.</summary>
    public HashSet<Digest> Blobs { get; } = [];

    /// <summary>Blobs that may be absent and are; their edge holds them once they are pushed.</summary>
    public HashSet<Digest> AbsentBlobs { get; } = [];

    /// <summary>Children that get an edge, absent ones of a sparse index included.</summary>
    public HashSet<Digest> Children { get; } = [];

    /// <summary>Why the manifest cannot be put; null when it can.</summary>
    public PutManifestResult? Refusal => (_missing.Count, _lying.Count) switch
    {
        (0, 0) => null,
        (0, _) => new PutManifestResult(PutManifestOutcome.WrongSize, _lying),
        _ => new PutManifestResult(PutManifestOutcome.Missing, _missing),
    };

    public static NamedContent Check(WriteScope scope, long repositoryId, NewManifest manifest)
    {
        var content = new NamedContent();
        var sizes = new Dictionary<Digest, long>();
        if (manifest.Manifest.Config is { } config) content.CheckBlob(scope, repositoryId, config, mayBeAbsent: false, sizes);
        foreach (var layer in manifest.Manifest.Layers)
        {
            content.CheckBlob(scope, repositoryId, layer, MediaTypes.IsNonDistributable(layer.MediaType), sizes);
        }

        var children = new Dictionary<Digest, long>();
        foreach (var child in manifest.Manifest.Manifests) content.CheckChild(scope, repositoryId, child, manifest.AllowMissingChildren, children, sizes);
        return content;
    }

    private void CheckBlob(WriteScope scope, long repositoryId, Descriptor blob, bool mayBeAbsent, Dictionary<Digest, long> sizes)
    {
        if (!sizes.TryGetValue(blob.Digest, out var size))
        {
            using var row = scope.Use(FindMember).Bind(repositoryId).Bind(blob.Digest);
            size = row.Step() && row.Int64(1) == (long)BlobState.Live ? row.Int64(0) : Absent;
            sizes.Add(blob.Digest, size);
        }

        if (Accept(blob, size, mayBeAbsent)) Blobs.Add(blob.Digest);
        else if (size == Absent && mayBeAbsent) AbsentBlobs.Add(blob.Digest);
    }

    private void CheckChild(
        WriteScope scope, long repositoryId, Descriptor child, bool mayBeAbsent, Dictionary<Digest, long> sizes, Dictionary<Digest, long> blobSizes)
    {
        if (!sizes.TryGetValue(child.Digest, out var size))
        {
            using var row = scope.Use(FindChild).Bind(repositoryId).Bind(child.Digest);
            size = row.Step() ? row.Int64(0) : Absent;
            sizes.Add(child.Digest, size);
        }

        if (size == Absent && !child.NamesManifest) CheckBlob(scope, repositoryId, child, mayBeAbsent, blobSizes);
        else if (Accept(child, size, mayBeAbsent) || (size == Absent && mayBeAbsent)) Children.Add(child.Digest);
    }

    /// <summary>Whether the content is there with the size that the descriptor says.</summary>
    private bool Accept(Descriptor descriptor, long size, bool mayBeAbsent)
    {
        if (size == descriptor.Size) return true;
        if (size != Absent) _lying.Add(descriptor);
        else if (!mayBeAbsent) _missing.Add(descriptor);
        return false;
    }
}
