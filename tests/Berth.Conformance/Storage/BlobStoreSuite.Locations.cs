using Berth.Storage;

namespace Berth.Conformance.Storage;

// Locations: their names, their list, their end, and calls that are refused before they touch one.
public abstract partial class BlobStoreSuite
{
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
    public async Task A_cancelled_call_does_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        var location = await PutAsync(Content(10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.AppendAsync(location, 0, 0, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.OpenAsync(location, 10, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DeleteAsync(location, cancelled));
        Assert.Equal(10, (await GetAsync(location, 10)).Length);
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
    public async Task Deleting_twice_or_what_never_was_is_no_error()
    {
        var location = await PutAsync(Content(10));
        await Store.DeleteAsync(location, Cancelled);
        await Store.DeleteAsync(location, Cancelled);
        await Store.DeleteAsync(Store.NewLocation(), Cancelled);
    }
}
