namespace Berth.Testing;

/// <summary>What clients do in several requests.</summary>
public static class RegistryActions
{
    /// <summary>Adds a query parameter to a target that may have others.</summary>
    public static string With(string target, string parameter) => target + (target.Contains('?', StringComparison.Ordinal) ? '&' : '?') + parameter;

    /// <summary>Opens an upload session and returns its location.</summary>
    public static async Task<string> StartUploadAsync(this RegistryClient client, string repository, string algorithm = "sha256")
    {
        var query = algorithm == "sha256" ? "" : $"?digest-algorithm={algorithm}";
        return (await client.PostAsync($"/v2/{repository}/blobs/uploads/{query}")).Expect(202).Location;
    }

    /// <summary>Sends one chunk with its Content-Range.</summary>
    public static Task<Reply> PatchChunkAsync(this RegistryClient client, string location, byte[] bytes, long offset) =>
        client.PatchAsync(location, bytes, ("Content-Range", $"{offset}-{offset + bytes.Length - 1}"));

    /// <summary>Sends a blob in one of the styles and returns the last answer, whatever its status; the answers before it must be 202.</summary>
    /// <param name="client">The client.</param>
    /// <param name="repository">The repository to push to.</param>
    /// <param name="bytes">The bytes to send.</param>
    /// <param name="digest">The digest to name, which may be a wrong one.</param>
    /// <param name="style">The way of sending.</param>
    public static async Task<Reply> SendBlobAsync(this RegistryClient client, string repository, byte[] bytes, string digest, PushStyle style)
    {
        if (style == PushStyle.Post) return await client.SendAsync("POST", $"/v2/{repository}/blobs/uploads/?digest={digest}", bytes);

        var location = await client.StartUploadAsync(repository, digest.Split(':')[0]);
        var query = $"digest={digest}";
        switch (style)
        {
            case PushStyle.PostPut:
                return await client.PutAsync(With(location, query), bytes);
            case PushStyle.StreamPut:
                return await client.StreamAsync("PUT", With(location, query), Pieces(bytes, 10_000));
            case PushStyle.PatchOnce:
                location = (await client.PatchAsync(location, bytes)).Expect(202).Location;
                return await client.PutAsync(With(location, query), []);
            case PushStyle.Stream:
                location = (await client.StreamAsync("PATCH", location, Pieces(bytes, 10_000))).Expect(202).Location;
                return await client.PutAsync(With(location, query), []);
        }

        var chunks = Pieces(bytes, Math.Max(1, (bytes.Length + 2) / 3)).ToArray();
        var last = style == PushStyle.LastChunkInPut && chunks.Length > 0 ? chunks[^1] : [];
        long offset = 0;
        foreach (var chunk in last.Length > 0 ? chunks[..^1] : chunks)
        {
            location = (await client.PatchChunkAsync(location, chunk, offset)).Expect(202).ExpectHeader("Range", $"0-{offset + chunk.Length - 1}").Location;
            offset += chunk.Length;
        }

        return last.Length > 0
            ? await client.PutAsync(With(location, query), last, ("Content-Range", $"{offset}-{bytes.Length - 1}"))
            : await client.PutAsync(With(location, query), []);
    }

    /// <summary>Pushes a blob; it must be taken.</summary>
    public static async Task<BlobContent> PushAsync(this RegistryClient client, string repository, BlobContent blob, PushStyle style = PushStyle.PostPut)
    {
        (await client.SendBlobAsync(repository, blob.Bytes, blob.Digest, style)).Expect(201);
        return blob;
    }

    /// <summary>PUTs a manifest under a tag or digest (null: its sha256 digest) and returns the answer.</summary>
    public static Task<Reply> PutManifestAsync(this RegistryClient client, string repository, ManifestContent manifest, string? reference = null) =>
        client.PutAsync($"/v2/{repository}/manifests/{reference ?? manifest.Digest}", manifest.Bytes, ("Content-Type", manifest.MediaType));

    /// <summary>Pushes a manifest; it must be taken.</summary>
    public static async Task<ManifestContent> PushAsync(this RegistryClient client, string repository, ManifestContent manifest, params string[] tags)
    {
        foreach (var reference in tags.Length == 0 ? [manifest.Digest] : tags) (await client.PutManifestAsync(repository, manifest, reference)).Expect(201);
        return manifest;
    }

    /// <summary>Pushes an image of one layer that nobody has pushed before, with all its blobs.</summary>
    public static async Task<ManifestContent> PushImageAsync(this RegistryClient client, string repository, params string[] tags)
    {
        var config = await client.PushAsync(repository, BlobContent.Config());
        var layer = await client.PushAsync(repository, BlobContent.Layer());
        return await client.PushAsync(repository, ManifestContent.Image(config, [layer]), tags);
    }

    /// <summary>GETs a manifest, taking every type.</summary>
    public static Task<Reply> GetManifestAsync(this RegistryClient client, string repository, string reference) =>
        client.GetAsync($"/v2/{repository}/manifests/{reference}", ("Accept", Types.AllManifests));

    /// <summary>HEADs a manifest, taking every type.</summary>
    public static Task<Reply> HeadManifestAsync(this RegistryClient client, string repository, string reference) =>
        client.HeadAsync($"/v2/{repository}/manifests/{reference}", ("Accept", Types.AllManifests));

    /// <summary>Follows <c>Link</c> from page to page and returns all entries of a list, with the number of pages; at most 10,000 pages.</summary>
    public static async Task<(List<string> Entries, int Pages)> WalkAsync(this RegistryClient client, string target, string property, Func<List<string>, bool>? enough = null)
    {
        var entries = new List<string>();
        for (var pages = 1; pages <= 10_000; pages++)
        {
            var reply = (await client.GetAsync(target)).Expect(200);
            entries.AddRange(reply.Json.GetProperty(property).EnumerateArray().Select(e => e.GetString()!));
            if (reply.NextLink() is not { } next || enough?.Invoke(entries) == true) return (entries, pages);
            target = next;
        }

        throw new ExpectationException($"{target}: the list does not end.");
    }

    private static IEnumerable<byte[]> Pieces(byte[] bytes, int size) => bytes.Chunk(size);
}
