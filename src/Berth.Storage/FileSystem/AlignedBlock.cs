using System.Buffers;
using Berth.Storage.FileSystem.Operations;

namespace Berth.Storage.FileSystem;

/// <summary>Whole pages, which a disk can read from by itself. They go back to the system when this is disposed: no heap keeps them.</summary>
internal sealed unsafe class AlignedBlock : MemoryManager<byte>
{
    private readonly int _size;
    private byte* _start;

    private AlignedBlock(byte* start, int size)
    {
        _start = start;
        _size = size;
    }

    /// <summary>Pages for so many bytes, or null when there is no memory for them.</summary>
    public static AlignedBlock? TryMap(int size)
    {
        var start = Libc.MMap(null, (nuint)size, Libc.ProtectReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        return (nint)start == Libc.MapFailed ? null : new AlignedBlock(start, size);
    }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new Span<byte>(_start, _size);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_start is null) return;
        _ = Libc.MUnmap(_start, (nuint)_size);
        _start = null;
    }
}
