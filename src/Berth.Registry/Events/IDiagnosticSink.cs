namespace Berth.Registry.Events;

/// <summary>Where the lines of the diagnostic logs go: the host's to choose.</summary>
public interface IDiagnosticSink
{
    /// <summary>Up to which record of the ledger it holds lines, in the words of <see cref="DiagnosticColumns.LedgerPosition"/>; null where it holds none, or cannot know.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    string? FindLastPosition();

    /// <summary>Takes lines, each with its line feed; they are durable when it returns, where the sink can say so.</summary>
    /// <exception cref="IOException">They cannot be written; none of them counts as written.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be written.</exception>
    void Write(IReadOnlyList<byte[]> lines);
}
