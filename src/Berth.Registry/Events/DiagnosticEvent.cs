namespace Berth.Registry.Events;

/// <summary>What one line of the diagnostic logs says; events that are equal share one.</summary>
internal sealed record DiagnosticEvent(string Category, string Operation, long RegistryId)
{
    /// <summary>The answer's status.</summary>
    public int Status { get; init; }

    /// <summary>Who it was, as far as that was known; at most 64 characters.</summary>
    public string Identity { get; init; } = "";

    /// <summary>The caller's address.</summary>
    public string? Address { get; init; }

    /// <summary>The client's program.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The repository.</summary>
    public string? Repository { get; init; }

    /// <summary>The tag.</summary>
    public string? Tag { get; init; }

    /// <summary>The manifest's digest.</summary>
    public string? Digest { get; init; }

    /// <summary>The manifest's media type.</summary>
    public string? MediaType { get; init; }

    /// <summary>The manifest's artifact type.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The manifest's size in bytes.</summary>
    public long? Size { get; init; }
}

/// <summary>When and how often a line's event happened.</summary>
/// <param name="At">When the last one did.</param>
/// <param name="Count">How many there were.</param>
/// <param name="CorrelationId">The last one's request id.</param>
/// <param name="DurationMs">How long the last one took; null where nobody measured that.</param>
/// <param name="LedgerPosition">The record of the ledger that it is made of, or null.</param>
internal sealed record DiagnosticOccurrence(DateTimeOffset At, long Count, string? CorrelationId, double? DurationMs, string? LedgerPosition);
