using Azure;

namespace Berth.Storage.AzureBlob;

/// <summary>
/// The bytes of a blob as the SDK reads them. It asks anew by itself where the connection breaks, and what that ends with is no failure of a stream: here it is one, an <see cref="IOException"/>, as with any
/// other connection that breaks.
/// </summary>
/// <param name="content">The SDK's stream.</param>
/// <param name="end">Whose token it asks anew with, whoever reads by then: a read that is cancelled cancels it, and is the last.</param>
internal sealed class AzureDownload(Stream content, CancellationTokenSource end) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var given = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), end);
        try
        {
            return await content.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            var last = e is AggregateException { InnerExceptions: [.., var inner] } ? inner : e;
            throw new IOException(last is RequestFailedException failed ? AzureFailures.Translate(failed, ofBlocks: false).Message : last.Message, e);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await content.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
            end.Dispose();
        }

        base.Dispose(disposing);
    }
}
