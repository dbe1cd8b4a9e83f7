namespace Berth.Registry.Management;

/// <summary>What the API's document says of one route beyond what its table has.</summary>
/// <param name="Summary">What it does, in one sentence.</param>
internal sealed record RouteNote(string Summary)
{
    /// <summary>The schema of what it answers, with <c>[]</c> for a page of a list; null for none.</summary>
    public string? Answer { get; init; }

    /// <summary>The schema of what is sent; null for none.</summary>
    public string? Body { get; init; }

    /// <summary>Whether a request without a body is refused.</summary>
    public bool NeedsBody { get; init; } = true;

    /// <summary>The statuses of what was done; null for those that the method has as a rule.</summary>
    public int[]? Statuses { get; init; }

    /// <summary>What its list is filtered by; null for nothing.</summary>
    public string? Filter { get; init; }

    /// <summary>Whether it is refused without a filter.</summary>
    public bool NeedsFilter { get; init; }
}
