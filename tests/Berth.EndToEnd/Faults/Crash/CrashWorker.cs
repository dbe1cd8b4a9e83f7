using System.Text.Json.Nodes;
using Berth.Testing;

namespace Berth.EndToEnd.Faults.Crash;

/// <summary>One client that pushes, pulls, tags, mounts and deletes until the server is killed, and writes down what was acknowledged.</summary>
internal sealed class CrashWorker(RegistryClient client, Expectations expectations, string name, int seed, IReadOnlyList<string> repositories, Refusals? refusals = null)
{
    private static readonly int[] Sizes = [0, 1, 100, 4096, 4097, 65_536, 300_000, 1_000_000];
    private readonly Random _random = new(seed);

    /// <summary>Works until the token fires; a broken connection after that is expected, one before it is a failure, unless refusals are borne.</summary>
    public async Task RunAsync(CancellationToken killed)
    {
        while (!killed.IsCancellationRequested)
        {
            try
            {
                await StepAsync();
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && killed.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (refusals?.Bears(e) == true)
            {
                // What was asked for is in doubt; other things go on.
                await Refusals.RestAsync();
            }
        }
    }

    private Task StepAsync() => _random.Next(100) switch
    {
        < 47 => PushImageAsync(),
        < 53 => PullAsync(),
        < 55 => SignInAsync(),
        < 68 => PushIndexAsync(),
        < 78 => RetagAsync(),
        < 88 => UntagAsync(),
        < 96 => DeleteAsync(),
        _ => CancelAsync(),
    };

    private string AnyRepository() => repositories[_random.Next(repositories.Count)];

    private string AnyTag() => $"{name}-{_random.Next(4)}";

    private async Task PushImageAsync()
    {
        var repository = AnyRepository();
        var layers = new List<JsonObject>();
        for (var i = _random.Next(1, 4); i > 0; i--) layers.Add(await BlobAsync(repository));
        var config = await PushAsync(repository, new BlobContent(Content.Utf8($$"""{"architecture":"amd64","os":"linux","n":"{{_random.NextInt64()}}"}"""), Types.Config));
        var image = ManifestContent.Image(config, [], d => d["layers"] = new JsonArray([.. layers]));
        await PutAsync(repository, image, [config.Digest, .. layers.Select(l => l["digest"]!.GetValue<string>())], []);
    }

    private async Task PullAsync()
    {
        var repository = AnyRepository();
        if (expectations.AnyBlob(_random, repository, elsewhere: false) is { } blob)
        {
            var reply = (await client.GetAsync($"/v2/{repository}/blobs/{blob.Digest}")).Expect(200);
            Assert.Equal(blob.Digest, Content.Digest(reply.Body, blob.Digest.Split(':')[0]));
        }

        if (expectations.Own(repository, name + "-") is { Count: > 0 } own) Assert.Equal(own[0].Digest, (await client.GetManifestAsync(repository, own[0].Tag)).Expect(200).Digest);
    }

    // Anew: a client that keeps its tokens asks seldom.
    private async Task SignInAsync()
    {
        var stranger = new RegistryEndpoint(client.Endpoint.Address, client.Endpoint.User, client.Endpoint.Password);
        await stranger.AuthorizeForAsync($"repository:{AnyRepository()}:pull,push");
    }

    private async Task PushIndexAsync()
    {
        var repository = AnyRepository();
        var children = expectations.Own(repository, name + "-").Where(o => o.Manifest.Children.Length == 0).Select(o => o.Digest).Distinct().Take(2).ToList();
        if (children.Count == 0) return;
        var descriptors = new List<JsonObject>();
        foreach (var digest in children)
        {
            var size = int.Parse((await client.HeadManifestAsync(repository, digest)).Expect(200).Header("Content-Length")!, System.Globalization.CultureInfo.InvariantCulture);
            descriptors.Add(new JsonObject { ["mediaType"] = Types.Manifest, ["digest"] = digest, ["size"] = size });
        }

        var index = ManifestContent.Index(descriptors, d => d["annotations"] = new JsonObject { ["n"] = $"{_random.NextInt64()}" });
        await PutAsync(repository, index, [], [.. children]);
    }

    private async Task RetagAsync()
    {
        var repository = AnyRepository();
        var own = expectations.Own(repository, name + "-");
        if (own.Count == 0) return;
        var (_, digest, manifest) = own[_random.Next(own.Count)];
        var served = (await client.GetManifestAsync(repository, digest)).Expect(200);
        await PutAsync(repository, new ManifestContent(served.Header("Content-Type")!, served.Body), manifest.Blobs, manifest.Children);
    }

    private async Task UntagAsync()
    {
        var repository = AnyRepository();
        var own = expectations.Own(repository, name + "-");
        if (own.Count == 0) return;
        var tag = own[_random.Next(own.Count)].Tag;
        expectations.UntagBegins(repository, tag);
        (await client.DeleteAsync($"/v2/{repository}/manifests/{tag}")).Expect(202);
        expectations.UntagEnded(repository, tag);
    }

    private async Task DeleteAsync()
    {
        var repository = AnyRepository();
        var own = expectations.Own(repository, name + "-");
        if (own.Count == 0) return;
        var digest = own[_random.Next(own.Count)].Digest;
        if (!expectations.TryDeleteBegins(repository, digest)) return;
        (await client.DeleteAsync($"/v2/{repository}/manifests/{digest}")).Expect(202);
        expectations.DeleteEnded(repository, digest);
    }

    private async Task CancelAsync()
    {
        var location = await client.StartUploadAsync(AnyRepository());
        location = (await client.PatchAsync(location, Content.Random(20_000))).Expect(202).Location;
        (await client.DeleteAsync(location)).Expect(204);
    }

    /// <summary>A layer that is there already, is mounted from another repository, or is new.</summary>
    private async Task<JsonObject> BlobAsync(string repository)
    {
        var roll = _random.Next(100);
        if (roll < 25 && expectations.AnyBlob(_random, repository, elsewhere: false) is { } here) return Descriptor(here.Digest, here.Size);
        if (roll < 45 && expectations.AnyBlob(_random, repository, elsewhere: true) is { } there)
        {
            (await client.PostAsync($"/v2/{repository}/blobs/uploads/?mount={there.Digest}&from={there.Repository}")).Expect(201);
            expectations.BlobIsThere(repository, there.Digest, there.Size);
            return Descriptor(there.Digest, there.Size);
        }

        // Seldom one so large that the server writes part of it past the page cache.
        var size = _random.Next(40) switch
        {
            0 => 8_000_000 + _random.Next(16_000_000),
            < 5 => _random.Next(4_000_000),
            _ => Sizes[_random.Next(Sizes.Length)],
        };
        return (await PushAsync(repository, new BlobContent(Content.Seeded(_random.Next(), size), Types.Layer, _random.Next(8) == 0 ? "sha512" : "sha256"))).Descriptor();
    }

    private async Task<BlobContent> PushAsync(string repository, BlobContent blob)
    {
        var styles = Enum.GetValues<PushStyle>();
        await client.PushAsync(repository, blob, styles[_random.Next(styles.Length)]);
        expectations.BlobIsThere(repository, blob.Digest, blob.Bytes.Length);
        return blob;
    }

    private async Task PutAsync(string repository, ManifestContent manifest, string[] blobs, string[] children)
    {
        var tag = _random.Next(100) < 85 ? AnyTag() : null;
        expectations.PutBegins(repository, manifest.Digest, tag, blobs, children);
        (await client.PutManifestAsync(repository, manifest, tag)).Expect(201);
        expectations.PutEnded(repository, manifest.Digest, tag);
    }

    private static JsonObject Descriptor(string digest, int size) => new() { ["mediaType"] = Types.Layer, ["digest"] = digest, ["size"] = size };
}
