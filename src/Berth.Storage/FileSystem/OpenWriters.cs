using System.Collections.Concurrent;

namespace Berth.Storage.FileSystem;

/// <summary>
/// The writers at work in this process, one a location. A newcomer fences off the one before it, so that a write that hung can never land
/// on bytes that its successor wrote.
/// </summary>
internal sealed class OpenWriters
{
    private readonly ConcurrentDictionary<string, FileBlobWriter> _writers = new(StringComparer.Ordinal);

    /// <summary>Enters a writer that is opening, behind the one that was at the location before.</summary>
    public void Enter(FileBlobWriter writer) => _writers.AddOrUpdate(
        writer.Location,
        static (_, entering) =>
        {
            entering.Predecessor = null;
            return entering;
        },
        static (_, present, entering) =>
        {
            entering.Predecessor = present;
            return entering;
        },
        writer);

    /// <summary>Whether a writer is at a location.</summary>
    public bool IsOpen(string location) => _writers.ContainsKey(location);

    /// <summary>
    /// Before a location is removed: a writer that still waits for a predecessor which hangs must not make the file anew behind the removal.
    /// </summary>
    public Task RetireAsync(string location) => _writers.TryGetValue(location, out var writer) ? writer.RetireAsync() : Task.CompletedTask;

    /// <summary>Takes a writer out that is done.</summary>
    public void Leave(FileBlobWriter writer) => _writers.TryRemove(new KeyValuePair<string, FileBlobWriter>(writer.Location, writer));
}
