namespace Berth.Metadata;

/// <summary>
/// What the policies of registries delete when its time has come. Every step takes a bounded batch of what is due, and decides about each once more in the
/// transaction that deletes it.
/// </summary>
public interface IExpiry
{
    /// <summary>
    /// Deletes manifests without a tag whose registry has them deleted after so many days. One that is locked, listed by an index, refers to a manifest that is
    /// there, or was pushed within the grace is looked at again later. Untagged referrers and children that nothing else names go with it.
    /// </summary>
    Task<ExpiryResult> DeleteUntaggedAsync(TimeSpan grace, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes referrers, in any registry, that were pushed so long ago before their subjects, which have not come to their repositories since. What keeps an untagged manifest keeps
    /// such a one, and so does a tag: it is looked at again later. Untagged referrers of it go with it.
    /// </summary>
    Task<ExpiryResult> ExpireReferrersAsync(TimeSpan age, TimeSpan grace, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes for good what was deleted as many days ago as its registry keeps it, and forgets deleted tags of that age. A manifest goes after the indexes that
    /// list it, deleted or not. Blobs that lose their last manifest get a lease of one grace.
    /// </summary>
    Task<ExpiryResult> ExpireDeletedAsync(TimeSpan grace, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes for good, whatever its time, some of the deleted content of a registry that is being deleted for good; false when none was left.</summary>
    Task<bool> PurgeDeletedStepAsync(long registryId, TimeSpan grace, int limit, CancellationToken cancellationToken);
}

/// <summary>What a batch of a policy did.</summary>
/// <param name="Deleted">Manifests deleted, those that went with another included.</param>
/// <param name="PutOff">Manifests that are looked at again later.</param>
/// <param name="Tags">Deleted tags forgotten.</param>
/// <param name="Restorable">Of the manifests deleted, those that can be restored.</param>
/// <param name="More">Whether more may be due.</param>
public readonly record struct ExpiryResult(int Deleted, int PutOff, int Tags, int Restorable, bool More);
