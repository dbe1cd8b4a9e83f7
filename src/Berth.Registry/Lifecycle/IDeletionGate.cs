namespace Berth.Registry.Lifecycle;

/// <summary>What stands between garbage collection and the bytes: a backup in progress, and the reserve of the volume.</summary>
public interface IDeletionGate
{
    /// <summary>Enters for one batch of deletions; null while a backup copies bytes. Disposing it leaves.</summary>
    IDisposable? TryEnter();

    /// <summary>Is called after each sweep, when space may have come free: the volume's reserve is taken back.</summary>
    ValueTask AfterSweepAsync(CancellationToken cancellationToken);
}
