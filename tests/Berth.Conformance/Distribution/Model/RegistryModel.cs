using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.Conformance.Distribution.Model;

/// <summary>A small world of repositories in memory; each step is done to it and to the server, and both must agree on the outcome.</summary>
internal sealed class RegistryModel
{
    private static readonly string[] TagNames = ["latest", "v1", "v1.0", "V1", "_"];

    private readonly RegistryClient _client;
    private readonly BlobContent[] _universe;
    private readonly List<ManifestModel> _known = [];

    /// <summary>An empty world under a prefix that nobody else uses.</summary>
    public RegistryModel(RegistryClient client, string prefix)
    {
        _client = client;
        Names = [prefix, $"{prefix}-a", $"{prefix}/a"];
        foreach (var name in Names) Repositories[name] = new RepositoryModel();
        int[] sizes = [16, 100, 4096, 70_000, 17, 101];
        _universe = [.. sizes.Select((size, i) => new BlobContent(Content.Random(size), Types.Layer, i >= 4 ? "sha512" : "sha256"))];
    }

    /// <summary>The repositories' names.</summary>
    public string[] Names { get; }

    /// <summary>The repositories.</summary>
    public Dictionary<string, RepositoryModel> Repositories { get; } = [];

    /// <summary>All blobs that may be pushed.</summary>
    public IReadOnlyList<BlobContent> Universe => _universe;

    /// <summary>All manifests that were ever offered, with the digests they were offered under.</summary>
    public IEnumerable<string> KnownDigests => _known.Select(m => m.Content.Digest).Distinct();

    /// <summary>All tags that are ever used.</summary>
    public static IReadOnlyList<string> AllTags => TagNames;

    /// <summary>Does one step and returns the repository that it may have changed.</summary>
    public async Task<string> ApplyAsync(ModelStep step)
    {
        var name = Names[Choose(step.A, Names.Length)];
        var repository = Repositories[name];
        var blob = _universe[Choose(step.B, _universe.Length)];
        switch (step.Action)
        {
            case ModelAction.PushBlob:
                await PushAsync(name, repository, blob, step.C);
                break;
            case ModelAction.PushWrongBlob:
                var style = Style(step.C);
                (await _client.SendBlobAsync(name, blob.Bytes, Content.UnknownDigest(blob.Algorithm), style)).ExpectError(400, "DIGEST_INVALID");
                break;
            case ModelAction.CancelUpload:
                var location = await _client.StartUploadAsync(name, blob.Algorithm);
                if (step.C % 2 == 0) location = (await _client.PatchAsync(location, blob.Bytes)).Expect(202).Location;
                (await _client.DeleteAsync(location)).Expect(204);
                break;
            case ModelAction.Mount:
                await MountAsync(name, blob, Names[Choose(step.C, Names.Length)]);
                break;
            case ModelAction.MountAnywhere:
                await MountAsync(name, blob, null);
                break;
            case ModelAction.PushImage:
                await PutAsync(name, repository, Image(step, null), step.D);
                break;
            case ModelAction.PushWholeImage:
                var image = Image(step, null);
                foreach (var needed in _universe.Where(b => image.Blobs.Contains(b.Digest))) await PushAsync(name, repository, needed, step.C);
                await PutAsync(name, repository, image, step.D);
                break;
            case ModelAction.PushIndex:
                await PutAsync(name, repository, Index(step), step.D);
                break;
            case ModelAction.PushReferrer:
                var subject = _known.Count == 0 ? null : _known[Choose(step.C, _known.Count)].Content;
                await PutAsync(name, repository, Image(step, subject ?? ManifestContent.Index([])), step.D);
                break;
            case ModelAction.Retag when _known.Count > 0:
                await PutAsync(name, repository, _known[Choose(step.B, _known.Count)], step.C * 2);
                break;
            case ModelAction.DeleteTag:
                await DeleteTagAsync(name, repository, TagNames[Choose(step.B, TagNames.Length)]);
                break;
            case ModelAction.DeleteManifest when _known.Count > 0:
                await DeleteManifestAsync(name, repository, _known[Choose(step.B, _known.Count)].Content.Digest);
                break;
            case ModelAction.DeleteBlob:
                await DeleteBlobAsync(name, repository, blob.Digest);
                break;
        }

        return name;
    }

    private static int Choose(int number, int count) => (int)((uint)number % (uint)count);

    private static PushStyle Style(int number) => Enum.GetValues<PushStyle>()[Choose(number, Enum.GetValues<PushStyle>().Length)];

    private async Task PushAsync(string name, RepositoryModel repository, BlobContent blob, int style)
    {
        await _client.PushAsync(name, blob, Style(style));
        repository.Blobs[blob.Digest] = blob;
    }

