namespace Berth.Metadata;

/// <summary>
/// Room on the volume of the metadata that was set aside. When the volume is full it is released, so that deletions, garbage collection and
/// checkpoints go on; pushes are refused until it is in place again, which is its owner's to see to.
/// </summary>
public interface IMetadataReserve
{
    /// <summary>Whether it is in place.</summary>
    bool IsHeld { get; }

    /// <summary>Gives the room back to the volume.</summary>
    /// <param name="reason">What needed it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task ReleaseAsync(string reason, CancellationToken cancellationToken);
}
