using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Berth.Metadata.Moving;

/// <summary>A digest of rows in their order: two tables have the same one only when they hold the same values. Each value goes in with its kind and length.</summary>
internal sealed class RowHash : IDisposable
{
    private const int BlockSize = 64 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _block = new byte[BlockSize];
    private int _used;

    /// <summary>Rows so far.</summary>
    public long Rows { get; private set; }

    public void AddNull() => Head((byte)'0', 0);

    public void Add(long value) => Head((byte)'n', value);

    public void Add(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Head((byte)'t', length);
        if (length > BlockSize)
        {
            Append(Encoding.UTF8.GetBytes(value));
            return;
        }

        if (length > BlockSize - _used) Flush();
        _used += Encoding.UTF8.GetBytes(value, _block.AsSpan(_used));
    }

    public void Add(ReadOnlySpan<byte> value)
    {
        Head((byte)'b', value.Length);
        Append(value);
    }

    public void EndRow() => Rows++;

    /// <summary>The digest of all rows.</summary>
    public string Finish()
    {
        Flush();
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    private void Head(byte kind, long value)
    {
        if (BlockSize - _used < 9) Flush();
        _block[_used] = kind;
        BinaryPrimitives.WriteInt64LittleEndian(_block.AsSpan(_used + 1), value);
        _used += 9;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BlockSize - _used) Flush();
        if (bytes.Length > BlockSize)
        {
            _hash.AppendData(bytes);
            return;
        }

        bytes.CopyTo(_block.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Flush()
    {
        _hash.AppendData(_block, 0, _used);
        _used = 0;
    }
}
