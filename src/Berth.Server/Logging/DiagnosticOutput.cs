using Berth.Registry.Events;

namespace Berth.Server.Logging;

/// <summary>The diagnostic logs on the standard output. What was read from it is not known here: after a crash lines of the last seconds may come again.</summary>
internal sealed class DiagnosticOutput(Stream output) : IDiagnosticSink
{
    /// <inheritdoc/>
    public string? FindLastPosition() => null;

    /// <inheritdoc/>
    public void Write(IReadOnlyList<byte[]> lines)
    {
        foreach (var line in lines) output.Write(line);
        output.Flush();
    }
}
