using Berth.Storage;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>
/// Sends a blob's bytes by large copies straight into the connection's buffers. The server's write timeouts bound a client that
/// does not read.
/// </summary>
internal sealed class BlobSender(DistributionMetrics metrics)
{
    private const int BlockSize = 256 * 1024;

    /// <summary>Sends bytes of an open blob; its length was announced, so an end before it, or an error, breaks the connection.</summary>
    public async Task SendAsync(HttpContext context, IBlobReader reader, long offset, long length)
    {
        var output = context.Response.BodyWriter;
        var end = offset + length;
        while (offset < end)
        {
            var block = output.GetMemory((int)Math.Min(BlockSize, end - offset));
            if (block.Length > end - offset) block = block[..(int)(end - offset)];
            var read = await reader.ReadAsync(offset, block, context.RequestAborted);
            if (read == 0)
            {
                context.Abort();
                return;
            }

            output.Advance(read);
            offset += read;
            metrics.Sent(read);
            var flushed = await output.FlushAsync(context.RequestAborted);
            if (flushed.IsCompleted || flushed.IsCanceled) return;
        }
    }
}
