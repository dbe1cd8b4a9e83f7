using System.Buffers;
using System.Runtime.InteropServices;
using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>Whole pages, which a disk can read from by itself. They go back to the system when this is disposed: no heap keeps them.</summary>
internal sealed unsafe class AlignedBlock(int size) : MemoryManager<byte>
{
    private byte* _start = Map(size);

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new Span<byte>(_start, size);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_start is null) return;
        _ = Libc.MUnmap(_start, (nuint)size);
        _start = null;
    }

    private static byte* Map(int size)
    {
        var start = Libc.MMap(null, (nuint)size, Libc.ProtectReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        return (nint)start == Libc.MapFailed ? throw new FileOperationException("mmap", null, Marshal.GetLastPInvokeError()) : start;
    }
}
