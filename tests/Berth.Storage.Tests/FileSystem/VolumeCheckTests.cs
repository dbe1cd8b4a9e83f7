using Berth.Storage.FileSystem;

namespace Berth.Storage.Tests.FileSystem;

public sealed class VolumeCheckTests
{
    private static readonly string[] Mounts =
    [
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro",
        "30 22 0:40 / /var/lib rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w,volatile",
        "31 22 0:41 / /var/lib/data rw master:5 - ext4 /dev/vdb rw,discard",
        "32 22 0:42 / /var/library rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w",
        @"33 22 0:43 / /mnt/with\040space rw - overlay overlay rw,volatile",
        "34 22 0:44 / /twice rw - overlay overlay rw,volatile",
        "35 22 0:45 / /twice rw - overlay overlay rw",
        "a line of another kind",
    ];

    [Theory]
    [InlineData(0x6969, "nfs")]
    [InlineData(0x517B, "smb")]
    [InlineData(0xFE534D42, "smb2")]
    [InlineData(0xFF534D42, "cifs")]
    [InlineData(0x65735546, "fuse")]
    [InlineData(0x01021997, "9p")]
    public void A_network_file_system_is_refused_by_name(long type, string name)
    {
        var report = VolumeCheck.Judge("/data", true, type, []);
        Assert.Equal((VolumeVerdict.Unsafe, name), (report.Verdict, report.FileSystem));
        Assert.Contains($"'/data' is on a {name} file system", report.Sentence, StringComparison.Ordinal);
        Assert.Equal(new VolumeReport(VolumeVerdict.Safe, name, null), VolumeCheck.Judge("/data", false, type, []));
    }

    [Theory]
    [InlineData(0xEF53, "ext4")]
    [InlineData(0x58465342, "xfs")]
    [InlineData(0x9123683E, "btrfs")]
    [InlineData(0x12345, "0x12345")]
    public void A_local_file_system_is_safe(long type, string name) =>
        Assert.Equal(new VolumeReport(VolumeVerdict.Safe, name, null), VolumeCheck.Judge("/data", true, type, []));

    [Fact]
    public void A_file_system_in_memory_is_warned_about()
    {
        var report = VolumeCheck.Judge("/data", true, 0x01021994, []);
        Assert.Equal(VolumeVerdict.Volatile, report.Verdict);
        Assert.NotNull(report.Sentence);
    }

    [Fact]
    public void An_overlay_is_safe_unless_it_is_volatile()
    {
        Assert.Equal(VolumeVerdict.Safe, VolumeCheck.Judge("/data", true, 0x794c7630, ["rw", "upperdir=/volatile"]).Verdict);
        Assert.Equal(VolumeVerdict.Unsafe, VolumeCheck.Judge("/data", true, 0x794c7630, ["rw", "volatile"]).Verdict);
        Assert.Equal(VolumeVerdict.Unsafe, VolumeCheck.Judge("/data", true, 0x794c7630, ["fsync=volatile"]).Verdict);
    }

    [Theory]
    [InlineData("/var/lib", true)]
    [InlineData("/var/lib/x", true)]
    [InlineData("/var/lib/data", false)]
    [InlineData("/var/lib/data/x", false)]
    [InlineData("/var/lib/database", true)]
    [InlineData("/var/library/x", false)]
    [InlineData("/mnt/with space/x", true)]
    [InlineData("/twice", false)]
    [InlineData("/elsewhere", false)]
    public void The_deepest_mount_and_the_last_one_there_counts(string path, bool isVolatile) =>
        Assert.Equal(isVolatile, MountTable.OptionsOf(path, Mounts).Contains("volatile"));

    [Fact]
    public void A_link_is_followed_to_the_mount_it_leads_to()
    {
        using var folder = new StoreFolder();
        Directory.CreateSymbolicLink(folder.In("link"), "/var/lib/data");
        Directory.CreateSymbolicLink(folder.In("loop"), folder.In("loop"));
        Assert.Equal(["rw", "discard"], MountTable.OptionsOf(folder.In("link", "x"), Mounts));
        Assert.NotEmpty(MountTable.OptionsOf(folder.In("loop", "x"), Mounts));
    }

    [Fact]
    public void A_folder_that_is_not_there_yet_is_judged_by_where_it_would_be()
    {
        using var folder = new StoreFolder();
        Assert.Equal(VolumeCheck.Examine(folder.Path, true).FileSystem, VolumeCheck.Examine(folder.In("not", "there", "yet"), true).FileSystem);
    }

    [Fact]
    public void Paths_of_one_volume_are_told_from_those_of_two()
    {
        using var folder = new StoreFolder();
        Directory.CreateDirectory(folder.In("a"));
        Assert.True(VolumeCheck.IsOneVolume(folder.Path, folder.In("a")));
        Assert.False(VolumeCheck.IsOneVolume(folder.Path, "/proc"));
        Assert.True(VolumeCheck.IsOneVolume(folder.In("absent", "too"), folder.In("a")));
    }

    [Fact]
    public async Task A_volatile_overlay_is_found_out()
    {
        using var volume = await MountedVolume.MountAsync("tmpfs", "size=16m", "tmpfs");

        foreach (var name in (string[])["lower", "upper", "work"]) Directory.CreateDirectory(volume.In(name));
        Assert.Equal(VolumeVerdict.Volatile, VolumeCheck.Examine(volume.Path, true).Verdict);
        var layers = $"lowerdir={volume.In("lower")},upperdir={volume.In("upper")},workdir={volume.In("work")}";
        using (var overlay = await MountedVolume.MountAsync("overlay", $"{layers},volatile", "overlay"))
        {
            var report = VolumeCheck.Examine(overlay.In("data"), false);
            Assert.Equal((VolumeVerdict.Unsafe, "overlay"), (report.Verdict, report.FileSystem));
        }
    }
}
