using System.Text.Json;
using Berth.Registry.Events;

namespace Berth.Registry.Tests.Hosting;

/// <summary>Diagnostic logs that are kept in memory, and cannot be written while a test says so.</summary>
internal sealed class KeptLines : IDiagnosticSink
{
    public List<JsonElement> Lines { get; } = [];

    public bool IsFull { get; set; }

    /// <summary>Whether nothing goes on behind lines of the ledger, as when the process is killed.</summary>
    public bool EndsAfterWriting { get; set; }

    public string? FindLastPosition() =>
        Lines.Select(line => line.GetProperty(DiagnosticColumns.LedgerPosition)).LastOrDefault(position => position.ValueKind == JsonValueKind.String) is { ValueKind: JsonValueKind.String } last ? last.GetString() : null;

    public void Write(IReadOnlyList<byte[]> lines)
    {
        if (IsFull) throw new IOException("No space left on device.");
        Lines.AddRange(lines.Select(line =>
        {
            Assert.Equal((byte)'\n', line[^1]);
            Assert.DoesNotContain((byte)'\n', line[..^1]);
            return JsonElement.Parse(line);
        }));
        if (EndsAfterWriting && FindLastPosition() is not null) throw new IOException("The process ended.");
    }
}
