using Berth.Storage;

namespace Berth.Conformance.Storage;

// The store as a whole: whose it is, and what room it has.
public abstract partial class BlobStoreSuite
{
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
        var location = Store.NewLocation();
        if (Store.Space() is not { } space)
        {
            Assert.True((await Assert.ThrowsAsync<StorageFullException>(() => Store.AppendAsync(location, 0, long.MaxValue, Cancelled))).ExceedsStore);
            return;
        }

        Assert.InRange(space.Free, 0, space.Total);
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
}
