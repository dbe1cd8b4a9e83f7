using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Server.Backups;
using Berth.Server.LocalFiles;
using Berth.Server.Tests.Hosting;
using Berth.Storage.FileSystem;

namespace Berth.Server.Tests.Backups;

/// <summary>Who may work on a folder beside whom: backups of it and into it, restores from it, the server and its garbage collection.</summary>
public sealed class CopyClaimTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Data => _folder.Data;

    private string BackupFolder => In("backup");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(CopySteps.Claimed)]
    [InlineData(CopySteps.Filled)]
    [InlineData(CopySteps.Published)]
    public async Task A_restore_from_a_folder_that_is_being_backed_up_into_is_refused(string point)
    {
        await ServedFolder.MakeAsync(Data, "first", "blob");
        await BackUpAsync(Data, BackupFolder);
        var pause = new Pause(point);
        var backup = BackUpAsync(Data, BackupFolder, pause);
        await pause.ReachedBy(backup);

        var refused = await Assert.ThrowsAsync<CannotStartException>(() => RestoreAsync(BackupFolder, In("restored")));
        Assert.Contains($"in use by process {Environment.ProcessId} (berth backup)", refused.Message, StringComparison.Ordinal);

        pause.GoOn();
        await backup;
        await RestoreAsync(BackupFolder, In("restored"));
        await ExpectServedAsync(In("restored"), "blob");
    }

    [Theory]
    [InlineData(CopySteps.Claimed)]
    [InlineData(CopySteps.Filled)]
    [InlineData(CopySteps.BlobsCopied)]
    public async Task A_backup_into_a_folder_that_is_being_restored_from_is_refused(string point)
    {
        await ServedFolder.MakeAsync(Data, "first", "blob");
        await BackUpAsync(Data, BackupFolder);
        var pause = new Pause(point);
        var restore = RestoreAsync(BackupFolder, In("restored"), pause);
        await pause.ReachedBy(restore);

        var refused = await Assert.ThrowsAsync<CannotStartException>(() => BackUpAsync(Data, BackupFolder));
        Assert.Contains($"{BackupFolder} is being copied by a restore from it", refused.Message, StringComparison.Ordinal);
        await RestoreAsync(BackupFolder, In("another"));

        pause.GoOn();
        await restore;
        await ExpectServedAsync(In("restored"), "blob");
        await BackUpAsync(Data, BackupFolder);
    }

    [Fact]
    public async Task Two_restores_into_one_folder_are_one()
    {
        await ServedFolder.MakeAsync(Data, "first", "blob");
        var pause = new Pause(CopySteps.BlobsCopied);
        var first = RestoreAsync(Data, In("restored"), pause);
        await pause.ReachedBy(first);

        Assert.Contains("(berth restore)", (await Assert.ThrowsAsync<CannotStartException>(() => RestoreAsync(Data, In("restored")))).Message, StringComparison.Ordinal);
        Assert.Contains("(berth restore)", (await Assert.ThrowsAsync<CannotStartException>(() => ServedFolder.OpenAsync(In("restored")))).Message, StringComparison.Ordinal);

        pause.GoOn();
        await first;
        await ExpectServedAsync(In("restored"), "blob");
    }

    [Fact]
    public async Task A_folder_that_is_served_is_backed_up_and_restored_from_at_once()
    {
        await using var served = await ServedFolder.OpenAsync(Data);
        await served.PushAsync("blob");
        var pause = new Pause(CopySteps.Filled);
        var restore = RestoreAsync(Data, In("restored"), pause);
        await pause.ReachedBy(restore);
        await BackUpAsync(Data, BackupFolder);
        pause.GoOn();
        await restore;
        await ExpectServedAsync(In("restored"), "blob");
    }

    [Fact]
    public async Task Garbage_collection_removes_no_bytes_while_they_are_being_copied_and_removes_them_afterwards()
    {
        await using var served = await ServedFolder.OpenAsync(Data);
        foreach (var blob in (string[])["kept", "deleted"]) await served.PushAsync(blob);
        await served.DeleteAsync("deleted");

        using (await BackupHold.TakeAsync(Data, _ => false, TimeProvider.System, Token))
        {
            await served.SweepAsync();
            Assert.Equal(["kept"], await served.ServedAsync("kept", "deleted"));
            Assert.Equal(2, ServedFolder.LocationsIn(Data));
        }

        await served.SweepAsync();
        Assert.Equal(1, ServedFolder.LocationsIn(Data));
    }

    [Fact]
    public async Task What_is_collected_while_a_backup_copies_is_in_the_backup()
    {
        await using var served = await ServedFolder.OpenAsync(Data);
        foreach (var blob in (string[])["kept", "deleted"]) await served.PushAsync(blob);
        var pause = new Pause(CopySteps.Filled);
        var backup = BackUpAsync(Data, BackupFolder, pause);
        await pause.ReachedBy(backup);

        await served.DeleteAsync("deleted");
        await served.SweepAsync();
        Assert.Equal(["kept"], await served.ServedAsync("kept", "deleted"));
        pause.GoOn();
        await backup;

        await served.SweepAsync();
        Assert.Equal(1, ServedFolder.LocationsIn(Data));
        await RestoreAsync(BackupFolder, In("restored"));
        await ExpectServedAsync(In("restored"), "deleted", "kept");
    }

    [Fact]
    public async Task A_backup_never_goes_over_another_installation()
    {
        await ServedFolder.MakeAsync(Data, "first", "blob");
        await ServedFolder.MakeAsync(In("other"), "other", "of the other");

        Assert.Contains("another installation", (await Assert.ThrowsAsync<CannotStartException>(() => BackUpAsync(Data, In("other")))).Message, StringComparison.Ordinal);
        Assert.Contains("data folder itself", (await Assert.ThrowsAsync<CannotStartException>(() => BackUpAsync(Data, Data))).Message, StringComparison.Ordinal);

        Assert.False(File.Exists(DataFolder.BackupDraft(In("other"))));
        await ExpectServedAsync(In("other"), "of the other");
        await ExpectServedAsync(Data, "blob");
    }

    [Fact]
    public async Task A_restore_does_not_go_on_with_what_came_from_another_installation()
    {
        await ServedFolder.MakeAsync(Data, "first", "blob");
        await ServedFolder.MakeAsync(In("other"), "other", "of the other");
        var moments = new Moments(In("restored"), In("moments"));
        await RestoreAsync(Data, In("restored"), moments);
        var left = moments.All.First(m => m.Point == CopySteps.BlobsCopied).Folder;

        Assert.Contains("another installation", (await Assert.ThrowsAsync<CannotStartException>(() => RestoreAsync(In("other"), left))).Message, StringComparison.Ordinal);
        await RestoreAsync(Data, left);
        await ExpectServedAsync(left, "blob");
    }

    private static Task<BlobCopyResult> RestoreAsync(string from, string to, ISteps? steps = null) =>
        new Restore(ServedFolder.Options(to), from, steps ?? NoSteps.Instance).RunAsync(Token);

    private static Task<BlobCopyResult> BackUpAsync(string from, string to, ISteps? steps = null) =>
        new Backup(ServedFolder.Options(from), to, steps ?? NoSteps.Instance).RunAsync(Token);

    private static async Task ExpectServedAsync(string data, params string[] blobs)
    {
        await using var served = await ServedFolder.OpenAsync(data);
        Assert.Equal(blobs, await served.ServedAsync(blobs));
    }

    private string In(string name) => Path.Combine(_folder.Path, name);
}
