using Berth.Oci;
using Berth.Server.Backups;
using Berth.Server.LocalFiles;
using Berth.Server.Tests.Hosting;
using Berth.Storage.FileSystem;

namespace Berth.Server.Tests.Backups;

/// <summary>What a restore and a backup leave that are killed, at every point that they have.</summary>
public sealed class KilledCopyTests : IDisposable
{
    private static readonly string[] Old = ["blob a", "blob b"];
    private static readonly string[] New = ["blob b", "blob c"];
    private static readonly string[] All = [.. Old, "blob c"];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Data => _folder.Data;

    private string BackupFolder => In("backup");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_killed_restore_is_not_served_and_can_be_run_again()
    {
        await ServedFolder.MakeAsync(Data, "first", Old);
        await BackUpAsync(BackupFolder);
        var moments = new Moments(In("restored"), In("moments"));
        await RestoreAsync(BackupFolder, In("restored"), moments);
        ExpectEveryPoint(moments);

        var synced = 0;
        foreach (var (point, left) in moments.All)
        {
            if (point == StorageSteps.AfterSync) synced++;
            if (point == CopySteps.Published)
            {
                await ExpectRestoredAsync(left, Old, "first");
                continue;
            }

            if (point == CopySteps.Claimed) Assert.True(DataFolder.IsVacant(left));
            else Assert.Contains("./berth restore", (await Assert.ThrowsAsync<CannotStartException>(() => ServedFolder.OpenAsync(left))).Message, StringComparison.Ordinal);
            Assert.False(DataFolder.HoldsInstallation(left), point);

            var again = await RestoreAsync(BackupFolder, left);
            Assert.True(again.Present >= synced, $"{again.Present} of {synced} blobs were kept after {point}.");
            await ExpectRestoredAsync(left, Old, "first");
        }
    }

    [Fact]
    public async Task A_restore_that_goes_on_from_a_newer_backup_is_the_newer_one_alone()
    {
        await ServedFolder.MakeAsync(Data, "first", Old);
        await BackUpAsync(BackupFolder);
        var moments = new Moments(In("restored"), In("moments"));
        await RestoreAsync(BackupFolder, In("restored"), moments);
        await ChangeAsync();
        await BackUpAsync(BackupFolder);

        var left = moments.All.Last(m => m.Point == CopySteps.Closed).Folder;
        await RestoreAsync(BackupFolder, left);

        await ExpectRestoredAsync(left, New, "second");
    }

    [Fact]
    public async Task A_killed_first_backup_is_no_backup_and_can_be_run_again()
    {
        await ServedFolder.MakeAsync(Data, "first", Old);
        var moments = new Moments(BackupFolder, In("moments"));
        await BackUpAsync(BackupFolder, moments);
        ExpectEveryPoint(moments);

        var n = 0;
        foreach (var (point, left) in moments.All)
        {
            var published = moments.All.Select(m => m.Point).Take(n + 1).Contains(CopySteps.Published);
            if (!published)
            {
                await Assert.ThrowsAsync<CannotStartException>(() => RestoreAsync(left, In($"refused-{n}")));
                Assert.False(Directory.Exists(In($"refused-{n}")));
                if (point != CopySteps.Claimed)
                    Assert.Contains("./berth backup", (await Assert.ThrowsAsync<CannotStartException>(() => ServedFolder.OpenAsync(left))).Message, StringComparison.Ordinal);
                await BackUpAsync(left);
            }

            await RestoreAsync(left, In($"restored-{n}"));
            await ExpectRestoredAsync(In($"restored-{n}"), Old, "first");
            n++;
        }
    }

