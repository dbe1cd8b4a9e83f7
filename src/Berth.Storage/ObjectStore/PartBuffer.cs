using Berth.Storage.FileSystem;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// The bytes of one part. Streams over it end with it: a request that was given up and still reads from one fails, and never sends what the memory holds next.
/// </summary>
internal sealed class PartBuffer(PartMemory memory, AlignedBlock block, int size) : IDisposable
{
    private readonly Lock _lock = new();
    private bool _returned;

    /// <summary>How many bytes it takes.</summary>
    public int Size => size;

    /// <summary>How many it holds.</summary>
    public int Length { get; private set; }

    /// <summary>How many it can still take.</summary>
    public int Room => size - Length;

    /// <summary>Takes as many of the bytes as there is room for; returns how many.</summary>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, Room);
        bytes[..taken].CopyTo(block.GetSpan()[Length..]);
        Length += taken;
        return taken;
    }

    /// <summary>Takes what a stream holds, which is no more than there is room for.</summary>
    /// <exception cref="InvalidDataException">The stream holds more.</exception>
    public async Task FillAsync(Stream stream, CancellationToken cancellationToken)
    {
        Length = 0;
        while (true)
        {
            // The last read finds the end, or one byte too much.
            var read = await stream.ReadAsync(Room > 0 ? block.Memory[Length..] : new byte[1], cancellationToken);
            if (read == 0) return;
            if (Room == 0) throw new InvalidDataException("The stream is longer than it was said to be.");
            Length += read;
        }
    }

    /// <summary>Copies bytes out.</summary>
    /// <exception cref="ObjectDisposedException">The memory may be another part's by now.</exception>
    public void Read(int offset, Span<byte> target)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_returned, this);
            block.GetSpan().Slice(offset, target.Length).CopyTo(target);
        }
    }

    /// <summary>A stream over what it holds now, behind a head.</summary>
    public PartStream Open(ReadOnlyMemory<byte> head) => new(head, this, Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_returned) return;
            _returned = true;
        }

        memory.Return(block, size);
    }
}
