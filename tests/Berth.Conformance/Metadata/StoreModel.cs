using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>
/// What a metadata store should hold, in plain dictionaries: the answer to every operation of the model test, and how many ledger records it
/// writes.
/// </summary>
internal sealed class StoreModel
{
    public Dictionary<Digest, ModelBlob> Blobs { get; } = [];

    public Dictionary<(string Repository, Digest Digest), DateTimeOffset> Leases { get; } = [];

    public Dictionary<(string Repository, Digest Digest), NewManifest> Manifests { get; } = [];

    public Dictionary<(string Repository, string Tag), Digest> Tags { get; } = [];

    public Dictionary<string, ModelUpload> Uploads { get; } = [];

    /// <summary>Locations that may be removed.</summary>
    public HashSet<string> Discarded { get; } = [];

    /// <summary>Records the ledger must have gained.</summary>
    public int Records { get; private set; }

    public void Open(string id, string repository, string location, DateTimeOffset now, DateTimeOffset expiresAt)
    {
        Uploads[id] = new ModelUpload(repository, location, now, expiresAt);
        Records++;
    }

    public void Complete(string id, Descriptor blob, DateTimeOffset leaseUntil)
    {
        var upload = Uploads[id];
        Uploads.Remove(id);
        if (!Blobs.TryGetValue(blob.Digest, out var standing))
        {
            Blobs[blob.Digest] = new ModelBlob(blob.Size, upload.Location, Damaged: false);
        }
        else if (standing.Damaged)
        {
            Discarded.Add(standing.Location);
            Blobs[blob.Digest] = standing with { Location = upload.Location, Damaged = false };
            Records++;
        }
        else
        {
            Discarded.Add(upload.Location);
        }

        Join(upload.Repository, blob.Digest, leaseUntil);
        Records++;
    }

    public bool Abort(string id)
    {
        if (!Uploads.Remove(id, out var upload)) return false;
        Discarded.Add(upload.Location);
        Records++;
        return true;
    }

    public bool Mount(string repository, string from, Digest digest, DateTimeOffset leaseUntil)
    {
        if (!IsLive(from, digest)) return false;
        Join(repository, digest, leaseUntil);
        Records++;
        return true;
    }

    public bool Renew(string repository, Digest digest, DateTimeOffset leaseUntil)
    {
        if (!IsLive(repository, digest)) return false;
        if (Namer(repository, digest) is null && Leases[(repository, digest)] < leaseUntil) Leases[(repository, digest)] = leaseUntil;
        return true;
    }

    public bool Damage(Digest digest, string location)
    {
        if (!Blobs.TryGetValue(digest, out var blob) || blob.Damaged || blob.Location != location) return false;
        Blobs[digest] = blob with { Damaged = true };
        Records++;
        return true;
    }

    public DeleteOutcome DeleteBlob(string repository, Digest digest)
    {
        if (!Leases.ContainsKey((repository, digest))) return DeleteOutcome.Unknown;
        if (Namer(repository, digest) is not null) return DeleteOutcome.Held;
        Leases.Remove((repository, digest));
        Records++;
        return DeleteOutcome.Deleted;
    }

    public PutManifestOutcome Put(NewManifest manifest)
    {
        var repository = manifest.Repository.Value;

        // Also of one that stands: a 201 for a manifest whose content was found damaged since would promise what cannot be pulled.
        var blobs = manifest.Manifest.Layers.Select(layer => layer.Digest).ToList();
        if (manifest.Manifest.Config is { } config) blobs.Add(config.Digest);
        if (!blobs.All(blob => IsLive(repository, blob))) return PutManifestOutcome.Missing;
        if (!manifest.Manifest.Manifests.All(child => Manifests.ContainsKey((repository, child.Digest)))) return PutManifestOutcome.Missing;
        if (Manifests.TryAdd((repository, manifest.Digest), manifest)) Records++;

        foreach (var tag in manifest.Tags)
        {
            if (Tags.TryGetValue((repository, tag.Value), out var standing) && standing == manifest.Digest) continue;
            Tags[(repository, tag.Value)] = manifest.Digest;
            Records++;
        }

        return PutManifestOutcome.Stored;
    }

    public DeleteOutcome DeleteManifest(string repository, Digest digest, DateTimeOffset leaseUntil)
    {
        if (!Manifests.TryGetValue((repository, digest), out var manifest)) return DeleteOutcome.Unknown;
        if (Manifests.Any(entry => entry.Key.Repository == repository && entry.Value.Manifest.Manifests.Any(child => child.Digest == digest))) return DeleteOutcome.Held;

        Manifests.Remove((repository, digest));
        foreach (var tag in Tags.Where(entry => entry.Key.Repository == repository && entry.Value == digest).Select(entry => entry.Key).ToList())
        {
            Tags.Remove(tag);
            Records++;
        }

        Records++;
        foreach (var blob in BlobsOf(manifest).Where(blob => Namer(repository, blob) is null))
        {
            if (Leases[(repository, blob)] < leaseUntil) Leases[(repository, blob)] = leaseUntil;
        }

        return DeleteOutcome.Deleted;
    }

    public DeleteOutcome DeleteTag(string repository, string tag)
    {
        if (!Tags.Remove((repository, tag))) return DeleteOutcome.Unknown;
        Records++;
        return DeleteOutcome.Deleted;
    }

    public int Expire(DateTimeOffset now)
    {
        var expired = Uploads.Where(entry => entry.Value.ExpiresAt <= now).Select(entry => entry.Key).ToList();
        foreach (var id in expired) Abort(id);
        return expired.Count;
    }

    /// <summary>Whether garbage collection may end the membership now.</summary>
    public bool MayEnd(string repository, Digest digest, DateTimeOffset now) =>
        Namer(repository, digest) is null && Leases[(repository, digest)] <= now
        && !Uploads.Values.Any(upload => upload.Repository == repository && upload.ProgressAt > now.AddMinutes(-15));

    /// <summary>Takes note that garbage collection ended a membership.</summary>
    public void Collected(string repository, Digest digest)
    {
        Leases.Remove((repository, digest));
        Records++;
    }

    /// <summary>Takes note that blobs without a membership were claimed.</summary>
    public void ClaimOrphans()
    {
        foreach (var digest in Blobs.Keys.Where(digest => !Leases.Keys.Any(key => key.Digest == digest)).ToList())
        {
            Discarded.Add(Blobs[digest].Location);
            Blobs.Remove(digest);
        }
    }

    public Digest? Namer(string repository, Digest blob)
    {
        foreach (var ((holder, digest), manifest) in Manifests)
        {
            if (holder == repository && BlobsOf(manifest).Contains(blob)) return digest;
        }

        return null;
    }

    private static IEnumerable<Digest> BlobsOf(NewManifest manifest)
    {
        var layers = manifest.Manifest.Layers.Select(layer => layer.Digest);
        return (manifest.Manifest.Config is { } config ? layers.Append(config.Digest) : layers).Distinct();
    }

    private bool IsLive(string repository, Digest digest) => Leases.ContainsKey((repository, digest)) && !Blobs[digest].Damaged;

    private void Join(string repository, Digest digest, DateTimeOffset leaseUntil)
    {
        if (!Leases.TryGetValue((repository, digest), out var standing) || standing < leaseUntil) Leases[(repository, digest)] = leaseUntil;
    }
}

/// <summary>Content in the model.</summary>
internal sealed record ModelBlob(long Size, string Location, bool Damaged);

/// <summary>An open session in the model.</summary>
internal sealed record ModelUpload(string Repository, string Location, DateTimeOffset ProgressAt, DateTimeOffset ExpiresAt);
