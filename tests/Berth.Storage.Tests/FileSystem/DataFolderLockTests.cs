using System.Diagnostics;
using Berth.Storage.FileSystem;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Storage.Tests.FileSystem;

public sealed class DataFolderLockTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static readonly Func<DataFolderHolder, bool> NeverLong = _ => false;

    private static CancellationToken Cancelled => StoreFolder.Cancelled;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_one_is_told_who_holds_the_folder()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2031, 2, 3, 4, 5, 6, TimeSpan.Zero));
        using var held = await DataFolderLock.AcquireAsync(_folder.Path, "berth serve\n--data x", time, Cancelled);
        var refused = await Assert.ThrowsAsync<DataFolderInUseException>(
            () => DataFolderLock.AcquireAsync(_folder.Path, "berth backup", TimeProvider.System, Cancelled));
        Assert.Equal(new DataFolderHolder(Environment.ProcessId, "berth serve --data x", time.GetUtcNow()), refused.Holder);
        Assert.Equal(
            $"The data folder '{_folder.Path}' is in use by process {Environment.ProcessId} (berth serve --data x) since 2031-02-03 04:05:06 UTC.",
            refused.Message);
    }

    [Fact]
    public async Task It_is_free_again_once_it_is_disposed_however_often()
    {
        for (var i = 0; i < 3; i++)
        {
            var held = await DataFolderLock.AcquireAsync(_folder.Path, $"number {i}", TimeProvider.System, Cancelled);
            held.Dispose();
            held.Dispose();
        }
    }

    [Fact]
    public async Task The_kernel_lets_go_of_a_killed_process()
    {
        using (var other = await HoldInAnotherProcessAsync("-x", "lock"))
        {
            var refused = await Assert.ThrowsAsync<DataFolderInUseException>(
                () => DataFolderLock.AcquireAsync(_folder.Path, "berth serve", TimeProvider.System, Cancelled));
            Assert.Null(refused.Holder);
            Assert.Equal($"The data folder '{_folder.Path}' is in use by another process.", refused.Message);
            other.Kill();
            await other.WaitForExitAsync(Cancelled);
        }

        using var held = await DataFolderLock.AcquireAsync(_folder.Path, "berth serve", TimeProvider.System, Cancelled);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_no_lock() =>
        await Assert.ThrowsAsync<StorageUnavailableException>(
            () => DataFolderLock.AcquireAsync(_folder.In("absent"), "berth serve", TimeProvider.System, Cancelled));

    [Fact]
    public async Task Backups_hold_bytes_together_and_removals_are_put_off()
    {
        using (await BackupHold.TakeAsync(_folder.Path, NeverLong, TimeProvider.System, Cancelled))
        using (await BackupHold.TakeAsync(_folder.Path, NeverLong, TimeProvider.System, Cancelled))
            Assert.Null(BackupHold.TryTakeForRemoval(_folder.Path));

        using var removal = BackupHold.TryTakeForRemoval(_folder.Path);
        Assert.NotNull(removal);
    }

    [Fact]
    public async Task A_backup_waits_for_the_batch_of_removals_at_work()
    {
        var removal = BackupHold.TryTakeForRemoval(_folder.Path);
        var backup = BackupHold.TakeAsync(_folder.Path, NeverLong, TimeProvider.System, Cancelled);
        await Task.Delay(100, Cancelled);
        Assert.False(backup.IsCompleted);
        removal!.Dispose();
        using var held = await backup;
        Assert.Null(BackupHold.TryTakeForRemoval(_folder.Path));
    }

    [Fact]
    public async Task A_copy_does_not_wait_for_a_removal_that_takes_long()
    {
        using var held = await DataFolderLock.AcquireAsync(_folder.Path, "berth backup", TimeProvider.System, Cancelled);
        using (BackupHold.TryTakeForRemoval(_folder.Path))
        {
            var refused = await Assert.ThrowsAsync<DataFolderInUseException>(() => CopyAsync());
            Assert.Equal("berth backup", refused.Holder!.Command);
        }

        // What it left as its name is not taken for it.
        (await CopyAsync()).Dispose();

        Task<BackupHold> CopyAsync() => BackupHold.TakeAsync(_folder.Path, holder => holder.Command == "berth backup", TimeProvider.System, Cancelled);
    }

    [Fact]
    public async Task A_backup_that_is_cancelled_waits_no_longer()
    {
        using var removal = BackupHold.TryTakeForRemoval(_folder.Path);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        source.CancelAfter(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BackupHold.TakeAsync(_folder.Path, NeverLong, TimeProvider.System, source.Token));
    }

    [Fact]
    public async Task A_killed_backup_holds_nothing()
    {
        using var other = await HoldInAnotherProcessAsync("-s", "backup.lock");
        Assert.Null(BackupHold.TryTakeForRemoval(_folder.Path));
        other.Kill();
        await other.WaitForExitAsync(Cancelled);
        using var removal = BackupHold.TryTakeForRemoval(_folder.Path);
        Assert.NotNull(removal);
    }

    // flock(1) takes the lock and becomes the command, which keeps the descriptor: the process killed is the one that holds it.
    private async Task<Process> HoldInAnotherProcessAsync(string mode, string name)
    {
        var start = new ProcessStartInfo("flock", [mode, "--no-fork", _folder.In(name), "sh", "-c", "echo held; exec sleep 60"]) { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        Assert.Equal("held", await process.StandardOutput.ReadLineAsync(Cancelled));
        return process;
    }
}
