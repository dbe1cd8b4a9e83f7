using System.Buffers.Text;
using System.Text;

namespace Berth.Bench.Load;

/// <summary>
/// Reads one HTTP/1.1 response after another from a connection. The header block is kept until the next response; of the body only the
/// length and, for messages about failures, its start.
/// </summary>
internal sealed class ResponseReader
{
    private const int ExcerptLength = 512;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly byte[] _excerpt = new byte[ExcerptLength];
    private readonly ChunkedBody _chunks = new();
    private int _filled;
    private int _headerLength;
    private long _remaining;
    private bool _isChunked;
    private bool _hasNoBody;

    /// <summary>The status code of the last response.</summary>
    public int Status { get; private set; }

    /// <summary>Bytes of the last response's body, without chunk framing.</summary>
    public long BodyLength { get; private set; }

    /// <summary>The Content-Length that the last response named, or -1.</summary>
    public long ContentLength { get; private set; }

    /// <summary>Where received bytes go.</summary>
    public Span<byte> Space => _buffer.AsSpan(_headerLength == 0 ? _filled : _headerLength);

    /// <summary>The start of the last response's body.</summary>
    public string Excerpt => Encoding.UTF8.GetString(_excerpt, 0, (int)Math.Min(BodyLength, ExcerptLength));

    /// <summary>Forgets the last response.</summary>
    /// <param name="toHead">Whether the next one answers a HEAD.</param>
    public void Expect(bool toHead)
    {
        _filled = _headerLength = 0;
        BodyLength = 0;
        _hasNoBody = toHead;
    }

    /// <summary>Takes bytes that were received into <see cref="Space"/>; true when the response is complete.</summary>
    public bool Take(int received)
    {
        if (_headerLength > 0) return TakeBody(_buffer.AsSpan(_headerLength, received));

        _filled += received;
        var end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8);
        if (end < 0) return _filled < _buffer.Length ? false : throw new BenchException("a response header of more than 64 KiB");

        _headerLength = end + 4;
        ReadHeader(_buffer.AsSpan(0, end + 2));
        if (_hasNoBody || Status is 204 or 304) return true;
        if (!_isChunked && ContentLength < 0) throw new BenchException("a response without length");
        return TakeBody(_buffer.AsSpan(_headerLength, _filled - _headerLength));
    }

    /// <summary>A header of the last response; empty when it has none of that name.</summary>
    public ReadOnlySpan<byte> Header(ReadOnlySpan<byte> lowerCaseName)
    {
        var lines = new HeaderLines(_buffer.AsSpan(0, _headerLength - 2));
        while (lines.TryNext(out var name, out var value))
        {
            if (Ascii.EqualsIgnoreCase(name, lowerCaseName)) return value;
        }

        return default;
    }

    private void ReadHeader(ReadOnlySpan<byte> block)
    {
        if (!block.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(block.Slice(9, 3), out int status, out _))
            throw new BenchException("what came is no HTTP/1.1 response");

        Status = status;
        ContentLength = -1;
        _isChunked = false;
        var lines = new HeaderLines(block);
        while (lines.TryNext(out var name, out var value))
        {
            if (name.Length == 14 && Ascii.EqualsIgnoreCase(name, "content-length"u8) && Utf8Parser.TryParse(value, out long length, out _))
                ContentLength = length;
            else if (name.Length == 17 && Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8))
                _isChunked = true;
        }

        _remaining = ContentLength;
        _chunks.Reset();
    }

    private bool TakeBody(ReadOnlySpan<byte> bytes)
    {
        if (BodyLength < ExcerptLength) bytes[..(int)Math.Min(bytes.Length, ExcerptLength - BodyLength)].CopyTo(_excerpt.AsSpan((int)BodyLength));
        if (_isChunked)
        {
            BodyLength += _chunks.Take(bytes);
            return _chunks.IsComplete;
        }

        if (bytes.Length > _remaining) throw new BenchException("more bytes than the response announced");
        BodyLength += bytes.Length;
        _remaining -= bytes.Length;
        return _remaining == 0;
    }

    private ref struct HeaderLines(ReadOnlySpan<byte> block)
    {
        private ReadOnlySpan<byte> _rest = block[(block.IndexOf((byte)'\n') + 1)..];

        public bool TryNext(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
        {
            name = value = default;
            var end = _rest.IndexOf((byte)'\r');
            if (end <= 0) return false;

            var colon = _rest[..end].IndexOf((byte)':');
            if (colon < 0) throw new BenchException("a header line without a colon");
            name = _rest[..colon];
            value = _rest[(colon + 1)..end].Trim((byte)' ');
            _rest = _rest[Math.Min(_rest.Length, end + 2)..];
            return true;
        }
    }
}
