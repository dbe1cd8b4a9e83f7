using Berth.Testing;

namespace Berth.Conformance.Distribution.Model;

/// <summary>What one repository holds, as plain collections.</summary>
internal sealed class RepositoryModel
{
    /// <summary>The blobs that the repository may serve, by digest.</summary>
    public Dictionary<string, BlobContent> Blobs { get; } = [];

    /// <summary>The manifests, by the digest under which they were pushed.</summary>
    public Dictionary<string, ManifestModel> Manifests { get; } = [];

    /// <summary>Tag to digest.</summary>
    public SortedDictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether clients see the repository in lists.</summary>
    public bool Exists => Manifests.Count > 0;

    /// <summary>What a manifest names and the repository lacks.</summary>
    public IEnumerable<string> Missing(ManifestModel manifest) =>
        manifest.Blobs.Where(b => !Blobs.ContainsKey(b)).Concat(manifest.Children.Where(c => !Manifests.ContainsKey(c)));

    /// <summary>The manifests that use a blob.</summary>
    public IEnumerable<string> HoldersOfBlob(string digest) => Manifests.Where(m => m.Value.Blobs.Contains(digest)).Select(m => m.Key);

    /// <summary>The indexes that list a manifest.</summary>
    public IEnumerable<string> HoldersOfManifest(string digest) => Manifests.Where(m => m.Value.Children.Contains(digest)).Select(m => m.Key);

    /// <summary>The manifests whose subject is this one.</summary>
    public IEnumerable<string> Referrers(string digest) => Manifests.Where(m => m.Value.Subject == digest).Select(m => m.Key).Order(StringComparer.Ordinal);

    /// <summary>Takes a manifest and its tags out.</summary>
    public void Remove(string digest)
    {
        Manifests.Remove(digest);
        foreach (var tag in Tags.Where(t => t.Value == digest).Select(t => t.Key).ToList()) Tags.Remove(tag);
    }
}

/// <summary>A manifest with what it names.</summary>
internal sealed record ManifestModel(ManifestContent Content, string[] Blobs, string[] Children, string? Subject);
