namespace Berth.Metadata;

/// <summary>
/// What a job does under its lease: until it is disposed, each change of rows that this flow of work makes is refused when somebody else has taken the lease over
/// since, in the transaction of the change itself. A job that stood still for minutes and goes on then does no harm.
/// </summary>
public sealed class LeaseFence : IDisposable
{
    private static readonly AsyncLocal<Lease?> Held = new();

    private readonly Lease? _before;

    private LeaseFence(Lease? before) => _before = before;

    /// <summary>The lease that this flow of work is under; null for none.</summary>
    internal static Lease? Current => Held.Value;

    /// <summary>Puts what follows in this flow of work under the lease.</summary>
    public static LeaseFence Enter(Lease lease)
    {
        var fence = new LeaseFence(Held.Value);
        Held.Value = lease;
        return fence;
    }

    /// <inheritdoc/>
    public void Dispose() => Held.Value = _before;
}
