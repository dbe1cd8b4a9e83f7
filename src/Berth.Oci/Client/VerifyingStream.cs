using System.Security.Cryptography;

namespace Berth.Oci.Client;

/// <summary>
/// The content of a download. It ends well only when the bytes read are as many as announced and, where a digest is given, have that digest;
/// otherwise the read that would give the last of them throws. It fails, too, when no byte arrives within the stall limit.
/// </summary>
internal sealed class VerifyingStream(Stream inner, long? length, Digest digest, RegistryClientOptions options) : Stream
{
    private readonly IncrementalHash? _hash = digest.IsDefault
        ? null
        : IncrementalHash.CreateHash(digest.Algorithm == DigestAlgorithm.Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);

    private long _read;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length ?? throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended || buffer.IsEmpty) return 0;
        using var stall = new CancellationTokenSource(options.StallLimit, options.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
        int read;
        try
        {
            read = await inner.ReadAsync(buffer, both.Token);
        }
        catch (OperationCanceledException e) when (stall.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"The download stood still for {options.StallLimit} after {_read} bytes.", e);
        }

        Take(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_ended || count == 0) return 0;
        var read = inner.Read(buffer, offset, count);
        Take(buffer.AsSpan(offset, read));
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash?.Dispose();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _read += bytes.Length;
        if (_read > length) throw new OciException(OciErrorCode.SizeInvalid, $"The registry sent more than the {length} bytes that it announced.", 502);
        _hash?.AppendData(bytes);
        if (bytes.IsEmpty && _read < length) throw new IOException($"The download ended after {_read} of {length} bytes.");
        if (bytes.IsEmpty || _read == length) Finish();
    }

    private void Finish()
    {
        _ended = true;
        if (_hash is null) return;
        Span<byte> hash = stackalloc byte[64];
        var actual = Digest.FromHash(digest.Algorithm, hash[.._hash.GetHashAndReset(hash)]);
        if (actual == digest) return;
        throw new OciException(OciErrorCode.DigestInvalid, $"The registry sent {actual} instead of {digest}; it is not to be used.", 502, digest.ToString());
    }
}
