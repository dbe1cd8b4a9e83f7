using System.Collections.Concurrent;

namespace Berth.Storage.FileSystem;

/// <summary>
/// The writers at work in this process, one a location. A newcomer fences off the one before it, so that a write that hung can never land
/// on bytes that its successor wrote.
/// </summary>
internal sealed class OpenWriters
{
    private readonly ConcurrentDictionary<string, FileBlobWriter> _writers = new(StringComparer.Ordinal);

    /// <summary>Enters a writer that is opening; the task completes when its predecessor can write no more.</summary>
    public Task Enter(FileBlobWriter writer)
    {
        FileBlobWriter? previous = null;
        _writers.AddOrUpdate(
            writer.Location,
            _ =>
            {
                previous = null;
                return writer;
            },
            (_, present) =>
            {
                previous = present;
                return writer;
            });
        return previous?.FenceAsync() ?? Task.CompletedTask;
    }

    /// <summary>Takes a writer out that is done.</summary>
    public void Leave(FileBlobWriter writer) => _writers.TryRemove(new KeyValuePair<string, FileBlobWriter>(writer.Location, writer));
}
