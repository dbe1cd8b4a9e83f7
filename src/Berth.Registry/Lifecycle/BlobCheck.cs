using System.Buffers;
using Berth.Oci;
using Berth.Storage;
using Berth.Storage.Hashing;

namespace Berth.Registry.Lifecycle;

/// <summary>Reads stored blobs to see whether they still have their digest.</summary>
internal static class BlobCheck
{
    private const int BlockSize = 256 * 1024;

    /// <summary>Whether the bytes at a location have the digest.</summary>
    /// <param name="store">The blob store.</param>
    /// <param name="location">The location.</param>
    /// <param name="size">The size that the row says.</param>
    /// <param name="digest">The digest that the row says.</param>
    /// <param name="afterBlock">Is awaited after each block with its length; may slow the reading down. Null for full speed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="BlobMissingException">The location is absent or has another size.</exception>
    public static async Task<bool> HasDigestAsync(
        IBlobStore store, string location, long size, Digest digest, Func<int, ValueTask>? afterBlock, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            using var hash = ContentHash.Create(digest.Algorithm);
            await using var reader = await store.OpenAsync(location, size, cancellationToken);
            for (long offset = 0; offset < size;)
            {
                var read = await reader.ReadAsync(offset, buffer, cancellationToken);
                if (read == 0) return false;
                hash.Append(buffer.AsSpan(0, read));
                offset += read;
                if (afterBlock is not null) await afterBlock(read);
            }

            return hash.Finish() == digest;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
