namespace Berth.Storage.ObjectStore;

/// <summary>A head, then bytes of a part; as a service's client wants it: with a length, and readable again from any place.</summary>
internal sealed class PartStream(ReadOnlyMemory<byte> head, PartBuffer? part, int length) : Stream
{
    private long _position;

    /// <summary>A stream of bytes at hand.</summary>
    public PartStream(ReadOnlyMemory<byte> bytes) : this(bytes, null, 0)
    {
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => head.Length + length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        var rest = Length - _position;
        if (rest <= 0 || buffer.IsEmpty) return 0;
        int read;
        if (_position < head.Length)
        {
            read = (int)Math.Min(buffer.Length, head.Length - _position);
            head.Span.Slice((int)_position, read).CopyTo(buffer);
        }
        else
        {
            read = (int)Math.Min(buffer.Length, rest);
            part!.Read((int)(_position - head.Length), buffer[..read]);
        }

        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(buffer.Span));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
