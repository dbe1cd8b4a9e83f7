using System.Buffers;
using Berth.Storage;

namespace Berth.Conformance.Storage;

/// <summary>
/// What every driver of <see cref="IBlobStore"/> must do. A driver subclasses it, opens a new and empty store for each test, and says how
/// its identity object goes away behind its back.
/// </summary>
public abstract partial class BlobStoreSuite : IAsyncLifetime
{
    private const string Identity = "11111111-2222-3333-4444-555555555555";

    private IBlobStore? _store;

    private IBlobStore Store => _store ?? throw new InvalidOperationException("The store is not open.");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Whether what a writer left without a sync stands nevertheless, and may be committed as it is: one process alone writes there.</summary>
    protected virtual bool HasOneProcess => true;

    /// <summary>Opens a new, empty store without identity, or the one this test opened before.</summary>
    protected abstract Task<IBlobStore> OpenStoreAsync(CancellationToken cancellationToken);

    /// <summary>Takes the store's identity object away, as an unmounted volume or a deleted bucket would.</summary>
    protected abstract Task RemoveIdentityAsync(CancellationToken cancellationToken);

    /// <summary>Removes everything the test left.</summary>
    protected abstract Task CleanAsync();

    public async ValueTask InitializeAsync()
    {
        _store = await OpenStoreAsync(Cancelled);
        await _store.WriteIdentityAsync(Identity, Cancelled);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        await CleanAsync();
        GC.SuppressFinalize(this);
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        return content;
    }

    private static ReadOnlySequence<byte> Segments(ReadOnlyMemory<byte> bytes, int length)
    {
        var first = new Segment(bytes[..Math.Min(length, bytes.Length)], 0);
        var last = first;
        for (var at = first.Memory.Length; at < bytes.Length; at += length)
            last = last.Append(bytes.Slice(at, Math.Min(length, bytes.Length - at)));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static async Task FillAsync(IBlobReader reader, long offset, Memory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = await reader.ReadAsync(offset, buffer, Cancelled);
            Assert.InRange(read, 1, buffer.Length);
            offset += read;
            buffer = buffer[read..];
        }
    }

    protected async Task<string> PutAsync(byte[] content)
    {
        var location = Store.NewLocation();
        await using var writer = await Store.AppendAsync(location, 0, content.Length, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.FinishAsync(Cancelled);
        Assert.False(writer.MustBeRead);
        return location;
    }

    private async Task FinishAsync(string location, long offset, string? checkpoint)
    {
        await using var writer = await Store.AppendAsync(location, offset, checkpoint, 0, Cancelled);
        await writer.FinishAsync(Cancelled);
    }

    private async Task<byte[]> GetAsync(string location, long size)
    {
        await using var reader = await Store.OpenAsync(location, size, Cancelled);
        var content = new byte[reader.Length];
        await FillAsync(reader, 0, content);
        return content;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
