using System.Collections.Concurrent;
using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>Clients that push, pull and run images by skopeo while others clean up behind them as fast as they can. What was promised to any of them holds.</summary>
/// <param name="fixture">The server.</param>
/// <param name="client">A client with the owner's credentials.</param>
/// <param name="prefix">What the names of its repositories begin with.</param>
/// <param name="newFolder">Makes folders.</param>
internal sealed class LifecycleSoak(ServerFixture fixture, RegistryClient client, string prefix, Func<string, string> newFolder)
{
    private const int Pushers = 3;
    private const int MostRunning = 20;

    private const string Rules = """
        {"rules":[{"name":"builds","repositories":["**"],"tags":["build-*"],"olderThan":"1s","action":"delete"},
        {"name":"untagged","repositories":["**"],"untaggedFor":"1s","action":"delete"}]}
        """;

    private readonly ConcurrentDictionary<string, (string Repository, ImageLayout Image)> _running = new();
    private readonly ConcurrentDictionary<string, bool> _seen = new();
    private int _pushed, _rested, _purged, _restored;

    /// <summary>Does it for a while.</summary>
    public async Task RunAsync(TimeSpan length)
    {
        // The same images come again and again: what was deleted, and collected, is pushed once more. Some of them never run, and so go each time.
        ImageLayout[] pool = [.. Enumerable.Range(0, 4).Select(i => ImageLayout.Small(newFolder("pool"), $"image {i}"))];
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(
        [
            .. Enumerable.Range(0, Pushers).Select(worker => PushAsync(worker, pool, () => clock.Elapsed < length)),
            RunRulesAsync(() => clock.Elapsed < length),
            EmptyAsync(() => clock.Elapsed < length),
        ]);
        await CheckWhatRunsAsync();
        Assert.True(_pushed > 5 && _running.Count > 1, $"{_pushed} images were pushed, and {_running.Count} run");
        Assert.True(_rested > 0 && _purged > 0, $"rules took {_rested} items, {_purged} were deleted for good, {_restored} restored");
    }

    /// <summary>All that runs can be pulled whole by its digest.</summary>
    public async Task CheckWhatRunsAsync()
    {
        foreach (var (repository, image) in _running.Values) await PullAsync($"{repository}@{image.Digest}", image, () => true);
    }

    private async Task PushAsync(int worker, ImageLayout[] pool, Func<bool> goesOn)
    {
        for (var n = 0; goesOn(); n++)
        {
            var (repository, tag) = ($"{prefix}/{worker % 2}", $"build-{worker}-{n}");
            var image = n % 2 == 0 ? pool[n / 2 % pool.Length] : ImageLayout.Small(newFolder("layout"), $"{worker} {n}");

            // What a client was told about blobs holds for half the grace; one that was held up for longer has no promise.
            var promise = Stopwatch.StartNew();
            bool Holds() => promise.Elapsed < FastCollection.Grace / 2;
            var pushed = await SkopeoAsync("--dest-tls-verify=false", image.Reference, $"docker://{fixture.Endpoint.Authority}/{repository}:{tag}");
            if (pushed.Status != 0 && !Holds()) continue;
            pushed.Succeeded();
            Interlocked.Increment(ref _pushed);

            // What is younger than the grace is not cleaned up: there is time to say that it runs, and to pull it.
            promise.Restart();
            if (n % 4 == 1 && _running.Count < MostRunning) await ReportAsync(repository, image, $"{worker}-{n}", Holds);
            await PullAsync($"{repository}:{tag}", image, Holds);
            if (_running.Values.ElementAtOrDefault(n % Math.Max(_running.Count, 1)) is (not null, not null) one) await PullAsync($"{one.Repository}@{one.Image.Digest}", one.Image, () => true);
            if (!pool.Contains(image) && !_running.ContainsKey($"{worker}-{n}")) Directory.Delete(image.Folder, recursive: true);
        }
    }

    private async Task ReportAsync(string repository, ImageLayout image, string workload, Func<bool> holds)
    {
        var body = $$"""{"images":[{"repository":"{{repository}}","digest":"{{image.Digest}}"}],"ttl":3600}""";
        (await client.PutAsync($"/berth/v1/workloads/soak-{workload}", Content.Utf8(body), ("Content-Type", "application/json"))).Expect(201);
        if (holds()) _running[workload] = (repository, image);
    }

    private async Task PullAsync(string reference, ImageLayout image, Func<bool> holds)
    {
        var folder = newFolder("pulled");
        var pulled = await SkopeoAsync("--src-tls-verify=false", $"docker://{fixture.Endpoint.Authority}/{reference}", $"oci:{folder}:x");
        if (pulled.Status == 0 || holds())
        {
            pulled.Succeeded();
            image.ExpectSame(folder);
        }

        Directory.Delete(folder, recursive: true);
    }

    private Task<ToolResult> SkopeoAsync(params string[] arguments) => fixture.RunAsync("skopeo", ["copy", "-q", "--preserve-digests", .. arguments]);

    private async Task RunRulesAsync(Func<bool> goesOn)
    {
        while (goesOn())
        {
            var run = (await client.SendAsync("POST", "/berth/v1/lifecycle/runs", Content.Utf8(Rules), ("Content-Type", "application/json"))).Expect(201, 409);
            if (run.Status == 201) _rested += run.Json.GetProperty("done").GetInt32();
            await Task.Delay(500);
        }
    }

    /// <summary>Of what was deleted, brings some back and deletes the rest for good, as if its days were over.</summary>
    private async Task EmptyAsync(Func<bool> goesOn)
    {
        for (var n = 0; goesOn(); n++)
        {
            var repository = $"{prefix}/{n % 2}";
            var list = await client.GetAsync($"/acr/v1/_deleted/{repository}/_manifests?n=100");
            foreach (var manifest in list.Status == 404 ? [] : list.Expect(200).Json.GetProperty("manifests").EnumerateArray().Select(one => one.GetProperty("digest").GetString()!).ToList())
            {
                var path = $"/acr/v1/_deleted/{repository}/_manifests/{manifest}";
                if (!_seen.TryAdd(manifest, true) && _seen.Count % 3 == 0) await RestoreAsync(repository, manifest, path);
                else if ((await client.DeleteAsync(path)).Expect(202, 404, 409).Status == 202) _purged++;
            }

            await Task.Delay(300);
        }
    }

    private async Task RestoreAsync(string repository, string manifest, string path)
    {
        if ((await client.PostAsync(path)).Expect(200, 404).Status == 404) return;
        _restored++;
        var promise = Stopwatch.StartNew();
        var pulled = await client.GetManifestAsync(repository, manifest);
        if (promise.Elapsed > FastCollection.Grace / 2) return;
        foreach (var layer in pulled.Expect(200).Json.GetProperty("layers").EnumerateArray())
        {
            var blob = await client.GetAsync($"/v2/{repository}/blobs/{layer.GetProperty("digest").GetString()}");
            if (promise.Elapsed < FastCollection.Grace / 2) blob.Expect(200);
        }
    }
}
