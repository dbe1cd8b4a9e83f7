using Berth.Storage;

namespace Berth.Conformance.Storage;

// Opening and reading, and what is a missing blob.
public abstract partial class BlobStoreSuite
{
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
}
