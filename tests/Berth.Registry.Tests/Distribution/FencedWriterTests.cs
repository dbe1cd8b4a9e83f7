using System.Net;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Lifecycle;
using Berth.Storage;
using Berth.Storage.ObjectStore;
using Berth.Storage.Tests.Faults;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Two nodes on one object store: what becomes of a writer whose session another node took over is its own.</summary>
public sealed class FencedWriterTests
{
    [Fact]
    public async Task A_writer_that_fails_because_its_successor_finished_does_not_end_the_session_before_it_is_committed()
    {
        var steps = new Held();
        using var objects = new MemoryObjects();
        await using var one = await OpenAsync(objects);
        await using var other = await OpenAsync(objects);
        await using var host = await RegistryHost.StartAsync(steps, before: _ => new TwoNodes(one, other));
        var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
        byte[] begun = [.. "begun, "u8], late = [.. begun, .. "late"u8], whole = [.. begun, .. "and gone on with"u8];
        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(session, new ByteArrayContent(begun))).StatusCode);

        var first = FinishAsync("late", late);
        await steps.Late.ReachedAsync();
        host.Time.Advance(TimeSpan.FromMinutes(10)); // its hold is over
        var second = FinishAsync("successor", whole);
        await steps.Successor.ReachedAsync();
        steps.Late.Open();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await first).StatusCode);
        steps.Successor.Open();

        Assert.Equal(HttpStatusCode.Created, (await second).StatusCode);
        var (status, body) = await host.Client.GetBlobAsync("app", Digest.Compute(DigestAlgorithm.Sha256, whole));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(whole, body);

        Task<HttpResponseMessage> FinishAsync(string actor, byte[] content) => host.Client.SendAsAsync(
            new HttpRequestMessage(HttpMethod.Put, $"{session}?digest={Digest.Compute(DigestAlgorithm.Sha256, content)}") { Content = new ByteArrayContent(content[begun.Length..]) }, actor);
    }

    private static async Task<ObjectBlobStore> OpenAsync(MemoryObjects objects)
    {
        var store = new ObjectBlobStore(objects, new ObjectStoreOptions(), TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
        await store.WriteIdentityAsync("store", CancellationToken.None);
        return store;
    }

    /// <summary>What the late one sends goes by a node of its own, which knows nothing of the other's writers.</summary>
    private sealed class TwoNodes(ObjectBlobStore late, ObjectBlobStore others) : PassingStore(others)
    {
        public override Task<IBlobWriter> AppendAsync(
            string location, long offset, string? checkpoint, long epoch, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken) =>
            Actor.Current == "late"
                ? late.AppendAsync(location, offset, checkpoint, epoch, declared, confirm, cancellationToken)
                : base.AppendAsync(location, offset, checkpoint, epoch, declared, confirm, cancellationToken);
    }

    /// <summary>Holds the late one before it finishes the location, and its successor when it has.</summary>
    private sealed class Held : ISteps
    {
        public StepGate Late { get; } = new("upload.before-sync");

        public StepGate Successor { get; } = new("upload.before-commit");

        public ValueTask ReachAsync(string point) => Actor.Current switch
        {
            "late" => Late.ReachAsync(point),
            "successor" => Successor.ReachAsync(point),
            _ => ValueTask.CompletedTask,
        };
    }
}
