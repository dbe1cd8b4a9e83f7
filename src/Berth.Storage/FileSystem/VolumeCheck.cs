using System.Runtime.InteropServices;
using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>What a volume is good for.</summary>
public enum VolumeVerdict
{
    /// <summary>Database and blobs are safe on it.</summary>
    Safe = 0,

    /// <summary>It works, and everything is lost with the machine's memory.</summary>
    Volatile = 1,

    /// <summary>A database on it may be damaged or lose what it was told is durable: the start stops.</summary>
    Unsafe = 2,
}

/// <summary>A volume, judged.</summary>
/// <param name="Verdict">Whether it may be used.</param>
/// <param name="FileSystem">The file system's name, or its number in hexadecimal when it is none of the known ones.</param>
/// <param name="Sentence">Why it is not <see cref="VolumeVerdict.Safe"/>, for the log or as the reason of a stopped start; null when it is.</param>
public sealed record VolumeReport(VolumeVerdict Verdict, string FileSystem, string? Sentence);

/// <summary>
/// Looks at the file system under a data folder before a database is opened there. SQLite's locks and shared memory do not hold on network file
/// systems, and an overlay mounted <c>volatile</c> answers fsync without doing it.
/// </summary>
public static unsafe class VolumeCheck
{
    private const long Tmpfs = 0x01021994;
    private const long Overlay = 0x794c7630;

    private static readonly Dictionary<long, string> Network = new()
    {
        [0x6969] = "nfs",
        [0x517B] = "smb",
        [0xFE534D42] = "smb2",
        [0xFF534D42] = "cifs",
        [0x65735546] = "fuse",
        [0x01021997] = "9p",
        [0x00C36400] = "ceph",
        [0x5346414F] = "afs",
        [0x73757245] = "coda",
        [0x0BD00BD0] = "lustre",
        [0x47504653] = "gpfs",
        [0x19830326] = "fhgfs",
        [0x786F4256] = "vboxsf",
    };

    private static readonly Dictionary<long, string> Local = new()
    {
        [0xEF53] = "ext4",
        [0x58465342] = "xfs",
        [0x9123683E] = "btrfs",
        [0x2FC12FC1] = "zfs",
        [0xF2F52010] = "f2fs",
        [0xCA451A4E] = "bcachefs",
        [Overlay] = "overlay",
    };

    /// <summary>Judges the volume that holds a folder; for one that is not there yet, the one it would be made on.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="holdsDatabase">Whether a database is to be in it; bytes alone are safe on a network file system, too.</param>
    /// <exception cref="StorageUnavailableException">The volume does not answer.</exception>
    public static VolumeReport Examine(string folder, bool holdsDatabase)
    {
        var path = Existing(Path.GetFullPath(folder));
        Libc.VolumeStatus status;
        if (Libc.StatFs(path, &status) != 0)
            throw StorageErrors.Translate(new FileOperationException("statfs", path, Marshal.GetLastPInvokeError()));

        // The number is 32 bits wide; some kernels hand it out with its sign.
        var type = status.Type & 0xFFFFFFFF;
        return Judge(folder, holdsDatabase, type, type == Overlay ? MountTable.OptionsOf(path, MountTable.ReadOwn()) : []);
    }

    /// <summary>
    /// Whether two folders lie on one volume, or would if they were made: then they share its free space and one <see cref="ReserveFile"/>.
    /// </summary>
    /// <exception cref="StorageUnavailableException">One of them cannot be looked at.</exception>
    public static bool IsOneVolume(string first, string second) => DeviceOf(Existing(first)) == DeviceOf(Existing(second));

    internal static VolumeReport Judge(string folder, bool holdsDatabase, long type, IReadOnlyList<string> options)
    {
        if (holdsDatabase && Network.TryGetValue(type, out var network))
        {
            return new VolumeReport(
                VolumeVerdict.Unsafe, network, $"The folder '{folder}' is on a {network} file system, where a database is not safe: use a local disk.");
        }

        if (type is Tmpfs or 0x858458F6)
            return new VolumeReport(VolumeVerdict.Volatile, "tmpfs", $"The folder '{folder}' is in memory: everything in it ends with the machine.");

        if (type == Overlay && options.Any(option => option is "volatile" or "fsync=volatile"))
        {
            return new VolumeReport(
                VolumeVerdict.Unsafe,
                "overlay",
                $"The folder '{folder}' is on an overlay mounted volatile, which makes nothing durable: mount a volume there.");
        }

        return new VolumeReport(VolumeVerdict.Safe, Local.GetValueOrDefault(type) ?? Network.GetValueOrDefault(type) ?? $"0x{type:x}", null);
    }

    private static (uint Major, uint Minor) DeviceOf(string path)
    {
        Libc.FileStatus status;
        if (Libc.StatX(Libc.AtFdCwd, path, 0, Libc.StatxSizeModeBlocksTime, &status) != 0)
            throw StorageErrors.Translate(new FileOperationException("stat", path, Marshal.GetLastPInvokeError()));
        return (status.DeviceMajor, status.DeviceMinor);
    }

    private static string Existing(string path)
    {
        while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent) path = parent;
        return path;
    }
}
