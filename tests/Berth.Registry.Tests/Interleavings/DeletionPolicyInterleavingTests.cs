using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Interleavings;

/// <summary>Every order of a policy that deletes and a client that needs what it is about to delete: what the client was told holds afterwards.</summary>
public sealed class DeletionPolicyInterleavingTests
{
    private static readonly int Limit = Environment.GetEnvironmentVariable("BERTH_LONG") == "1" ? 2_000 : 40;

    private readonly StepScheduler _scheduler = new();
    private int _ground;

    [Fact]
    public async Task Of_a_restoration_and_a_deletion_for_good_exactly_one_succeeds()
    {
        await using var host = await DeletedContentTests.StartAsync(_scheduler);
        var (repository, digest) = ("", default(Digest));
        var (restore, purge) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            host,
            async () =>
            {
                (repository, _, digest) = await PushAsync(host, "v1");
                Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(repository, digest.ToString()));
                var path = $"/acr/v1/_deleted/{repository}/_manifests/{digest}";
                return Actors(
                    ("restore", async () => restore = (await DeletedContentTests.PostAsync(host.Client, path, null, "restore")).Status),
                    ("purge", async () => purge = (await host.Client.SendAsAsync(new HttpRequestMessage(HttpMethod.Delete, path), "purge")).StatusCode));
            },
            async () =>
            {
                Assert.Contains((restore, purge), new[] { (HttpStatusCode.OK, HttpStatusCode.NotFound), (HttpStatusCode.NotFound, HttpStatusCode.Accepted) });
                var expected = restore == HttpStatusCode.OK ? HttpStatusCode.OK : HttpStatusCode.NotFound;
                Assert.Equal(expected, await host.Client.GetManifestAsync(repository, "v1"));
            });
    }

    [Fact]
    public async Task A_restoration_that_was_answered_holds_whatever_expires_meanwhile()
    {
        await using var host = await DeletedContentTests.StartAsync(_scheduler);
        var (repository, blob, digest, restore) = ("", Array.Empty<byte>(), default(Digest), default(HttpStatusCode));

        await PlayAllAsync(
            host,
            async () =>
            {
                (repository, blob, digest) = await PushAsync(host, "v1");
                await host.Client.DeleteManifestAsync(repository, digest.ToString());
                await host.Collector.SweepAsync(CancellationToken.None);
                host.Time.Advance(TimeSpan.FromDays(7));
                return Actors(
                    ("restore", async () => restore = (await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{repository}/_manifests/{digest}", null, "restore")).Status),
                    ("sweep", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                host.Time.Advance(host.Grace * 2);
                await host.Collector.SweepAsync(CancellationToken.None);
                var expected = restore == HttpStatusCode.OK ? HttpStatusCode.OK : HttpStatusCode.NotFound;
                Assert.Equal(expected, await host.Client.GetManifestAsync(repository, "v1"));
                Assert.Equal(expected, await host.Client.HeadBlobAsync(repository, Digest.Compute(DigestAlgorithm.Sha256, blob)));
            });
    }

    [Fact]
    public async Task An_index_that_was_pushed_has_its_child_whatever_retention_deletes_meanwhile()
    {
        await using var host = await StartWithRetentionAsync();
        var (repository, child, put) = ("", default(Digest), default(HttpStatusCode));

        await PlayAllAsync(
            host,
            async () =>
            {
                (repository, var blob, child) = await PushAsync(host, tag: null);
                await host.Collector.SweepAsync(CancellationToken.None);
                host.Time.Advance(TimeSpan.FromDays(7));
                var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image(blob));
                return Actors(
                    ("put", async () => put = await host.Client.PutManifestAsync(repository, "multi", index, MediaTypes.OciIndex, "put")),
                    ("sweep", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                Assert.True(put is HttpStatusCode.Created or HttpStatusCode.BadRequest or HttpStatusCode.NotFound, put.ToString());
                var isPushed = put == HttpStatusCode.Created;
                host.Time.Advance(TimeSpan.FromDays(30));
                await host.Collector.SweepAsync(CancellationToken.None);
                Assert.Equal(isPushed ? HttpStatusCode.OK : HttpStatusCode.NotFound, await host.Client.GetManifestAsync(repository, child.ToString()));
            });
    }

    [Fact]
    public async Task A_tag_that_was_set_keeps_its_image_whatever_retention_deletes_meanwhile()
    {
        await using var host = await StartWithRetentionAsync();
        var (repository, blob, put) = ("", Array.Empty<byte>(), default(HttpStatusCode));

        await PlayAllAsync(
            host,
            async () =>
            {
                (repository, blob, _) = await PushAsync(host, tag: null);
                await host.Collector.SweepAsync(CancellationToken.None);
                host.Time.Advance(TimeSpan.FromDays(7));
                return Actors(
                    ("put", async () => put = await host.Client.PutManifestAsync(repository, "v1", RegistryClientExtensions.Image(blob), actor: "put")),
                    ("sweep", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                // The blobs had a lease, so that the push finds them in either order.
                Assert.Equal(HttpStatusCode.Created, put);
                host.Time.Advance(TimeSpan.FromDays(30));
                await host.Collector.SweepAsync(CancellationToken.None);
                Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(repository, "v1"));
                Assert.Equal(HttpStatusCode.OK, (await host.Client.GetBlobAsync(repository, Digest.Compute(DigestAlgorithm.Sha256, blob))).Status);
            });
    }

    private async Task<RegistryHost> StartWithRetentionAsync()
    {
        var host = await RegistryHost.StartAsync(_scheduler);
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges { Retention = new(true, 7) }, Caller.System, CancellationToken.None);
        return host;
    }

    private async Task<(string Repository, byte[] Blob, Digest Digest)> PushAsync(RegistryHost host, string? tag)
    {
        var number = _ground++;
        var (repository, blob) = ($"ground{number}", Encoding.UTF8.GetBytes($"ground {number}"));
        var manifest = RegistryClientExtensions.Image(blob);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, manifest);
        await host.Client.PushBlobAsync(repository, blob);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, tag ?? digest.ToString(), manifest));
        return (repository, blob, digest);
    }

    private async Task PlayAllAsync(RegistryHost host, Func<Task<Dictionary<string, Func<Task>>>> prepare, Func<Task> check)
    {
        var plays = await _scheduler.PlayAllAsync(prepare, check, Limit);
        Assert.True(plays > 1, "The actors never met.");
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    private static Dictionary<string, Func<Task>> Actors(params (string Name, Func<Task> Act)[] actors) =>
        actors.ToDictionary(a => a.Name, a => a.Act);
}
