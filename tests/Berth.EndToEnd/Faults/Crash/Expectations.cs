namespace Berth.EndToEnd.Faults.Crash;

/// <summary>
/// What a server has acknowledged, written down by its clients. A thing that is changed by a request under way may be in its old or its new
/// state; the acknowledgement leaves one. Each tag and each manifest belongs to one client, so there are never more than two states.
/// </summary>
internal sealed class Expectations
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Repository, string Digest), int> _blobs = [];
    private readonly HashSet<(string Repository, string Digest)> _fresh = [];
    private readonly Dictionary<(string Repository, string Digest), ManifestExpectation> _manifests = [];
    private readonly Dictionary<(string Repository, string Tag), HashSet<string?>> _tags = [];
    private readonly List<(string Repository, string Tag, string Digest)> _whole = [];

    /// <summary>How many changes were acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Notes that a blob was acknowledged in a repository; it is never deleted there.</summary>
    public void BlobIsThere(string repository, string digest, int size)
    {
        lock (_lock)
        {
            _blobs[(repository, digest)] = size;
            _fresh.Add((repository, digest));
            Acknowledged++;
        }
    }

    /// <summary>A blob that was acknowledged in this repository (or, when told so, in another one); null when there is none yet.</summary>
    public (string Repository, string Digest, int Size)? AnyBlob(Random random, string repository, bool elsewhere)
    {
        lock (_lock)
        {
            var some = _blobs.Where(b => b.Key.Repository == repository != elsewhere).TakeLast(60).ToList();
            if (some.Count == 0) return null;
            var (key, size) = some[random.Next(some.Count)];
            return (key.Repository, key.Digest, size);
        }
    }

    /// <summary>Notes that the PUT of a manifest, by tag or by digest, is on its way.</summary>
    public void PutBegins(string repository, string digest, string? tag, string[] blobs, string[] children)
    {
        lock (_lock)
        {
            if (!_manifests.TryGetValue((repository, digest), out var manifest)) _manifests[(repository, digest)] = manifest = new(blobs, children);
            var isNew = !manifest.States.Contains(true);
            manifest.States.Add(true);
            if (tag is null) return;
            Moves(repository, tag);
            States(repository, tag).Add(digest);
            if (isNew) _whole.Add((repository, tag, digest));
        }
    }

    /// <summary>Notes that the PUT was acknowledged.</summary>
    public void PutEnded(string repository, string digest, string? tag)
    {
        lock (_lock)
        {
            _manifests[(repository, digest)].Settle(true);
            if (tag is not null) _tags[(repository, tag)] = [digest];
            _whole.Remove((repository, tag!, digest));
            Acknowledged++;
        }
    }

    /// <summary>Notes that the deletion of a tag is on its way.</summary>
    public void UntagBegins(string repository, string tag)
    {
        lock (_lock)
        {
            Moves(repository, tag);
            States(repository, tag).Add(null);
        }
    }

    /// <summary>Notes that the deletion of a tag was acknowledged.</summary>
    public void UntagEnded(string repository, string tag)
    {
        lock (_lock)
        {
            _tags[(repository, tag)] = [null];
            Acknowledged++;
        }
    }

    /// <summary>Notes that the deletion of a manifest, and with it of its tags, is on its way; false when something may still hold or change it.</summary>
    public bool TryDeleteBegins(string repository, string digest)
    {
        lock (_lock)
        {
            if (_manifests.Any(m => m.Key.Repository == repository && m.Value.Children.Contains(digest) && m.Value.States.Contains(true))) return false;
            var tags = TagsOf(repository, digest);
            if (tags.Any(t => _tags[t].Count > 1)) return false;
            foreach (var tag in tags)
            {
                Moves(repository, tag.Tag);
                _tags[tag].Add(null);
            }

            _manifests[(repository, digest)].States.Add(false);
            return true;
        }
    }

    /// <summary>Notes that the deletion of a manifest was acknowledged.</summary>
    public void DeleteEnded(string repository, string digest)
    {
        lock (_lock)
        {
            foreach (var tag in TagsOf(repository, digest)) _tags[tag] = [null];
            _manifests[(repository, digest)].Settle(false);
            Acknowledged++;
        }
    }

    /// <summary>The manifests that a client has under tags of its own and that are surely there.</summary>
    public List<(string Tag, string Digest, ManifestExpectation Manifest)> Own(string repository, string prefix)
    {
        lock (_lock)
        {
            return
            [
                .. _tags.Where(t => t.Key.Repository == repository && t.Key.Tag.StartsWith(prefix, StringComparison.Ordinal) && t.Value.Count == 1 && !t.Value.Contains(null))
                    .Select(t => (t.Key.Tag, t.Value.Single()!, _manifests[(repository, t.Value.Single()!)])),
            ];
        }
    }

    /// <summary>The blobs to look at: those acknowledged since the last time, or all.</summary>
    public List<((string Repository, string Digest) Key, int Size)> TakeBlobs(bool all)
    {
        lock (_lock)
        {
            List<((string, string), int)> blobs = [.. (all ? _blobs.Keys : _fresh.AsEnumerable()).Select(k => (k, _blobs[k]))];
            _fresh.Clear();
            return blobs;
        }
    }

    /// <summary>All manifests.</summary>
    public Dictionary<(string Repository, string Digest), ManifestExpectation> Manifests => _manifests;

    /// <summary>All tags with the states that each may be in.</summary>
    public Dictionary<(string Repository, string Tag), HashSet<string?>> Tags => _tags;

    /// <summary>The PUTs under way of a new manifest by tag: both are there or neither is.</summary>
    public List<(string Repository, string Tag, string Digest)> Whole => _whole;

    // Whether a PUT before was done whole can no more be told from where the tag points.
    private void Moves(string repository, string tag) => _whole.RemoveAll(whole => whole.Repository == repository && whole.Tag == tag);

    private HashSet<string?> States(string repository, string tag)
    {
        if (!_tags.TryGetValue((repository, tag), out var states)) _tags[(repository, tag)] = states = [null];
        return states;
    }

    private List<(string Repository, string Tag)> TagsOf(string repository, string digest) =>
        [.. _tags.Where(t => t.Key.Repository == repository && t.Value.Contains(digest)).Select(t => t.Key)];
}

/// <summary>What a manifest names, and whether it is there: one state when known, two while a request is under way.</summary>
internal sealed record ManifestExpectation(string[] Blobs, string[] Children)
{
    /// <summary>Whether it may be there, and whether it may be absent.</summary>
    public HashSet<bool> States { get; } = [false];

    /// <summary>Leaves one state.</summary>
    public void Settle(bool there)
    {
        States.Clear();
        States.Add(there);
    }
}
