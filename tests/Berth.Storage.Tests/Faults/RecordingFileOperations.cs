using System.Buffers;
using System.Runtime.CompilerServices;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.Tests.Faults;

/// <summary>
/// Logs what changes files and folders, and what makes it durable, so that <see cref="PowerLoss"/> can lay out any state that a loss of power
/// may leave.
/// </summary>
internal sealed class RecordingFileOperations(IFileOperations inner) : DelegatingFileOperations(inner)
{
    private readonly Lock _lock = new();
    private readonly List<FileEvent> _log = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<SafeFileHandle, StrongBox<int>> _open = [];
    private int _files;

    /// <summary>How many events there are: a point of the log.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _log.Count;
        }
    }

    /// <summary>The events so far.</summary>
    public IReadOnlyList<FileEvent> Log
    {
        get
        {
            lock (_lock) return [.. _log];
        }
    }

    public override SafeFileHandle Create(string path)
    {
        lock (_lock)
        {
            var handle = base.Create(path);
            var file = _names[path] = _files++;
            _open.Add(handle, new StrongBox<int>(file));
            _log.Add(new FileEvent.Created(path, file));
            return handle;
        }
    }

    public override SafeFileHandle OpenWrite(string path)
    {
        lock (_lock)
        {
            var handle = base.OpenWrite(path);
            _open.Add(handle, new StrongBox<int>(_names[path]));
            return handle;
        }
    }

    // Past the cache or through it, a write is not durable before the file is synced: any file system will do.
    public override SafeFileHandle? OpenDirect(SafeFileHandle file)
    {
        var handle = File.OpenHandle($"/proc/self/fd/{file.DangerousGetHandle()}", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        lock (_lock) _open.Add(handle, new StrongBox<int>(FileOf(file)));
        return handle;
    }

    public override void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset)
    {
        base.Write(file, bytes, offset);
        Add(new FileEvent.Written(FileOf(file), offset, bytes.ToArray()));
    }

    public override void Truncate(SafeFileHandle file, long length)
    {
        base.Truncate(file, length);
        Add(new FileEvent.Truncated(FileOf(file), length));
    }

    public override void Sync(SafeFileHandle file)
    {
        var begun = Count;
        base.Sync(file);
        Add(new FileEvent.Synced(FileOf(file), begun));
    }

    public override void SyncDirectory(string path)
    {
        var begun = Count;
        base.SyncDirectory(path);
        Add(new FileEvent.DirectorySynced(path, begun));
    }

    public override bool MakeDirectory(string path)
    {
        lock (_lock)
        {
            if (!base.MakeDirectory(path)) return false;
            _log.Add(new FileEvent.DirectoryMade(path));
            return true;
        }
    }

    public override void Rename(string from, string to)
    {
        lock (_lock)
        {
            base.Rename(from, to);
            _names.Remove(from, out var file);
            _names[to] = file;
            _log.Add(new FileEvent.Renamed(from, to));
        }
    }

    public override bool Unlink(string path)
    {
        lock (_lock)
        {
            if (!base.Unlink(path)) return false;
            _names.Remove(path);
            _log.Add(new FileEvent.Unlinked(path));
            return true;
        }
    }

    private int FileOf(SafeFileHandle file) =>
        _open.TryGetValue(file, out var number) ? number.Value : throw new InvalidOperationException("The file was not opened for writing here.");

    private void Add(FileEvent entry)
    {
        lock (_lock) _log.Add(entry);
    }
}

/// <summary>Something that happened to files or folders. A file is known by a number, for its name may change or go.</summary>
internal abstract record FileEvent
{
    public sealed record Created(string Path, int File) : FileEvent;

    public sealed record Written(int File, long Offset, byte[] Bytes) : FileEvent;

    public sealed record Truncated(int File, long Length) : FileEvent;

    public sealed record DirectoryMade(string Path) : FileEvent;

    public sealed record Renamed(string From, string To) : FileEvent;

    public sealed record Unlinked(string Path) : FileEvent;

    /// <summary>An fsync that has returned; it covers what the log held when it began.</summary>
    public sealed record Synced(int File, int Begun) : FileEvent;

    /// <summary>An fsync of a directory that has returned; it covers what the log held when it began.</summary>
    public sealed record DirectorySynced(string Path, int Begun) : FileEvent;
}
