using Berth.Testing;

namespace Berth.EndToEnd.Faults.Crash;

/// <summary>Compares a server that was started again with what it had acknowledged, and makes the expectations certain again.</summary>
internal sealed class CrashCheck(RegistryClient client, Expectations expectations, IReadOnlyList<string> repositories)
{
    private readonly List<string> _faults = [];

    /// <summary>All that is wrong, in words.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(bool all)
    {
        foreach (var ((repository, digest), size) in expectations.TakeBlobs(all)) await CheckBlobAsync(repository, digest, size);
        foreach (var (key, manifest) in expectations.Manifests) await CheckManifestAsync(key.Repository, key.Digest, manifest);
        foreach (var (key, states) in expectations.Tags) await CheckTagAsync(key.Repository, key.Tag, states);
        foreach (var (repository, tag, digest) in expectations.Whole)
        {
            if (expectations.Manifests[(repository, digest)].States.Contains(true) && !expectations.Tags[(repository, tag)].Contains(digest))
            {
                _faults.Add($"the PUT of {repository}:{tag} was half done: the manifest {digest} is there, the tag is not");
            }
        }

        expectations.Whole.Clear();
        foreach (var repository in repositories) await CheckListsAsync(repository);
        return _faults;
    }

    private async Task CheckBlobAsync(string repository, string digest, int size)
    {
        var reply = await client.GetAsync($"/v2/{repository}/blobs/{digest}");
        if (reply.Status != 200) _faults.Add($"the blob {repository}@{digest} of {size} bytes is lost: {reply.Status}");
        else if (Content.Digest(reply.Body, digest.Split(':')[0]) != digest) _faults.Add($"the blob {repository}@{digest} of {size} bytes has other bytes ({reply.Body.Length})");
    }

    private async Task CheckManifestAsync(string repository, string digest, ManifestExpectation manifest)
    {
        var reply = await client.GetManifestAsync(repository, digest);
        var there = reply.Status == 200;
        if (reply.Status is not (200 or 404)) _faults.Add($"the manifest {repository}@{digest} answers {reply.Status}");
        if (!manifest.States.Contains(there)) _faults.Add($"the manifest {repository}@{digest} is {(there ? "there" : "absent")}, acknowledged was the contrary");
        manifest.Settle(there);
        if (!there) return;

        if (Content.Digest(reply.Body) != digest) _faults.Add($"the manifest {repository}@{digest} has other bytes");
        foreach (var blob in manifest.Blobs)
        {
            if ((await client.HeadAsync($"/v2/{repository}/blobs/{blob}")).Status != 200) _faults.Add($"the manifest {repository}@{digest} is there without its blob {blob}");
        }

        foreach (var child in manifest.Children)
        {
            if ((await client.HeadManifestAsync(repository, child)).Status != 200) _faults.Add($"the index {repository}@{digest} is there without its child {child}");
        }
    }

    private async Task CheckTagAsync(string repository, string tag, HashSet<string?> states)
    {
        var reply = await client.HeadManifestAsync(repository, tag);
        if (reply.Status is not (200 or 404)) _faults.Add($"the tag {repository}:{tag} answers {reply.Status}");
        var now = reply.Status == 200 ? reply.Digest : null;
        if (!states.Contains(now)) _faults.Add($"the tag {repository}:{tag} is {now ?? "absent"}, acknowledged was {string.Join(" or ", states.Select(s => s ?? "absent"))}");
        if (now is not null && expectations.Manifests.TryGetValue((repository, now), out var manifest) && !manifest.States.Contains(true))
        {
            _faults.Add($"the tag {repository}:{tag} points at {now}, which is absent");
        }

        states.Clear();
        states.Add(now);
    }

    private async Task CheckListsAsync(string repository)
    {
        var exists = expectations.Manifests.Any(m => m.Key.Repository == repository && m.Value.States.Contains(true));
        var tags = expectations.Tags.Where(t => t.Key.Repository == repository && !t.Value.Contains(null)).Select(t => t.Key.Tag).Order(StringComparer.Ordinal).ToList();
        if (!exists)
        {
            var reply = await client.GetAsync($"/v2/{repository}/tags/list");
            if (reply.Status != 404) _faults.Add($"{repository} holds nothing and its tag list answers {reply.Status}");
        }
        else
        {
            var listed = (await client.WalkAsync($"/v2/{repository}/tags/list?n=5", "tags")).Entries;
            if (!listed.SequenceEqual(tags)) _faults.Add($"the tags of {repository} are listed as {string.Join(' ', listed)}, readable are {string.Join(' ', tags)}");
        }

        var catalog = (await client.WalkAsync("/v2/_catalog?n=2", "repositories")).Entries;
        if (catalog.Contains(repository) != exists) _faults.Add($"the catalog {(exists ? "lacks" : "has")} {repository}");
    }
}
