namespace Berth.Bench.Load;

/// <summary>Skips through the framing of a chunked body (RFC 9112, 7.1) as it comes.</summary>
internal sealed class ChunkedBody
{
    private enum Place
    {
        Size,
        Extension,
        Data,
        DataEnd,
        Trailer,
        Complete,
    }

    private Place _place;
    private long _size;
    private int _lineLength;

    public bool IsComplete => _place == Place.Complete;

    public void Reset()
    {
        _place = Place.Size;
        _size = 0;
        _lineLength = 0;
    }

    /// <summary>Takes bytes; returns how many of them are content.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        var content = 0;
        for (var i = 0; i < bytes.Length;)
        {
            if (_place == Place.Data)
            {
                var part = (int)Math.Min(_size, bytes.Length - i);
                content += part;
                _size -= part;
                i += part;
                if (_size == 0) _place = Place.DataEnd;
                continue;
            }

            TakeFraming(bytes[i++]);
        }

        return content;
    }

    private void TakeFraming(byte b)
    {
        switch (_place)
        {
            case Place.Size when b == ';':
                _place = Place.Extension;
                break;
            case Place.Size or Place.Extension when b == '\n':
                _place = _size == 0 ? Place.Trailer : Place.Data;
                _lineLength = 0;
                break;
            case Place.Size when b != '\r':
                _size = (_size << 4) + Convert.ToInt32(((char)b).ToString(), 16);
                break;
            case Place.DataEnd when b == '\n':
                _place = Place.Size;
                break;
            case Place.Trailer when b == '\n':
                if (_lineLength == 0) _place = Place.Complete;
                _lineLength = 0;
                break;
            case Place.Trailer when b != '\r':
                _lineLength++;
                break;
            case Place.Complete:
                throw new BenchException("bytes after the last chunk");
        }
    }
}
