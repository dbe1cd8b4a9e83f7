using System.Buffers;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem.Operations;

/// <summary>The operating system's files, by its own calls.</summary>
internal sealed unsafe class PosixFileOperations : IFileOperations
{
    /// <summary>The one instance.</summary>
    public static readonly PosixFileOperations Instance = new();

    private const int FileMode = 0b110_100_000;
    private const int DirectoryMode = 0b111_101_000;
    private const int Vectors = 32;

    // Once the kernel (or a sandbox around it) has refused a call, it is not asked again.
    private static volatile bool _noCachedOpen;
    private static volatile bool _noCachedRead;

    private PosixFileOperations()
    {
    }

    public SafeFileHandle OpenRead(string path) => Open(path, Libc.ReadOnly | Libc.NoFollow, "open");

    public SafeFileHandle? OpenReadNow(string path)
    {
        if (_noCachedOpen) return null;

        var how = new Libc.OpenHow { Flags = (uint)(Libc.ReadOnly | Libc.NoFollow | Libc.CloseOnExec), Resolve = Libc.ResolveCached };
        var descriptor = Libc.OpenAt2(Libc.OpenAt2Call, Libc.AtFdCwd, path, &how, (nuint)sizeof(Libc.OpenHow));
        if (descriptor >= 0) return new SafeFileHandle((nint)descriptor, ownsHandle: true);

        switch (Marshal.GetLastPInvokeError())
        {
            case Errno.NoEntry:
                throw new FileOperationException("open", path, Errno.NoEntry);
            case Errno.NoSystemCall or Errno.NotPermitted or Errno.Invalid:
                _noCachedOpen = true;
                return null;
            default:
                return null;
        }
    }

    public SafeFileHandle Create(string path) => Open(path, Libc.WriteOnly | Libc.CreateFlag | Libc.ExclusiveFlag | Libc.NoFollow, "create");

    public SafeFileHandle OpenWrite(string path) => Open(path, Libc.WriteOnly | Libc.NoFollow, "open");

    public SafeFileHandle? OpenDirect(SafeFileHandle file)
    {
        try
        {
            // Not by its name: another volume may be mounted over it by now.
            return Open($"/proc/self/fd/{file.DangerousGetHandle()}", Libc.WriteOnly | Libc.Direct, "open");
        }
        catch (FileOperationException)
        {
            // Most often a file system without it. What else may be wrong shows at the writes through the cache.
            return null;
        }
    }

    public long Length(SafeFileHandle file)
    {
        var status = Status(file);
        return status.IsRegular ? status.Size : throw new FileOperationException("stat of something that is no file", null, Errno.Invalid);
    }

