using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Interleavings;

/// <summary>Every order of two or three actors at their named steps: what a client was told must hold afterwards.</summary>
public sealed class InterleavingTests
{
    // A long run plays (nearly) all orders; the everyday run a sample of them.
    private static readonly int Limit = Environment.GetEnvironmentVariable("BERTH_LONG") == "1" ? 2_000 : 40;

    private readonly StepScheduler _scheduler = new();
    private int _ground;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_push_that_meets_the_collection_of_the_same_digest_keeps_its_bytes(bool byPut)
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, digest, repository, status) = (Array.Empty<byte>(), default(Digest), "", default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, digest, repository) = NewGround();
                await host.Client.PushBlobAsync(repository, blob);
                host.Time.Advance(host.Grace * 2);
                return Actors(
                    ("push", async () => status = await (byPut ? host.Client.PushBlobByPutAsync(repository, blob, "push") : host.Client.PushBlobAsync(repository, blob, "push"))),
                    ("collect", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                Assert.Equal(HttpStatusCode.Created, status);
                await AssertServedAsync(host, repository, blob);
                await host.Collector.SweepAsync(CancellationToken.None);
                await AssertServedAsync(host, repository, blob);
            });
    }

    [Fact]
    public async Task A_blob_that_a_HEAD_confirmed_can_be_named_by_a_manifest_whatever_is_collected_meanwhile()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, digest, repository) = (Array.Empty<byte>(), default(Digest), "");
        var (head, put) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, digest, repository) = NewGround();
                await host.Client.PushBlobAsync(repository, blob);
                host.Time.Advance(host.Grace * 2);
                return Actors(
                    ("client", async () =>
                    {
                        put = default;
                        head = await host.Client.HeadBlobAsync(repository, digest, "client");
                        if (head == HttpStatusCode.OK) put = await host.Client.PutManifestAsync(repository, "latest", RegistryClientExtensions.Image(blob), actor: "client");
                    }
                ),
                    ("collect", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                Assert.True(head is HttpStatusCode.OK or HttpStatusCode.NotFound, $"HEAD answered {head}");
                if (head != HttpStatusCode.OK) return;
                Assert.Equal(HttpStatusCode.Created, put);
                await AssertServedAsync(host, repository, blob);
            });
    }

    [Fact]
    public async Task A_mount_that_was_answered_201_holds_whatever_is_deleted_and_collected_at_its_source()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, digest, repository, status) = (Array.Empty<byte>(), default(Digest), "", default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, digest, repository) = NewGround();
                await host.Client.PushBlobAsync(repository, blob);
                return Actors(
                    ("mount", async () => status = await host.Client.MountAsync($"{repository}/target", digest, repository, "mount")),
                    ("delete", () => host.Client.DeleteBlobAsync(repository, digest, "delete")),
                    ("collect", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                await host.Collector.SweepAsync(CancellationToken.None);
                if (status == HttpStatusCode.Created) await AssertServedAsync(host, $"{repository}/target", blob);
                else Assert.Equal(HttpStatusCode.Accepted, status);
            });
    }

    [Fact]
    public async Task A_pull_that_meets_the_collection_and_a_new_push_of_its_blob_gets_the_right_bytes_or_none()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, digest, repository) = (Array.Empty<byte>(), default(Digest), "");
        var (get, push) = ((Status: default(HttpStatusCode), Body: Array.Empty<byte>()), default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, digest, repository) = NewGround();
                await host.Client.PushBlobAsync(repository, blob);
                return Actors(
                    ("get", async () => get = await host.Client.GetBlobAsync(repository, digest, "get")),
                    ("renew", async () =>
                    {
                        await host.Client.DeleteBlobAsync(repository, digest, "renew");
                        push = await host.Client.PushBlobAsync(repository, blob, "renew");
                    }
                ),
                    ("collect", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                Assert.True(get.Status is HttpStatusCode.OK or HttpStatusCode.NotFound, $"GET answered {get.Status}");
                if (get.Status == HttpStatusCode.OK) Assert.Equal(blob, get.Body);
                Assert.Equal(HttpStatusCode.Created, push);
                await host.Collector.SweepAsync(CancellationToken.None);
                await AssertServedAsync(host, repository, blob);
            });
    }

    [Fact]
    public async Task A_manifest_and_a_deletion_of_its_blob_never_both_succeed()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, digest, repository) = (Array.Empty<byte>(), default(Digest), "");
        var (put, delete) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, digest, repository) = NewGround();
                await host.Client.PushBlobAsync(repository, blob);
                return Actors(
                    ("put", async () => put = await host.Client.PutManifestAsync(repository, "latest", RegistryClientExtensions.Image(blob), actor: "put")),
                    ("delete", async () => delete = await host.Client.DeleteBlobAsync(repository, digest, "delete")),
                    ("collect", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                Assert.Contains((put, delete), new[] { (HttpStatusCode.Created, HttpStatusCode.Conflict), (HttpStatusCode.BadRequest, HttpStatusCode.Accepted) });
                if (put == HttpStatusCode.Created) await AssertServedAsync(host, repository, blob);
            });
    }

    [Fact]
    public async Task An_index_and_a_deletion_of_its_child_never_both_succeed()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, repository) = (Array.Empty<byte>(), "");
        var (put, delete) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, _, repository) = NewGround();
                var child = RegistryClientExtensions.Image(blob);
                await host.Client.PushBlobAsync(repository, blob);
                await host.Client.PutManifestAsync(repository, "child", child);
                var digest = Digest.Compute(DigestAlgorithm.Sha256, child);
                return Actors(
                    ("put", async () => put = await host.Client.PutManifestAsync(repository, "index", RegistryClientExtensions.Index(child), MediaTypes.OciIndex, "put")),
                    ("delete", async () => delete = await host.Client.DeleteManifestAsync(repository, digest.ToString(), "delete")));
            },
            () =>
            {
                Assert.Contains((put, delete), new[] { (HttpStatusCode.Created, HttpStatusCode.Conflict), (HttpStatusCode.BadRequest, HttpStatusCode.Accepted) });
                return Task.CompletedTask;
            });
    }

    [Fact]
    public async Task Two_pushes_of_one_digest_and_a_collection_leave_one_good_copy()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, repository) = (Array.Empty<byte>(), "");
        var (first, second) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            () =>
            {
                (blob, _, repository) = NewGround();
                return Task.FromResult(Actors(
                    ("first", async () => first = await host.Client.PushBlobAsync(repository, blob, "first")),
                    ("second", async () => second = await host.Client.PushBlobAsync($"{repository}/other", blob, "second"))));
            },
            async () =>
            {
                Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first, second));
                await host.Collector.SweepAsync(CancellationToken.None);
                await AssertServedAsync(host, repository, blob);
                await AssertServedAsync(host, $"{repository}/other", blob);
            });
    }

    [Fact]
    public async Task A_session_that_is_cancelled_or_expires_while_it_is_written_is_never_a_blob_without_bytes()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var (blob, digest, repository) = (Array.Empty<byte>(), default(Digest), "");
        var (put, cancel) = (default(HttpStatusCode), default(HttpStatusCode));

        await PlayAllAsync(
            async () =>
            {
                (blob, digest, repository) = NewGround();
                var start = await host.Client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
                var location = start.Headers.Location!.OriginalString;
                return Actors(
                    ("put", async () =>
                    {
                        var request = new HttpRequestMessage(HttpMethod.Put, $"{location}?digest={digest}") { Content = new ByteArrayContent(blob) };
                        put = (await host.Client.SendAsAsync(request, "put")).StatusCode;
                    }
                ),
                    ("cancel", async () => cancel = (await host.Client.SendAsAsync(new HttpRequestMessage(HttpMethod.Delete, location), "cancel")).StatusCode),
                    ("collect", () => host.Collector.SweepAsync(CancellationToken.None)));
            },
            async () =>
            {
                await host.Collector.SweepAsync(CancellationToken.None);
                var expected = put == HttpStatusCode.Created ? HttpStatusCode.OK : HttpStatusCode.NotFound;
                Assert.Equal(expected, (await host.Client.GetBlobAsync(repository, digest)).Status);
                Assert.True(put == HttpStatusCode.Created || cancel == HttpStatusCode.NoContent, $"PUT {put}, DELETE {cancel}: neither succeeded");
                await AssertEveryFileHasARowAsync(host);
            });
    }

    [Fact]
    public async Task Of_two_chunks_at_once_one_is_stored_and_the_other_appends_nothing()
    {
        await using var host = await RegistryHost.StartAsync(_scheduler);
        var location = "";
        var statuses = new HttpStatusCode[2];

        await PlayAllAsync(
            async () =>
            {
                var (_, _, repository) = NewGround();
                var start = await host.Client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
                location = start.Headers.Location!.OriginalString;
                Func<Task> Append(int i, string body) => async () =>
                {
                    var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
                    request.Content.Headers.TryAddWithoutValidation("Content-Range", $"0-{body.Length - 1}");
                    statuses[i] = (await host.Client.SendAsAsync(request, $"chunk{i}")).StatusCode;
                };
                return Actors(("chunk0", Append(0, "one")), ("chunk1", Append(1, "three")));
            },
            async () =>
            {
                var winner = Assert.Single(statuses, s => s == HttpStatusCode.Accepted);
                Assert.Equal(HttpStatusCode.Accepted, winner);
                Assert.All(statuses, s => Assert.True(s is HttpStatusCode.Accepted or HttpStatusCode.Conflict or HttpStatusCode.RequestedRangeNotSatisfiable, s.ToString()));
                var status = await host.Client.GetAsync(new Uri(location, UriKind.Relative));
                Assert.Equal(statuses[0] == HttpStatusCode.Accepted ? "0-2" : "0-4", status.Headers.GetValues("Range").Single());
            });
    }

    private async Task PlayAllAsync(Func<Task<Dictionary<string, Func<Task>>>> prepare, Func<Task> check)
    {
        var plays = await _scheduler.PlayAllAsync(prepare, check, Limit);
        TestContext.Current.SendDiagnosticMessage($"{plays} orders");
        Assert.True(plays > 1, "The actors never met.");
    }

    private static async Task AssertEveryFileHasARowAsync(RegistryHost host)
    {
        var files = await host.Blobs.ListAsync(CancellationToken.None).Select(file => file.Location).ToListAsync();
        Assert.Equal(files.Order(), (await host.Metadata.KnownLocationsAsync(files, CancellationToken.None)).Order());
    }

    private (byte[] Blob, Digest Digest, string Repository) NewGround()
    {
        var number = _ground++;
        var blob = Encoding.UTF8.GetBytes($"ground {number}");
        return (blob, Digest.Compute(DigestAlgorithm.Sha256, blob), $"ground{number}");
    }

    private static Dictionary<string, Func<Task>> Actors(params (string Name, Func<Task> Act)[] actors) =>
        actors.ToDictionary(a => a.Name, a => a.Act);

    private static async Task AssertServedAsync(RegistryHost host, string repository, byte[] blob)
    {
        var (status, body) = await host.Client.GetBlobAsync(repository, Digest.Compute(DigestAlgorithm.Sha256, blob));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(blob, body);
    }
}
