namespace Berth.Registry.Throttling;

/// <summary>How many requests of a class are served a minute.</summary>
/// <param name="Total">From all callers of a registry together; 0 for no limit.</param>
/// <param name="PerCaller">From one identity, or from one address without one; 0 for no limit.</param>
internal readonly record struct RateLimit(int Total, int PerCaller)
{
    /// <summary>No limit.</summary>
    public static readonly RateLimit None;

    /// <summary>The limit with what an operator set in its place.</summary>
    public RateLimit With(ClassLimitOptions options) => new(options.Total ?? Total, options.PerCaller ?? PerCaller);
}
