using Berth.Storage.FileSystem.Operations;
using Microsoft.Win32.SafeHandles;

namespace Berth.Storage.FileSystem;

/// <summary>Reads one open file: on the caller's thread what is in memory, on a thread of the store's own what the disk must be asked for.</summary>
internal sealed class FileBlobReader(StoreParts parts, SafeFileHandle file, string location, long length) : IBlobReader
{
    /// <inheritdoc/>
    public string Location => location;

    /// <inheritdoc/>
    public long Length => length;

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset >= length || buffer.IsEmpty) return 0;
        if (buffer.Length > length - offset) buffer = buffer[..(int)(length - offset)];

        try
        {
            var read = parts.Files.ReadNow(file, buffer.Span, offset);
            if (read < 0)
            {
                read = await parts.Reads.RunAsync(
                    (parts.Files, file, buffer, offset), static work => work.Files.Read(work.file, work.buffer.Span, work.offset), cancellationToken);
            }

            return read > 0 ? read : throw new StorageUnavailableException($"The location '{location}' was cut while it was read.");
        }
        catch (FileOperationException e)
        {
            throw StorageErrors.Translate(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }
}
