using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Berth.Bench.Load;

/// <summary>Many bytes out of little memory: one random block again and again, with a serial number at the end that makes them unique.</summary>
internal sealed class LargeContent
{
    private const int BlockSize = 1 << 20;

    private static readonly byte[] Block = RandomNumberGenerator.GetBytes(BlockSize);
    private static long _lastSerial;

    private readonly byte[] _lastBlock = (byte[])Block.Clone();

    public LargeContent(long size)
    {
        Size = size / BlockSize * BlockSize;
        BinaryPrimitives.WriteInt64LittleEndian(_lastBlock.AsSpan(BlockSize - 8), Interlocked.Increment(ref _lastSerial));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var block in Blocks()) hash.AppendData(block);
        Digest = "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public long Size { get; }

    public string Digest { get; }

    public void SendTo(Wire wire)
    {
        foreach (var block in Blocks()) wire.Send(block);
    }

    public void WriteTo(string path)
    {
        using var file = File.Create(path);
        foreach (var block in Blocks()) file.Write(block);
    }

    private IEnumerable<byte[]> Blocks()
    {
        for (long at = 0; at < Size - BlockSize; at += BlockSize) yield return Block;
        yield return _lastBlock;
    }
}
