using System.IO.Pipelines;
using Berth.Storage;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Distribution;

/// <summary>
/// Sends a blob's bytes by large copies straight into the connection's buffers. A client that does not read for as long as the stall
/// limit loses its connection: the server's own limit would grow with what it read before.
/// </summary>
internal sealed class BlobSender(DistributionOptions options, TimeProvider time, DistributionMetrics metrics)
{
    private const int BlockSize = 256 * 1024;

    // What a connection gets where memory is short; asking for more would have it whatever there is.
    private const int LeastBlock = 16 * 1024;

    /// <summary>Sends bytes of an open blob; its length was announced, so an end before it, or an error, breaks the connection.</summary>
    public async Task SendAsync(HttpContext context, IBlobReader reader, long offset, long length)
    {
        var output = context.Response.BodyWriter;
        var end = offset + length;
        using var window = new TransferWindow(options.StallLimit, time, context.RequestAborted);
        while (offset < end)
        {
            var block = output.GetMemory((int)Math.Min(LeastBlock, end - offset));
            var most = (int)Math.Min(BlockSize, end - offset);
            if (block.Length > most) block = block[..most];
            var read = await reader.ReadAsync(offset, block, context.RequestAborted);
            if (read == 0)
            {
                context.Abort();
                return;
            }

            output.Advance(read);
            offset += read;
            metrics.Sent(read);
            var flush = output.FlushAsync(context.RequestAborted);
            var flushed = flush.IsCompletedSuccessfully ? flush.Result : await WaitAsync(flush.AsTask(), window, context);
            if (flushed.IsCompleted || flushed.IsCanceled) return;
            window.Passed(read);
        }
    }

    private static async Task<FlushResult> WaitAsync(Task<FlushResult> flush, TransferWindow window, HttpContext context)
    {
        while (true)
        {
            try
            {
                return await flush.WaitAsync(window.Token);
            }
            catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
            {
                if (window.TryRenew()) continue;
                context.Abort();
                return new FlushResult(isCanceled: true, isCompleted: false);
            }
        }
    }
}
