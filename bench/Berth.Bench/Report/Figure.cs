namespace Berth.Bench.Report;

/// <summary>One line of the table. Values are medians of alternating runs.</summary>
internal sealed record Figure
{
    /// <summary>What was measured.</summary>
    public required string Name { get; init; }

    public required string Unit { get; init; }

    /// <summary>Berth's value.</summary>
    public required double Berth { get; init; }

    /// <summary>docker-registry's value, where it has one.</summary>
    public double? Peer { get; init; }

    /// <summary>nginx's value, where it has one.</summary>
    public double? Nginx { get; init; }

    /// <summary>What Berth's value is compared with.</summary>
    public double? Reference { get; init; }

    public Target? Target { get; init; }

    /// <summary>All of Berth's values, in the order of the runs.</summary>
    public IReadOnlyList<double> BerthRuns { get; init; } = [];

    /// <summary>All of the peer's values.</summary>
    public IReadOnlyList<double> PeerRuns { get; init; } = [];

    /// <summary>Processors that the generator used beside Berth.</summary>
    public double? GeneratorBesideBerth { get; init; }

    /// <summary>Processors that the generator used beside the peer.</summary>
    public double? GeneratorBesidePeer { get; init; }

    /// <summary>Processors that anything else on the machine used meanwhile, at most.</summary>
    public double? Others { get; init; }

    public double? Ratio => Reference is { } reference and > 0 ? Berth / reference : null;

    public bool? IsMet => Target?.IsMet(Berth, Ratio);
}

/// <summary>How one operation fares as something grows.</summary>
/// <param name="What">What grows.</param>
/// <param name="Operation">What is measured.</param>
/// <param name="Points">The values at each size.</param>
/// <param name="Flatness">The most that the last p50 may be of the first; null when growth is expected.</param>
internal sealed record Growth(string What, string Operation, IReadOnlyList<GrowthPoint> Points, double? Flatness)
{
    /// <summary>The last p50 over the first.</summary>
    public double Factor => Points[^1].P50 / Math.Max(0.001, Points[0].P50);

    public bool? IsMet => Flatness is { } most ? Factor <= most : null;
}

/// <summary>One size.</summary>
/// <param name="Size">How many there were.</param>
/// <param name="Rate">Operations per second.</param>
/// <param name="P50">Milliseconds that half of the operations did not exceed.</param>
/// <param name="P99">Milliseconds that 99 % did not exceed.</param>
/// <param name="Cpu">Microseconds of the server's processor time for one operation.</param>
internal sealed record GrowthPoint(long Size, double Rate, double P50, double P99, double Cpu);