    [Fact]
    public async Task A_killed_update_of_a_backup_leaves_the_old_backup_or_the_new_one_and_can_be_run_again()
    {
        await ServedFolder.MakeAsync(Data, "first", Old);
        await BackUpAsync(BackupFolder);
        await ChangeAsync();
        var moments = new Moments(BackupFolder, In("moments"));
        await BackUpAsync(BackupFolder, moments);
        ExpectEveryPoint(moments);
        Assert.Contains(moments.All, m => m.Point == StorageSteps.BeforeUnlink);

        var (n, updated) = (0, false);
        foreach (var (point, left) in moments.All)
        {
            updated |= point == CopySteps.Published;
            await RestoreAsync(left, In($"restored-{n}"));
            await ExpectRestoredAsync(In($"restored-{n}"), updated ? New : Old, certificates: null);

            await BackUpAsync(left);
            await ExpectAsync(left, New, "second", epoch: 1);
            n++;
        }
    }

    [Fact]
    public async Task A_first_start_that_was_cut_off_is_served()
    {
        DataFolder.Ensure(Data);
        (await DataFolderLock.AcquireAsync(Data, "berth serve", TimeProvider.System, Token)).Dispose();
        await using (await ServedFolder.OpenAsync(Data))
        {
        }

        // The identity came first; the database's rows did not come.
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Data, "metadata"))) File.Delete(file);
        await using var served = await ServedFolder.OpenAsync(Data);
        Assert.Equal(1, served.Installation.LedgerEpoch);
    }

    private static Task<Berth.Registry.Lifecycle.BlobCopyResult> RestoreAsync(string from, string to, ISteps? steps = null) =>
        new Restore(ServedFolder.Options(to), from, steps ?? NoSteps.Instance).RunAsync(Token);

    private static void ExpectEveryPoint(Moments moments)
    {
        var reached = moments.All.Select(m => m.Point).ToHashSet();
        var points = typeof(CopySteps).GetFields().Select(f => (string)f.GetRawConstantValue()!);
        Assert.Superset(points.Concat([TlsCopy.Laid, TlsCopy.Aside, StorageSteps.BeforeSync, StorageSteps.AfterSync, Berth.Metadata.Sqlite.SqliteDraft.BeforePublish]).ToHashSet(), reached);
    }

    private static Task ExpectRestoredAsync(string data, string[] blobs, string? certificates) => ExpectAsync(data, blobs, certificates, epoch: 2);

    // A backup is a data folder, too.
    private static async Task ExpectAsync(string data, string[] blobs, string? certificates, long epoch)
    {
        Assert.Equal(["berth.db"], Directory.EnumerateFiles(Path.Combine(data, "metadata")).Select(Path.GetFileName));
        Assert.Equal(["metadata", "store", "tls"], Directory.EnumerateDirectories(data).Select(Path.GetFileName).Order());
        var versions = Directory.EnumerateFiles(Path.Combine(data, "tls")).Select(File.ReadAllText).ToList();
        Assert.Equal(2, versions.Count);
        Assert.Equal(certificates ?? versions[0], Assert.Single(versions.Distinct()));
        Assert.Equal(blobs.Length, ServedFolder.LocationsIn(data));

        await using var served = await ServedFolder.OpenAsync(data);
        Assert.Equal(blobs, await served.ServedAsync(All));
        Assert.Equal(epoch, served.Installation.LedgerEpoch);
        if (epoch > 1) Assert.True(await served.IsSuspendedAsync());
    }

    private Task<Berth.Registry.Lifecycle.BlobCopyResult> BackUpAsync(string to, ISteps? steps = null) =>
        new Backup(ServedFolder.Options(Data), to, steps ?? NoSteps.Instance).RunAsync(Token);

    private async Task ChangeAsync()
    {
        await using var served = await ServedFolder.OpenAsync(Data);
        await served.PushAsync("blob c");
        await served.DeleteAsync("blob a");
        await served.SweepAsync();
        Assert.Equal(New, await served.ServedAsync(All));
        await ServedFolder.WriteCertificatesAsync(Data, "second");
    }

    private string In(string name) => Path.Combine(_folder.Path, name);
}
