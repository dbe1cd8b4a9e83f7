using System.Buffers;
using Berth.Storage;

namespace Berth.Conformance.Storage;

/// <summary>
/// What every driver of <see cref="IBlobStore"/> must do. A driver subclasses it, opens a new and empty store for each test, and says how
/// its identity object goes away behind its back.
/// </summary>
public abstract class BlobStoreSuite : IAsyncLifetime
{
    private const string Identity = "11111111-2222-3333-4444-555555555555";

    private IBlobStore? _store;

    private IBlobStore Store => _store ?? throw new InvalidOperationException("The store is not open.");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

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

    [Fact]
    public async Task What_was_appended_and_synced_is_read_back()
    {
        var content = Content(100_000);
        var location = await PutAsync(content);
        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task A_blob_of_no_bytes_is_a_blob()
    {
        var location = await PutAsync([]);
        await using var reader = await Store.OpenAsync(location, 0, Cancelled);
        Assert.Equal(0, reader.Length);
        Assert.Equal(0, await reader.ReadAsync(0, new byte[10], Cancelled));
    }

    [Fact]
    public async Task Bytes_come_in_any_number_of_writes_and_segments()
    {
        var content = Content(300_000);
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(Segments(content.AsMemory(0, 1), 1), Cancelled);
            await writer.WriteAsync(ReadOnlySequence<byte>.Empty, Cancelled);
            await writer.WriteAsync(Segments(content.AsMemory(1, 199_999), 1_000), Cancelled);
            await writer.WriteAsync(Segments(content.AsMemory(200_000), 70_000), Cancelled);
            Assert.Equal(content.Length, writer.Position);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task Appending_goes_on_at_a_synced_offset()
    {
        var content = Content(50_000);
        var location = Store.NewLocation();
        foreach (var (from, to) in ((int, int)[])[(0, 10_000), (10_000, 10_001), (10_001, 50_000)])
        {
            await using var writer = await Store.AppendAsync(location, from, to - from, Cancelled);
            Assert.Equal(from, writer.Position);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, from, to - from), Cancelled);
            Assert.Equal(to, writer.Position);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task One_writer_may_sync_as_often_as_it_likes()
    {
        var content = Content(40_000);
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, content.Length, Cancelled))
        {
            for (var at = 0; at < content.Length; at += 10_000)
            {
                await writer.WriteAsync(new ReadOnlySequence<byte>(content, at, 10_000), Cancelled);
                await writer.SyncAsync(Cancelled);
                await writer.SyncAsync(Cancelled);
            }
        }

        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task Resuming_cuts_off_what_stands_past_the_offset()
    {
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>("kept|lost, and longer than what replaces it"u8.ToArray()), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        await using (var writer = await Store.AppendAsync(location, 5, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>("new"u8.ToArray()), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal("kept|new"u8.ToArray(), await GetAsync(location, 8));
    }

    [Fact]
    public async Task An_upload_of_which_nothing_was_synced_starts_again_at_nothing()
    {
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
            await writer.WriteAsync(new ReadOnlySequence<byte>(Content(10_000)), Cancelled);

        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            Assert.Equal(0, writer.Position);
            await writer.WriteAsync(new ReadOnlySequence<byte>("again"u8.ToArray()), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        Assert.Equal("again"u8.ToArray(), await GetAsync(location, 5));
    }

    [Fact]
    public async Task Resuming_past_what_the_location_holds_is_refused()
    {
        var location = await PutAsync(Content(10));
        var refused = await Assert.ThrowsAsync<BlobMissingException>(() => Store.AppendAsync(location, 11, 0, Cancelled));
        Assert.Equal(location, refused.Location);
        await Assert.ThrowsAsync<BlobMissingException>(() => Store.AppendAsync(Store.NewLocation(), 1, 0, Cancelled));
    }

    [Fact]
    public async Task What_another_left_unsynced_can_be_made_durable_later()
    {
        var content = Content(1_000);
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled)) await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);

        await Store.SyncAsync(location, Cancelled);

        Assert.Equal(content, await GetAsync(location, content.Length));
        await Assert.ThrowsAsync<BlobMissingException>(() => Store.SyncAsync(Store.NewLocation(), Cancelled));
    }

    [Fact]
    public async Task Disposing_a_writer_deletes_nothing()
    {
        var content = Content(1_000);
        var location = Store.NewLocation();
        var writer = await Store.AppendAsync(location, 0, 0, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.SyncAsync(Cancelled);
        await writer.DisposeAsync();
        await writer.DisposeAsync();
        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task A_newcomer_at_a_location_fences_off_the_writer_before_it()
    {
        var location = Store.NewLocation();
        await using var first = await Store.AppendAsync(location, 0, 0, Cancelled);
        await first.WriteAsync(new ReadOnlySequence<byte>("first"u8.ToArray()), Cancelled);
        await first.SyncAsync(Cancelled);

        await using var second = await Store.AppendAsync(location, 5, 0, Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(
            async () => await first.WriteAsync(new ReadOnlySequence<byte>("late"u8.ToArray()), Cancelled));
        await second.WriteAsync(new ReadOnlySequence<byte>("second"u8.ToArray()), Cancelled);
        await second.SyncAsync(Cancelled);
        Assert.Equal("firstsecond"u8.ToArray(), await GetAsync(location, 11));
    }

    [Fact]
    public async Task Many_locations_are_written_at_once()
    {
        var contents = Enumerable.Range(0, 64).Select(i => Content(1_000 + i * 997)).ToArray();
        var locations = await Task.WhenAll(contents.Select(PutAsync));
        Assert.Equal(locations.Length, locations.Distinct().Count());
        for (var i = 0; i < contents.Length; i++) Assert.Equal(contents[i], await GetAsync(locations[i], contents[i].Length));
    }

    [Fact]
    public async Task Sixty_four_megabytes_stream_through()
    {
        const int Chunk = 256 * 1024, Chunks = 256;
        var content = Content(Chunk);
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, (long)Chunk * Chunks, Cancelled))
        {
            for (var i = 0; i < Chunks; i++)
            {
                content[0] = (byte)i;
                await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
            }

            await writer.SyncAsync(Cancelled);
        }

        await using var reader = await Store.OpenAsync(location, (long)Chunk * Chunks, Cancelled);
        var read = new byte[Chunk];
        for (var i = 0; i < Chunks; i++)
        {
            content[0] = (byte)i;
            await FillAsync(reader, (long)i * Chunk, read);
            Assert.True(content.AsSpan().SequenceEqual(read), $"Chunk {i} differs.");
        }
    }

    [Fact]
    public async Task Any_range_may_be_read()
    {
        var content = Content(70_000);
        var location = await PutAsync(content);
        await using var reader = await Store.OpenAsync(location, content.Length, Cancelled);
        Assert.Equal(content.Length, reader.Length);
        foreach (var (offset, length) in ((int, int)[])[(0, 1), (69_999, 1), (12_345, 50_000), (0, 70_000)])
        {
            var buffer = new byte[length];
            await FillAsync(reader, offset, buffer);
            Assert.Equal(content[offset..(offset + length)], buffer);
        }

        Assert.Equal(0, await reader.ReadAsync(70_000, new byte[1], Cancelled));
        Assert.Equal(0, await reader.ReadAsync(long.MaxValue, new byte[1], Cancelled));
        Assert.Equal(1, await reader.ReadAsync(69_999, new byte[100], Cancelled));
        Assert.Equal(0, await reader.ReadAsync(0, Memory<byte>.Empty, Cancelled));
    }

    [Fact]
    public async Task Opening_with_another_size_than_the_rows_is_a_missing_blob()
    {
        var location = await PutAsync(Content(10));
        foreach (var size in (long[])[0, 9, 11])
        {
            var missing = await Assert.ThrowsAsync<BlobMissingException>(() => Store.OpenAsync(location, size, Cancelled));
            Assert.Equal(location, missing.Location);
        }
    }

    [Fact]
    public async Task Opening_what_is_not_there_is_a_missing_blob()
    {
        var missing = await Assert.ThrowsAsync<BlobMissingException>(() => Store.OpenAsync(Store.NewLocation(), 0, Cancelled));
        Assert.NotEmpty(missing.Location);
    }

    [Fact]
    public async Task A_reader_finishes_although_its_blob_is_deleted()
    {
        var content = Content(3 << 20);
        var location = await PutAsync(content);
        await using var reader = await Store.OpenAsync(location, content.Length, Cancelled);
        var read = new byte[content.Length];
        await FillAsync(reader, 0, read.AsMemory(0, 1_000));
        await Store.DeleteAsync(location, Cancelled);
        await FillAsync(reader, 1_000, read.AsMemory(1_000));
        Assert.Equal(content, read);
        await Assert.ThrowsAsync<BlobMissingException>(() => Store.OpenAsync(location, content.Length, Cancelled));
    }

    [Fact]
    public async Task Deleting_twice_or_what_never_was_is_no_error()
    {
        var location = await PutAsync(Content(10));
        await Store.DeleteAsync(location, Cancelled);
        await Store.DeleteAsync(location, Cancelled);
        await Store.DeleteAsync(Store.NewLocation(), Cancelled);
    }

    [Fact]
    public async Task The_list_names_each_location_with_its_size()
    {
        var expected = new Dictionary<string, long>();
        for (var i = 0; i < 20; i++) expected.Add(await PutAsync(Content(i * 10)), i * 10);
        var deleted = await PutAsync(Content(5));
        await Store.DeleteAsync(deleted, Cancelled);

        var listed = new Dictionary<string, long>();
        await foreach (var blob in Store.ListAsync(Cancelled))
        {
            listed.Add(blob.Location, blob.Size);
            Assert.InRange(blob.ModifiedAt, DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(500));
        }

        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), listed.OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void No_location_is_named_twice()
    {
        var locations = Enumerable.Range(0, 10_000).Select(_ => Store.NewLocation()).ToHashSet();
        Assert.Equal(10_000, locations.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../identity")]
    [InlineData("/etc/passwd")]
    [InlineData("00/../../identity")]
    [InlineData("00/0000000000000000000000000000000")]
    [InlineData("00/000000000000000000000000000000000")]
    [InlineData("00/0000000000000000000000000000000G")]
    [InlineData("00/0000000000000000000000000000000A")]
    [InlineData("00\\00000000000000000000000000000000")]
    [InlineData("00/0000000000000000000000000000000\0")]
    [InlineData("00/0000000000000000000000000000000\n")]
    [InlineData("é0/00000000000000000000000000000000")]
    public async Task A_text_that_is_no_location_is_refused_before_it_reaches_anything(string location)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenAsync(location, 0, Cancelled));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(location, 0, 0, Cancelled));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(location, 1, 0, Cancelled));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(location, Cancelled));
        Assert.Equal(Identity, await Store.ReadIdentityAsync(Cancelled));
    }

    [Fact]
    public async Task Negative_numbers_are_refused()
    {
        var location = Store.NewLocation();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.AppendAsync(location, -1, 0, Cancelled));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.AppendAsync(location, 0, -1, Cancelled));
        await using var reader = await Store.OpenAsync(await PutAsync(Content(1)), 1, Cancelled);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await reader.ReadAsync(-1, new byte[1], Cancelled));
    }

    [Fact]
    public async Task The_identity_stays_and_is_not_overwritten()
    {
        Assert.Equal(Identity, await Store.ReadIdentityAsync(Cancelled));
        await Store.WriteIdentityAsync(Identity, Cancelled);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.WriteIdentityAsync("another", Cancelled));
        await Store.DisposeAsync();
        _store = await OpenStoreAsync(Cancelled);
        Assert.Equal(Identity, await Store.ReadIdentityAsync(Cancelled));
    }

    [Fact]
    public async Task A_store_that_lost_its_identity_calls_nothing_missing()
    {
        var location = await PutAsync(Content(10));
        await RemoveIdentityAsync(Cancelled);
        Assert.Null(await Store.ReadIdentityAsync(Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => Store.OpenAsync(Store.NewLocation(), 0, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => Store.OpenAsync(location, 11, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => Store.AppendAsync(Store.NewLocation(), 1, 0, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => Store.DeleteAsync(Store.NewLocation(), Cancelled));
    }

    [Fact]
    public async Task More_than_there_is_room_for_is_refused_before_the_first_byte()
    {
        if (Store.Space() is not { } space) return;
        Assert.InRange(space.Free, 0, space.Total);
        var location = Store.NewLocation();
        await Assert.ThrowsAsync<StorageFullException>(() => Store.AppendAsync(location, 0, space.Total, Cancelled));
        await Assert.ThrowsAsync<BlobMissingException>(() => Store.OpenAsync(location, 0, Cancelled));
    }

    [Fact]
    public async Task What_was_declared_and_is_to_come_is_no_longer_free()
    {
        if (Store.Space() is not { } space) return;
        var most = space.Free / 4 * 3;
        await using (await Store.AppendAsync(Store.NewLocation(), 0, most, Cancelled))
        {
            await Assert.ThrowsAsync<StorageFullException>(() => Store.AppendAsync(Store.NewLocation(), 0, most, Cancelled));
            Assert.InRange(Store.Space()!.Value.Free, 0, space.Free / 2);
        }

        await using var after = await Store.AppendAsync(Store.NewLocation(), 0, most, Cancelled);
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        var location = await PutAsync(Content(10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.AppendAsync(location, 0, 0, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.OpenAsync(location, 10, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DeleteAsync(location, cancelled));
        Assert.Equal(10, (await GetAsync(location, 10)).Length);
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

    private async Task<string> PutAsync(byte[] content)
    {
        var location = Store.NewLocation();
        await using var writer = await Store.AppendAsync(location, 0, content.Length, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.SyncAsync(Cancelled);
        return location;
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
