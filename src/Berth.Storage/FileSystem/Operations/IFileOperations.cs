using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem.Operations;

/// <summary>
/// What the driver asks of the operating system, and nothing else: the one seam where a test records, drops or fails an operation. Every
/// member blocks, except those that say they do not; each failure is a <see cref="FileOperationException"/>.
/// </summary>
internal interface IFileOperations
{
    /// <summary>Opens a file for reading; a symbolic link is a failure.</summary>
    SafeFileHandle OpenRead(string path);

    /// <summary>As <see cref="OpenRead"/> when that needs no look at the disk; else null. Does not block.</summary>
    SafeFileHandle? OpenReadNow(string path);

    /// <summary>Creates a file that is not there yet and opens it for writing.</summary>
    SafeFileHandle Create(string path);

    /// <summary>Opens a file that is there for writing.</summary>
    SafeFileHandle OpenWrite(string path);

    /// <summary>
    /// Opens an open file once more, for writes past the page cache, whose memory, offset and length are multiples of
    /// <see cref="DirectIo.Alignment"/>; null where it cannot be opened so.
    /// </summary>
    SafeFileHandle? OpenDirect(SafeFileHandle file);

    /// <summary>The file's size in bytes. Does not block.</summary>
    long Length(SafeFileHandle file);

    /// <summary>Reads at an offset; 0 at the end.</summary>
    int Read(SafeFileHandle file, Span<byte> buffer, long offset);

    /// <summary>Reads what is in memory at an offset; -1 when the disk would have to be asked. Does not block.</summary>
    int ReadNow(SafeFileHandle file, Span<byte> buffer, long offset);

    /// <summary>Writes all the bytes at an offset. After a failure any part of them may stand.</summary>
    void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset);

    /// <summary>Cuts the file, or makes it longer by a hole.</summary>
    void Truncate(SafeFileHandle file, long length);

    /// <summary>Starts to write a range to the disk; says nothing about durability.</summary>
    void StartWriteback(SafeFileHandle file, long offset, long length);

    /// <summary>Waits until what was started of a range has been written; says nothing about durability.</summary>
    void AwaitWriteback(SafeFileHandle file, long offset, long length);

    /// <summary>Makes the file's bytes and size durable.</summary>
    void Sync(SafeFileHandle file);

    /// <summary>Makes the directory's entries durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Makes a directory; false when it was there.</summary>
    bool MakeDirectory(string path);

    /// <summary>Renames a file, over another if there is one.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file; false when it was absent.</summary>
    bool Unlink(string path);

    /// <summary>Makes sure that the file's first bytes have their blocks on the volume.</summary>
    void Allocate(SafeFileHandle file, long length);

    /// <summary>Bytes that the file has on the volume.</summary>
    long AllocatedBytes(SafeFileHandle file);

    /// <summary>The size of the volume that holds the path, and what of it an unprivileged user may still take.</summary>
    VolumeSpace Space(string path);

    /// <summary>The files of a directory, read as the list is walked.</summary>
    IEnumerable<FileEntry> List(string directory);
}

/// <summary>Room on a volume in bytes.</summary>
internal sealed record VolumeSpace(long Total, long Free);

/// <summary>A file of a directory.</summary>
internal readonly record struct FileEntry(string Name, long Size, DateTimeOffset ModifiedAt);
