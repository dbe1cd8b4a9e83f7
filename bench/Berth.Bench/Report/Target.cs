using System.Globalization;

namespace Berth.Bench.Report;

/// <summary>What a figure must reach.</summary>
/// <param name="Bound">The bound, of the ratio to the reference or of the figure itself.</param>
/// <param name="IsFloor">Whether the figure must be at least the bound; else at most.</param>
/// <param name="Absolute">The bound as text when it is of the figure itself, else null.</param>
internal sealed record Target(double Bound, bool IsFloor, string? Absolute = null)
{
    public static Target AtLeast(double ratio) => new(ratio, true);

    public static Target AtMost(double ratio) => new(ratio, false);

    public static Target AtMost(double most, string unit) => new(most, false, string.Create(CultureInfo.InvariantCulture, $"{most:0.##} {unit}"));

    public static Target AtMostBytes(double mebibytes) => new(mebibytes, false, string.Create(CultureInfo.InvariantCulture, $"{mebibytes:0} MiB"));

    public bool IsMet(double value, double? ratio) => (Absolute is null ? ratio : value) is { } judged && (IsFloor ? judged >= Bound : judged <= Bound);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsFloor ? "≥" : "≤")} {Absolute ?? $"{Bound:0.###}×"}");
}
