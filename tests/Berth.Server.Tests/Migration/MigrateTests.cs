using System.Text;
using Berth.Metadata.Moving;
using Berth.Server.LocalFiles;
using Berth.Server.Migration;
using Berth.Server.Tests.Backups;

namespace Berth.Server.Tests.Migration;

/// <summary>A migration that is cut off at every point that it has, and one that must not begin.</summary>
public sealed class MigrateTests : IAsyncLifetime
{
    private static readonly string[] All = ["blob a", "blob b", "blob c"];

    private readonly MigrationRig _rig = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        MigrationRig.Require();
        await _rig.PrepareAsync();
        await ServedFolder.MakeAsync(_rig.Data, "first", "blob a", "blob b");
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData(MigrateSteps.Claimed)]
    [InlineData(MigrateSteps.BlobsCopied)]
    public async Task Bytes_that_go_ahead_are_not_copied_again_and_the_folder_is_served_meanwhile(string at)
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => _rig.PrepareAsync(new CutOff(at)));
        await using (var source = await _rig.OpenSourceAsync())
        {
            var again = await _rig.PrepareAsync(null);
            Assert.Equal(at == MigrateSteps.Claimed ? (2, 0) : (0, 2), (again.Blobs.Copied, again.Blobs.Present));
            await source.PushAsync("blob c");
            Assert.Equal(1, (await _rig.PrepareAsync(null)).Blobs.Copied);
            Assert.Contains("berth serve", (await Assert.ThrowsAsync<CannotStartException>(() => _rig.FinishAsync())).Message, StringComparison.Ordinal);
        }

        Assert.Equal(["berth.db"], Directory.EnumerateFiles(Path.Combine(_rig.Data, "metadata")).Select(Path.GetFileName));
        var finished = await _rig.FinishAsync();
        Assert.Equal((0, 3), (finished.Blobs.Copied, finished.Blobs.Present));
        await ExpectMovedAsync(All);
    }

    [Theory]
    [InlineData(MigrateSteps.Claimed, true, false)]
    [InlineData(MigrateSteps.BlobsCopied, true, false)]
    [InlineData(RowMove.Copied, true, false)]
    [InlineData(RowMove.BeforeCommit, true, false)]
    [InlineData(MigrateSteps.Noted, false, false)]
    [InlineData(RowMove.Committed, false, true)]
    [InlineData(MigrateSteps.Finished, false, true)]
    public async Task Whenever_the_last_step_is_cut_off_either_the_folder_or_the_target_is_served_and_a_rerun_ends_it(string at, bool servesFolder, bool servesTarget)
    {
        var cut = new CutOff(at);
        await Assert.ThrowsAsync<OperationCanceledException>(() => _rig.FinishAsync(cut));
        Assert.True(cut.IsReached);

        if (servesFolder) await (await _rig.OpenSourceAsync()).DisposeAsync();
        else await ExpectRefusedAsync(_rig.OpenSourceAsync(), at == MigrateSteps.Finished ? "was moved to the database" : "run ./berth migrate --finish");
        if (servesTarget) await (await _rig.OpenTargetAsync()).DisposeAsync();
        else if (at != MigrateSteps.Claimed) await ExpectRefusedAsync(_rig.OpenTargetAsync(), "the metadata that says what they are is gone");

        var again = await _rig.FinishAsync();
        Assert.Equal(servesTarget, again.WasFinished);
        await ExpectMovedAsync(["blob a", "blob b"]);
    }

    [Fact]
    public async Task Whoever_prepares_again_after_the_last_step_was_cut_off_serves_the_folder_again()
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => _rig.FinishAsync(new CutOff(MigrateSteps.Noted)));
        await _rig.PrepareAsync(null);
        await using (var source = await _rig.OpenSourceAsync()) await source.PushAsync("blob c");
        await _rig.FinishAsync();
        await ExpectMovedAsync(All);
    }

    [Fact]
    public async Task Whoever_prepares_again_after_the_commit_does_not_get_the_folder_back()
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => _rig.FinishAsync(new CutOff(RowMove.Committed)));
        await ExpectRefusedAsync(_rig.PrepareAsync(null), "holds this installation already");
        await ExpectRefusedAsync(_rig.OpenSourceAsync(), "run ./berth migrate --finish");
    }

    [Fact]
    public async Task Objects_of_what_was_collected_meanwhile_wait_for_garbage_collection()
    {
        await _rig.PrepareAsync(null);
        Assert.Equal(2, (await _rig.ObjectsAsync()).Count);
        await using (var source = await _rig.OpenSourceAsync())
        {
            await source.DeleteAsync("blob a");
            await source.SweepAsync();
        }

        Assert.Equal(1, (await _rig.FinishAsync()).Rows!.Discarded);
        Assert.Equal(2, (await _rig.ObjectsAsync()).Count);
        await ExpectMovedAsync(["blob b"]);
    }

    [Fact]
    public async Task A_blob_whose_bytes_changed_on_the_disk_is_named_and_damaged_there_and_all_else_is_moved()
    {
        var file = Directory.EnumerateFiles(Path.Combine(_rig.Data, "store", "blobs"), "*", SearchOption.AllDirectories).First(f => File.ReadAllText(f) == "blob a");
        await File.WriteAllTextAsync(file, "blob A", Token);

        var lost = Assert.Single((await _rig.FinishAsync()).Blobs.Lost);
        Assert.Equal(Oci.Digest.Compute(Oci.DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes("blob a")), lost);
        await ExpectMovedAsync(["blob b"]);
    }

    [Fact]
    public async Task An_object_that_does_not_hold_what_it_should_is_found_by_reading_it_back_and_copied_again()
    {
        await _rig.PrepareAsync(null);
        var container = await _rig.ContainerAsync();
        var spoiled = (await _rig.ObjectsAsync())[0];
        await container.GetBlobClient(spoiled).UploadAsync(new BinaryData("blob X"), overwrite: true, Token);

        Assert.Single((await _rig.PrepareAsync(null, verifies: true)).Healed);
        Assert.Empty((await _rig.PrepareAsync(null, verifies: true)).Healed);
        await _rig.FinishAsync();
        await ExpectMovedAsync(["blob a", "blob b"]);
    }

    [Fact]
    public async Task A_database_or_a_store_of_somebody_else_is_refused_and_so_is_one_of_this_installation_that_another_folder_brought_there()
    {
        var (database, storage) = (_rig.Options.Metadata, _rig.Options.Storage);
        await (await ServedFolder.OpenAsync(_rig.Options with { Data = Path.Combine(_rig.Data, "..", "other") }, TimeSpan.FromHours(1))).DisposeAsync();
        await ExpectRefusedAsync(_rig.PrepareAsync(null), "holds an installation already");
        var empty = await _rig.NewDatabaseAsync();
        _rig.Change(options => options with { Metadata = empty });
        await ExpectRefusedAsync(_rig.PrepareAsync(null), "belongs to another installation");

        // The database may still be chosen anew; the store is this folder's from the first byte on.
        var container = await MigrationRig.NewContainerAsync();
        _rig.Change(options => options with { Storage = container });
        await _rig.PrepareAsync(null);
        var another = await _rig.NewDatabaseAsync();
        _rig.Change(options => options with { Metadata = another });
        Assert.Equal(2, (await _rig.PrepareAsync(null)).Blobs.Present);

        File.Delete(Path.Combine(_rig.Data, "migration"));
        await ExpectRefusedAsync(_rig.PrepareAsync(null), "that this folder did not bring there");
        Assert.NotEqual((database, storage), (_rig.Options.Metadata, _rig.Options.Storage));
    }

    [Fact]
    public async Task A_target_that_is_none_is_refused_before_anything_is_done()
    {
        _rig.Change(options => options with { Storage = new() });
        await ExpectRefusedAsync(_rig.PrepareAsync(null), "Storage:Kind is FileSystem");
        _rig.Change(options => options with { Metadata = new() });
        await ExpectRefusedAsync(_rig.FinishAsync(), "Metadata:Kind is Sqlite");
        Assert.False(File.Exists(Path.Combine(_rig.Data, "migration")));
    }

    [Fact]
    public async Task Settings_of_the_target_do_not_serve_a_folder_that_was_not_moved_yet()
    {
        await _rig.PrepareAsync(null);
        await ExpectRefusedAsync(ServedFolder.OpenAsync(_rig.Options, TimeSpan.FromHours(1)), "run ./berth migrate --finish");
        await _rig.FinishAsync();
        await using var node = await ServedFolder.OpenAsync(_rig.Options, TimeSpan.FromHours(1));
        Assert.Equal(["blob a", "blob b"], await node.ServedAsync(All));
    }

    [Fact]
    public async Task One_migration_of_a_folder_is_at_work_at_a_time()
    {
        using (MigrationNote.Claim(_rig.Data)) await ExpectRefusedAsync(_rig.PrepareAsync(null), "Another migration");
        await _rig.PrepareAsync(null);
    }

    private static async Task ExpectRefusedAsync<T>(Task<T> work, string sentence) =>
        Assert.Contains(sentence, (await Assert.ThrowsAsync<CannotStartException>(() => work)).Message, StringComparison.Ordinal);

    /// <summary>The target serves these blobs, and the folder is not served.</summary>
    private async Task ExpectMovedAsync(string[] blobs)
    {
        await ExpectRefusedAsync(_rig.OpenSourceAsync(), "was moved to the database");
        await ExpectRefusedAsync(_rig.PrepareAsync(null), "was moved to the database");
        Assert.True((await _rig.FinishAsync()).WasFinished);
        await using var target = await _rig.OpenTargetAsync();
        Assert.Equal(blobs, await target.ServedAsync(All));
        Assert.Equal(2, target.Installation.LedgerEpoch);
        Assert.Empty(await target.RecountAsync());
        await using (var other = await _rig.OpenTargetAsync("another-node")) Assert.Equal(blobs, await other.ServedAsync(All));
        await target.PushAsync("blob d");
        Assert.True(await target.IsSuspendedAsync());
    }
}