    public int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (true)
        {
            nint read;
            fixed (byte* b = buffer) read = Libc.PRead(file, b, (nuint)buffer.Length, offset);
            if (read >= 0) return (int)read;
            if (Marshal.GetLastPInvokeError() is var errno and not Errno.Interrupted) throw new FileOperationException("read", null, errno);
        }
    }

    public int ReadNow(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        if (_noCachedRead) return -1;

        nint read;
        fixed (byte* b = buffer)
        {
            var vector = new Libc.IoVector { Base = b, Length = (nuint)buffer.Length };
            try
            {
                read = Libc.PReadV2(file, &vector, 1, offset, Libc.ReadNoWait);
            }
            catch (EntryPointNotFoundException)
            {
                _noCachedRead = true;
                return -1;
            }
        }

        // A file system without the flag says so at each call; another volume may have it. Any real failure shows at the blocking read.
        return read >= 0 ? (int)read : -1;
    }

    public void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset)
    {
        if (bytes.IsSingleSegment) WriteOne(file, bytes.FirstSpan, offset);
        else WriteMany(file, bytes, offset);
    }

    public void Truncate(SafeFileHandle file, long length)
    {
        while (Libc.FTruncate(file, length) != 0) ThrowUnlessInterrupted("truncate", -1);
    }

    public void StartWriteback(SafeFileHandle file, long offset, long length) => Writeback(file, offset, length, Libc.WritebackStart);

    public void AwaitWriteback(SafeFileHandle file, long offset, long length) => Writeback(file, offset, length, Libc.WritebackWait);

    public void Sync(SafeFileHandle file)
    {
        if (Libc.FSync(file) != 0) throw new FileOperationException("fsync", null, Marshal.GetLastPInvokeError());
    }

    public void SyncDirectory(string path)
    {
        using var directory = Open(path, Libc.ReadOnly | Libc.Directory, "open");
        if (Libc.FSync(directory) != 0) throw new FileOperationException("fsync", path, Marshal.GetLastPInvokeError());
    }

    public bool MakeDirectory(string path)
    {
        if (Libc.MkDir(path, DirectoryMode) == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.Exists ? false : throw new FileOperationException("mkdir", path, errno);
    }

    public void Rename(string from, string to)
    {
        if (Libc.Rename(from, to) != 0) throw new FileOperationException("rename", from, Marshal.GetLastPInvokeError());
    }

    public bool Unlink(string path)
    {
        if (Libc.Unlink(path) == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.NoEntry ? false : throw new FileOperationException("unlink", path, errno);
    }

    public void Allocate(SafeFileHandle file, long length)
    {
        int errno;
        do errno = Libc.PosixFallocate(file, 0, length);
        while (errno == Errno.Interrupted);
        if (errno != 0) throw new FileOperationException("fallocate", null, errno);
    }

    public long AllocatedBytes(SafeFileHandle file) => Status(file).Blocks * 512;

    public VolumeSpace Space(string path)
    {
        Libc.VolumeStatus status;
        if (Libc.StatFs(path, &status) != 0) throw new FileOperationException("statfs", path, Marshal.GetLastPInvokeError());
        var unit = status.FragmentSize > 0 ? status.FragmentSize : status.BlockSize;
        return new VolumeSpace(status.Blocks * unit, status.Available * unit);
    }

    public IEnumerable<FileEntry> List(string directory)
    {
        var options = new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false };
        IEnumerator<string> names;
        try
        {
            names = new FileSystemEnumerable<string>(directory, static (ref entry) => entry.FileName.ToString(), options).GetEnumerator();
        }
        catch (Exception e) when (e is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new FileOperationException("list", directory, e is DirectoryNotFoundException ? Errno.NoEntry : Errno.Access);
        }

        using (names)
        {
            while (Next(names, directory))
            {
                if (TryStat(Path.Join(directory, names.Current), out var status) && status.IsRegular)
                {
                    var modified = DateTimeOffset.UnixEpoch.AddSeconds(status.ModifiedSeconds).AddTicks(status.ModifiedNanoseconds / 100);
                    yield return new FileEntry(names.Current, status.Size, modified);
                }
            }
        }
    }

    private static bool Next(IEnumerator<string> names, string directory)
    {
        try
        {
            return names.MoveNext();
        }
        catch (IOException e)
        {
            throw new FileOperationException("list", directory, e.HResult > 0 ? e.HResult : Errno.Io);
        }
    }

    private static bool TryStat(string path, out Libc.FileStatus status)
    {
        Libc.FileStatus found;
        var result = Libc.StatX(Libc.AtFdCwd, path, Libc.AtSymlinkNoFollow, Libc.StatxSizeModeBlocksTime, &found);
        status = found;
        if (result == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.NoEntry ? false : throw new FileOperationException("stat", path, errno);
    }

    private static Libc.FileStatus Status(SafeFileHandle file)
    {
        Libc.FileStatus status;
        if (Libc.StatX(file, "", Libc.AtEmptyPath, Libc.StatxSizeModeBlocksTime, &status) != 0)
            throw new FileOperationException("stat", null, Marshal.GetLastPInvokeError());
        return status;
    }

    private static SafeFileHandle Open(string path, int flags, string operation)
    {
        while (true)
        {
            var descriptor = Libc.Open(path, flags | Libc.CloseOnExec, FileMode);
            if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
            if (Marshal.GetLastPInvokeError() is var errno and not Errno.Interrupted) throw new FileOperationException(operation, path, errno);
        }
    }

    private static void WriteOne(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* b = bytes) written = Libc.PWrite(file, b, (nuint)bytes.Length, offset);
            if (written <= 0)
            {
                ThrowUnlessInterrupted("write", written);
                continue;
            }

            bytes = bytes[(int)written..];
            offset += written;
        }
    }

    // One call takes many small segments, as the network hands them in.
    private static void WriteMany(SafeFileHandle file, ReadOnlySequence<byte> bytes, long offset)
    {
        var pins = new PinBuffer();
        var vectors = stackalloc Libc.IoVector[Vectors];
        while (!bytes.IsEmpty)
        {
            var count = 0;
            nint written;
            try
            {
                foreach (var segment in bytes)
                {
                    if (segment.IsEmpty) continue;
                    pins[count] = segment.Pin();
                    vectors[count] = new Libc.IoVector { Base = (byte*)pins[count].Pointer, Length = (nuint)segment.Length };
                    if (++count == Vectors) break;
                }

                written = Libc.PWriteV(file, vectors, count, offset);
                if (written <= 0) ThrowUnlessInterrupted("write", written);
            }
            finally
            {
                for (var i = 0; i < count; i++) pins[i].Dispose();
            }

            if (written <= 0) continue;
            bytes = bytes.Slice(written);
            offset += written;
        }
    }

    private static void Writeback(SafeFileHandle file, long offset, long length, uint flags)
    {
        while (Libc.SyncFileRange(file, offset, length, flags) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();

            // Only "there is no such thing here" is harmless: the call that waits consumes an error of the disk, so that fsync would not see it.
            if (errno is Errno.NoSystemCall or Errno.NotSupported or Errno.Invalid or Errno.IllegalSeek) return;
            if (errno != Errno.Interrupted) throw new FileOperationException("writeback", null, errno);
        }
    }

    private static void ThrowUnlessInterrupted(string operation, nint result)
    {
        // A write that takes nothing and names no reason would be tried for ever.
        var errno = result == 0 ? Errno.Io : Marshal.GetLastPInvokeError();
        if (errno != Errno.Interrupted) throw new FileOperationException(operation, null, errno);
    }

    [InlineArray(Vectors)]
    private struct PinBuffer
    {
        private MemoryHandle _first;
    }
}