    private async Task MountAsync(string name, BlobContent blob, string? from)
    {
        var there = from is null ? Repositories.Values.Any(r => r.Blobs.ContainsKey(blob.Digest)) : Repositories[from].Blobs.ContainsKey(blob.Digest);

        // Without a source, all repositories are looked through that the token reaches.
        var authorization = await _client.Endpoint.AuthorizeForAsync(
            [.. (from is null ? Names : [from]).Except([name]).Select(source => $"repository:{source}:pull"), $"repository:{name}:pull,push"]);
        var reply = await _client.SendAsync(
            "POST", $"/v2/{name}/blobs/uploads/?mount={blob.Digest}{(from is null ? "" : $"&from={from}")}", [], ("Authorization", authorization));
        reply.Expect(there ? 201 : 202);
        if (there) Repositories[name].Blobs[blob.Digest] = blob;
        else (await _client.DeleteAsync(reply.Location)).Expect(204);
    }

    /// <summary>An image of a config and up to two layers out of the universe; the same numbers make the same bytes.</summary>
    private ManifestModel Image(ModelStep step, ManifestContent? subject)
    {
        var config = _universe[Choose(step.B, _universe.Length)];
        var layers = _universe.Where((_, i) => (step.C >> i & 1) == 1).Take(2).ToArray();
        var content = ManifestContent.Image(config, layers, d =>
        {
            if (subject is not null) d["subject"] = subject.Descriptor();
        });
        return new ManifestModel(content, [config.Digest, .. layers.Select(l => l.Digest)], [], subject?.Digest);
    }

    private ManifestModel Index(ModelStep step)
    {
        ManifestModel[] children = _known.Count == 0 ? [] : [.. Enumerable.Range(0, Choose(step.B, 3)).Select(i => _known[Choose(step.C + i, _known.Count)]).Distinct()];
        var content = ManifestContent.Index(children.Select(c => c.Content.Descriptor()), d => d["annotations"] = new JsonObject { ["n"] = $"{step.B % 4}" });
        return new ManifestModel(content, [], [.. children.Select(c => c.Content.Digest)], null);
    }

    /// <summary>PUTs by tag for even numbers, by digest for odd ones.</summary>
    private async Task PutAsync(string name, RepositoryModel repository, ManifestModel manifest, int reference)
    {
        if (_known.All(k => k.Content.Digest != manifest.Content.Digest)) _known.Add(manifest);
        var digest = manifest.Content.Digest;
        var tag = reference % 2 == 0 ? TagNames[Choose(reference / 2, TagNames.Length)] : null;
        var reply = await _client.PutManifestAsync(name, manifest.Content, tag);
        var missing = repository.Missing(manifest).ToList();
        if (missing.Count > 0)
        {
            reply.ExpectError(400, "MANIFEST_BLOB_UNKNOWN");
            Assert.Contains(missing, m => reply.Text.Contains(m, StringComparison.Ordinal));
            return;
        }

        reply.Expect(201).ExpectHeader("Docker-Content-Digest", digest).ExpectHeader("OCI-Subject", manifest.Subject);
        repository.Manifests[digest] = manifest;
        if (tag is not null) repository.Tags[tag] = digest;
    }

    private async Task DeleteTagAsync(string name, RepositoryModel repository, string tag)
    {
        var reply = await _client.DeleteAsync($"/v2/{name}/manifests/{tag}");
        if (repository.Tags.Remove(tag)) reply.Expect(202);
        else reply.ExpectError(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN");
    }

    private async Task DeleteManifestAsync(string name, RepositoryModel repository, string digest)
    {
        var reply = await _client.DeleteAsync($"/v2/{name}/manifests/{digest}");
        if (!repository.Manifests.ContainsKey(digest))
        {
            reply.ExpectError(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN");
            return;
        }

        if (ExpectHeld(reply, repository.HoldersOfManifest(digest).ToList())) return;
        reply.Expect(202);
        repository.Remove(digest);
    }

    private async Task DeleteBlobAsync(string name, RepositoryModel repository, string digest)
    {
        var reply = await _client.DeleteAsync($"/v2/{name}/blobs/{digest}");
        if (!repository.Blobs.ContainsKey(digest))
        {
            reply.ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");
            return;
        }

        if (ExpectHeld(reply, repository.HoldersOfBlob(digest).ToList())) return;
        reply.Expect(202);
        repository.Blobs.Remove(digest);
    }

    private static bool ExpectHeld(Reply reply, List<string> holders)
    {
        if (holders.Count == 0) return false;
        reply.ExpectError(409, "DENIED");
        Assert.Contains(holders, h => reply.Text.Contains(h, StringComparison.Ordinal));
        return true;
    }
}
