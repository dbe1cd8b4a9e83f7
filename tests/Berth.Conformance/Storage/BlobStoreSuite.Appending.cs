using System.Buffers;
using Berth.Storage;

namespace Berth.Conformance.Storage;

// Appending: whole, in pieces, resumed, fenced.
public abstract partial class BlobStoreSuite
{
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
            await writer.FinishAsync(Cancelled);
        }

        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task Appending_goes_on_at_a_synced_offset()
    {
        var content = Content(50_000);
        var location = Store.NewLocation();
        string? checkpoint = null;
        foreach (var (from, to) in ((int, int)[])[(0, 10_000), (10_000, 10_001), (10_001, 50_000)])
        {
            await using var writer = await Store.AppendAsync(location, from, checkpoint, to - from, Cancelled);
            Assert.Equal(from, writer.Position);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, from, to - from), Cancelled);
            Assert.Equal(to, writer.Position);
            await writer.SyncAsync(Cancelled);
            checkpoint = writer.Checkpoint;
        }

        await FinishAsync(location, content.Length, checkpoint);

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

            await writer.FinishAsync(Cancelled);
            await writer.FinishAsync(Cancelled);
        }

        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task Resuming_cuts_off_what_stands_past_the_offset()
    {
        var location = Store.NewLocation();
        string? checkpoint;
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>("kept|"u8.ToArray()), Cancelled);
            await writer.SyncAsync(Cancelled);
            checkpoint = writer.Checkpoint;
            await writer.WriteAsync(new ReadOnlySequence<byte>("lost, and longer than what replaces it"u8.ToArray()), Cancelled);
            await writer.SyncAsync(Cancelled);
        }

        await using (var writer = await Store.AppendAsync(location, 5, checkpoint, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>("new"u8.ToArray()), Cancelled);
            await writer.FinishAsync(Cancelled);
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
            await writer.FinishAsync(Cancelled);
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
    public async Task A_location_is_at_rest_when_it_holds_just_that_and_nobody_writes_there()
    {
        var location = Store.NewLocation();
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(Content(100)), Cancelled);
            await writer.FinishAsync(Cancelled);
            Assert.False(await Store.IsAtRestAsync(location, 100, Cancelled));
        }

        Assert.Equal(HasOneProcess, await Store.IsAtRestAsync(location, 100, Cancelled));
        Assert.False(await Store.IsAtRestAsync(location, 99, Cancelled));
        Assert.False(await Store.IsAtRestAsync(location, 101, Cancelled));
        Assert.False(await Store.IsAtRestAsync(Store.NewLocation(), 0, Cancelled));
    }

    [Fact]
    public async Task What_another_left_unsynced_can_be_made_durable_later()
    {
        var content = Content(1_000);
        var location = HasOneProcess ? Store.NewLocation() : await PutAsync(content);
        if (HasOneProcess)
        {
            await using var writer = await Store.AppendAsync(location, 0, 0, Cancelled);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        }

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
        await FinishAsync(location, content.Length, writer.Checkpoint);
        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task A_newcomer_at_a_location_fences_off_the_writer_before_it()
    {
        var location = Store.NewLocation();
        await using var first = await Store.AppendAsync(location, 0, 0, Cancelled);
        await first.WriteAsync(new ReadOnlySequence<byte>("first"u8.ToArray()), Cancelled);
        await first.SyncAsync(Cancelled);

        await using var second = await Store.AppendAsync(location, 5, first.Checkpoint, 0, Cancelled);
        await Assert.ThrowsAsync<StorageUnavailableException>(
            async () => await first.WriteAsync(new ReadOnlySequence<byte>("late"u8.ToArray()), Cancelled));
        await second.WriteAsync(new ReadOnlySequence<byte>("second"u8.ToArray()), Cancelled);
        await second.FinishAsync(Cancelled);
        Assert.Equal("firstsecond"u8.ToArray(), await GetAsync(location, 11));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_writer_whose_location_is_no_longer_its_own_touches_nothing(int offset)
    {
        var content = Content(1_000);
        var location = await PutAsync(content);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.AppendAsync(
            location, offset, null, 0, 0, () => throw new InvalidOperationException("It is another's."), Cancelled));

        Assert.Equal(content, await GetAsync(location, content.Length));
        Assert.Equal(HasOneProcess, await Store.IsAtRestAsync(location, content.Length, Cancelled));
        await using var next = await Store.AppendAsync(location, content.Length, 0, Cancelled);
        Assert.Equal(content.Length, next.Position);
    }

    [Fact]
    public async Task A_location_that_was_finished_before_anybody_learned_of_it_is_to_be_read()
    {
        var content = Content(1_000);
        var location = Store.NewLocation();
        string? checkpoint;
        await using (var first = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            await first.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
            await first.SyncAsync(Cancelled);
            checkpoint = first.Checkpoint;
            await first.FinishAsync(Cancelled);
        }

        await using var again = await Store.AppendAsync(location, content.Length, checkpoint, 0, Cancelled);
        Assert.Equal(content.Length, again.Position);
        await again.FinishAsync(Cancelled);
        Assert.Equal(!Store.ReadsUnfinished, again.MustBeRead);
        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task An_upload_in_many_pieces_of_any_size_goes_on_where_it_was()
    {
        var content = Content(23_000_000);
        var location = Store.NewLocation();
        string? checkpoint = null;
        foreach (var (from, to) in ((int, int)[])[(0, 1), (1, 6_000_000), (6_000_000, 6_000_000), (6_000_000, 17_000_000), (17_000_000, 17_000_003), (17_000_003, 23_000_000)])
        {
            await using var writer = await Store.AppendAsync(location, from, checkpoint, 0, Cancelled);
            await writer.WriteAsync(Segments(content.AsMemory(from, to - from), 100_000), Cancelled);
            await writer.FlushAsync(Cancelled);
            if (to < content.Length) await writer.SyncAsync(Cancelled);
            else await writer.FinishAsync(Cancelled);
            checkpoint = writer.Checkpoint;
            Assert.InRange(checkpoint?.Length ?? 0, 0, 100);
        }

        Assert.Equal(content, await GetAsync(location, content.Length));
    }

    [Fact]
    public async Task A_deleted_upload_that_was_not_finished_leaves_nothing_to_go_on_with()
    {
        var location = Store.NewLocation();
        string? checkpoint;
        await using (var writer = await Store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(Content(6_000_000)), Cancelled);
            await writer.SyncAsync(Cancelled);
            checkpoint = writer.Checkpoint;
        }

        await Store.DeleteAsync(location, Cancelled);
        await Assert.ThrowsAsync<BlobMissingException>(() => Store.AppendAsync(location, 6_000_000, checkpoint, 0, Cancelled));
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

            await writer.FinishAsync(Cancelled);
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
}
