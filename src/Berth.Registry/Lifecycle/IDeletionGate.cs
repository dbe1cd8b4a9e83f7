namespace Berth.Registry.Lifecycle;

/// <summary>What stands between garbage collection and the bytes: a backup in progress, and the reserves of the volumes.</summary>
public interface IDeletionGate
{
    /// <summary>Enters for one batch of deletions; null while a backup copies bytes. Disposing it leaves.</summary>
    IDisposable? TryEnter();

    /// <summary>Whether a volume is full, its reserve given free: pushes are refused until that is taken back.</summary>
    bool IsFull { get; }

    /// <summary>Takes back the reserves that were given free, where there is room by now. Is called after each sweep and, while a volume is full, after each batch of deletions.</summary>
    ValueTask TakeReservesBackAsync(CancellationToken cancellationToken);
}
