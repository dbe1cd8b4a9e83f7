using Berth.Testing;

namespace Berth.Conformance.Distribution.Model;

/// <summary>Random operations against the server and a simple model in memory; after each step what can be seen must be what the model says.</summary>
public sealed class ModelTests(RegistryFixture fixture) : RegistryTest(fixture)
{
    private static readonly Gen<ModelStep> Step =
        Gen.Select(Gen.Enum<ModelAction>(), Gen.Int[0, 2], Gen.Int[0, 63], Gen.Int[0, 63], Gen.Int[0, 31]).Select((action, a, b, c, d) => new ModelStep(action, a, b, c, d));

    [Fact]
    public async Task The_registry_does_what_the_model_does() =>
        await Step.Array[20, TestRun.IsLong ? 150 : 60].SampleAsync(
            async steps =>
            {
                var model = new RegistryModel(Client, $"model-{Content.Name()}");
                foreach (var step in steps) await CheckAsync(model, await model.ApplyAsync(step), step.D);
                foreach (var name in model.Names) await CheckWholeAsync(model, name);
                await CheckCatalogAsync(model);
            },
            iter: TestRun.IsLong ? 500 : 12,
            threads: 2);

    /// <summary>What the last step may have changed: the lists, one blob, one manifest, one tag, one list of referrers.</summary>
    private async Task CheckAsync(RegistryModel model, string name, int chosen)
    {
        await CheckTagsAsync(model, name);
        await CheckBlobAsync(model, name, model.Universe[chosen % model.Universe.Count]);
        await CheckTagAsync(model, name, RegistryModel.AllTags[chosen % RegistryModel.AllTags.Count]);
        var known = model.KnownDigests.ToList();
        if (known.Count == 0) return;
        await CheckManifestAsync(model, name, known[^1]);
        await CheckManifestAsync(model, name, known[chosen % known.Count]);
        await CheckReferrersAsync(model, name, known[chosen % known.Count]);
    }

    private async Task CheckWholeAsync(RegistryModel model, string name)
    {
        await CheckTagsAsync(model, name);
        foreach (var blob in model.Universe) await CheckBlobAsync(model, name, blob);
        foreach (var tag in RegistryModel.AllTags) await CheckTagAsync(model, name, tag);
        foreach (var digest in model.KnownDigests)
        {
            await CheckManifestAsync(model, name, digest);
            await CheckReferrersAsync(model, name, digest);
        }
    }

    private async Task CheckTagsAsync(RegistryModel model, string name)
    {
        var repository = model.Repositories[name];
        if (!repository.Exists)
        {
            (await Client.GetAsync($"/v2/{name}/tags/list")).ExpectError(404, "NAME_UNKNOWN");
            return;
        }

        Assert.Equal(repository.Tags.Keys, (await Client.WalkAsync($"/v2/{name}/tags/list?n=2", "tags")).Entries);
    }

    private async Task CheckBlobAsync(RegistryModel model, string name, BlobContent blob)
    {
        var there = model.Repositories[name].Blobs.ContainsKey(blob.Digest);
        (await Client.HeadAsync(BlobPath(name, blob.Digest))).Expect(there ? 200 : 404);
        var get = await Client.GetAsync(BlobPath(name, blob.Digest));
        if (there) get.Expect(200).ExpectBody(blob.Bytes);
        else get.ExpectError(404, "BLOB_UNKNOWN", "NAME_UNKNOWN");
    }

    private async Task CheckTagAsync(RegistryModel model, string name, string tag)
    {
        var repository = model.Repositories[name];
        var get = await Client.GetManifestAsync(name, tag);
        if (repository.Tags.TryGetValue(tag, out var digest)) get.Expect(200).ExpectHeader("Docker-Content-Digest", digest).ExpectBody(repository.Manifests[digest].Content.Bytes);
        else get.ExpectError(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN");
    }

    private async Task CheckManifestAsync(RegistryModel model, string name, string digest)
    {
        var get = await Client.GetManifestAsync(name, digest);
        if (model.Repositories[name].Manifests.TryGetValue(digest, out var manifest)) get.Expect(200).ExpectBody(manifest.Content.Bytes).ExpectHeader("Content-Type", manifest.Content.MediaType);
        else get.ExpectError(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN");
    }

    private async Task CheckReferrersAsync(RegistryModel model, string name, string digest)
    {
        var referrers = model.Repositories[name].Referrers(digest).ToList();
        var listed = (await Client.GetAsync($"/v2/{name}/referrers/{digest}")).Expect(200).Json.GetProperty("manifests");
        Assert.Equal(referrers, listed.EnumerateArray().Select(m => m.GetProperty("digest").GetString()!).Order(StringComparer.Ordinal));

        var made = await Client.GetManifestAsync(name, digest.Replace(':', '-'));
        made.Expect(referrers.Count > 0 ? 200 : 404);
        if (referrers.Count > 0) Assert.Equal(referrers.Count, made.Json.GetProperty("manifests").GetArrayLength());
    }

    private async Task CheckCatalogAsync(RegistryModel model)
    {
        var prefix = model.Names[0];
        var (entries, _) = await Client.WalkAsync(
            $"/v2/_catalog?n=1&last={prefix[..^1]}", "repositories", e => e.Count > 0 && string.CompareOrdinal(e[^1], prefix) > 0 && !e[^1].StartsWith(prefix, StringComparison.Ordinal));
        Assert.Equal(
            model.Names.Where(n => model.Repositories[n].Exists).Order(StringComparer.Ordinal),
            entries.Where(e => e.StartsWith(prefix, StringComparison.Ordinal)));
    }
}
