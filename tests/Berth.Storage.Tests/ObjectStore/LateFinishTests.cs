using System.Buffers;
using Berth.Storage.ObjectStore;
using Berth.Storage.Tests.Faults;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>A writer that finishes when its session is another's by now, in a service that replaces what stands or does not.</summary>
public sealed class LateFinishTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, 300_000)]
    [InlineData(false, 300_000)]
    [InlineData(true, 6_000_000)]
    [InlineData(false, 6_000_000)]
    [InlineData(false, 0)]
    public async Task What_its_successor_finished_stays_and_is_to_be_read(bool conditional, int length)
    {
        var objects = new MemoryObjects(conditional);
        await using var one = await OpenAsync(objects);
        await using var other = await OpenAsync(objects);
        var (first, second) = (Bytes(length), Bytes(length));
        var location = one.NewLocation();
        await using var late = await one.AppendAsync(location, 0, length, Cancelled);
        await late.WriteAsync(new ReadOnlySequence<byte>(first), Cancelled);
        await FinishAsync(other, location, second);

        await late.FinishAsync(Cancelled);

        Assert.True(late.MustBeRead);
        Assert.Equal(second, await ReadAsync(other, location, length));
    }

    [Fact]
    public async Task Where_the_service_replaces_what_stands_it_asks_once_more_whether_the_session_is_its_own()
    {
        var objects = new MemoryObjects(canPutOnlyIfAbsent: false);
        await using var store = await OpenAsync(objects);
        var location = store.NewLocation();
        var asked = 0;
        await using var late = await store.AppendAsync(location, 0, null, epoch: 1, 0, ConfirmAsync, Cancelled);
        await late.WriteAsync(new ReadOnlySequence<byte>(Bytes(300_000)), Cancelled);

        await Assert.ThrowsAsync<InvalidOperationException>(() => late.FinishAsync(Cancelled));

        Assert.Equal(2, asked);
        await Assert.ThrowsAsync<BlobMissingException>(() => store.OpenAsync(location, 300_000, Cancelled));

        ValueTask ConfirmAsync() => ++asked == 1 ? ValueTask.CompletedTask : throw new InvalidOperationException("It is another's.");
    }

    private static async Task<ObjectBlobStore> OpenAsync(MemoryObjects objects)
    {
        var store = new ObjectBlobStore(objects, new ObjectStoreOptions(), TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
        await store.WriteIdentityAsync("tests", Cancelled);
        return store;
    }

    private static async Task FinishAsync(ObjectBlobStore store, string location, byte[] content)
    {
        await using var writer = await store.AppendAsync(location, 0, content.Length, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.FinishAsync(Cancelled);
        Assert.False(writer.MustBeRead);
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadAsync(ObjectBlobStore store, string location, int length)
    {
        await using var reader = await store.OpenAsync(location, length, Cancelled);
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var read = await reader.ReadAsync(at, bytes.AsMemory(at), Cancelled);
            Assert.NotEqual(0, read);
            at += read;
        }

        return bytes;
    }
}
