using System.Buffers;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.Tests.Faults;

/// <summary>File operations that another implementation carries out; what a test wants to see or spoil, it overrides.</summary>
internal abstract class DelegatingFileOperations(IFileOperations inner) : IFileOperations
{
    protected IFileOperations Inner { get; } = inner;

    public virtual SafeFileHandle OpenRead(string path) => Inner.OpenRead(path);

    public virtual SafeFileHandle? OpenReadNow(string path) => Inner.OpenReadNow(path);

    public virtual SafeFileHandle Create(string path) => Inner.Create(path);

    public virtual SafeFileHandle OpenWrite(string path) => Inner.OpenWrite(path);

    public virtual SafeFileHandle? OpenDirect(SafeFileHandle file) => Inner.OpenDirect(file);

    public virtual long Length(SafeFileHandle file) => Inner.Length(file);

    public virtual int Read(SafeFileHandle file, Span<byte> buffer, long offset) => Inner.Read(file, buffer, offset);

    public virtual int ReadNow(SafeFileHandle file, Span<byte> buffer, long offset) => Inner.ReadNow(file, buffer, offset);

    public virtual void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset) => Inner.Write(file, bytes, offset);

    public virtual void Truncate(SafeFileHandle file, long length) => Inner.Truncate(file, length);

    public virtual void StartWriteback(SafeFileHandle file, long offset, long length) => Inner.StartWriteback(file, offset, length);

    public virtual void AwaitWriteback(SafeFileHandle file, long offset, long length) => Inner.AwaitWriteback(file, offset, length);

    public virtual void Sync(SafeFileHandle file) => Inner.Sync(file);

    public virtual void SyncDirectory(string path) => Inner.SyncDirectory(path);

    public virtual bool MakeDirectory(string path) => Inner.MakeDirectory(path);

    public virtual void Rename(string from, string to) => Inner.Rename(from, to);

    public virtual bool Unlink(string path) => Inner.Unlink(path);

    public virtual void Allocate(SafeFileHandle file, long length) => Inner.Allocate(file, length);

    public virtual long AllocatedBytes(SafeFileHandle file) => Inner.AllocatedBytes(file);

    public virtual VolumeSpace Space(string path) => Inner.Space(path);

    public virtual IEnumerable<FileEntry> List(string directory) => Inner.List(directory);
}
