using System.Buffers;
using System.Collections.Concurrent;
using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.Tests.Faults;

/// <summary>What may fail.</summary>
public enum Operation
{
    Create,
    Write,
    Truncate,
    Writeback,
    Sync,
    SyncDirectory,
    Unlink,
    Allocate,
    Space,
}

/// <summary>
/// File operations that fail where a test says: <see cref="Fault"/> gets the operation and its number among its kind (from 1), and answers an
/// error number or 0. A write that fails leaves half of its bytes behind.
/// </summary>
internal sealed class FaultyFileOperations(IFileOperations inner) : DelegatingFileOperations(inner)
{
    private readonly ConcurrentDictionary<Operation, int> _counts = new();

    /// <summary>Decides which operation fails, and may hold one up. None does by default.</summary>
    public Func<Operation, int, int> Fault { get; set; } = static (_, _) => 0;

    /// <summary>Blocking operations that ran on a thread of the pool.</summary>
    public ConcurrentBag<Operation> OnPoolThreads { get; } = [];

    /// <summary>How many operations of the kind were asked for.</summary>
    public int CountOf(Operation operation) => _counts.GetValueOrDefault(operation);

    public override SafeFileHandle Create(string path)
    {
        Check(Operation.Create);
        return base.Create(path);
    }

    public override void Write(SafeFileHandle file, in ReadOnlySequence<byte> bytes, long offset)
    {
        var errno = Ask(Operation.Write);
        if (errno == 0)
        {
            base.Write(file, bytes, offset);
            return;
        }

        base.Write(file, bytes.Slice(0, bytes.Length / 2), offset);
        throw new FileOperationException("write", null, errno);
    }

    public override void Truncate(SafeFileHandle file, long length)
    {
        Check(Operation.Truncate);
        base.Truncate(file, length);
    }

    public override void AwaitWriteback(SafeFileHandle file, long offset, long length)
    {
        Check(Operation.Writeback);
        base.AwaitWriteback(file, offset, length);
    }

    public override void Sync(SafeFileHandle file)
    {
        Check(Operation.Sync);
        base.Sync(file);
    }

    public override void SyncDirectory(string path)
    {
        Check(Operation.SyncDirectory);
        base.SyncDirectory(path);
    }

    public override bool Unlink(string path)
    {
        Check(Operation.Unlink);
        return base.Unlink(path);
    }

    public override void Allocate(SafeFileHandle file, long length)
    {
        Check(Operation.Allocate);
        base.Allocate(file, length);
    }

    public override VolumeSpace Space(string path)
    {
        Check(Operation.Space);
        return base.Space(path);
    }

    private void Check(Operation operation)
    {
        if (Thread.CurrentThread.IsThreadPoolThread && operation is not Operation.Space) OnPoolThreads.Add(operation);
        if (Ask(operation) is var errno and not 0) throw new FileOperationException(operation.ToString(), null, errno);
    }

    private int Ask(Operation operation) => Fault(operation, _counts.AddOrUpdate(operation, 1, static (_, count) => count + 1));
}
