namespace Berth.Registry.Throttling;

/// <summary>
/// How much of a limit this process may give out, where several serve the same registries: the parts of all of them together are about 1. It is asked once for each request that
/// a limit counts, so that it knows how much is asked for here.
/// </summary>
internal interface INodeShare
{
    /// <summary>The part, above 0 and at most 1.</summary>
    /// <param name="key">Whose limit.</param>
    /// <param name="perMinute">The limit, at all processes together.</param>
    double Of(in LimitKey key, int perMinute);
}

/// <summary>The share of a process that serves alone.</summary>
internal sealed class WholeShare : INodeShare
{
    /// <inheritdoc/>
    public double Of(in LimitKey key, int perMinute) => 1;
}
