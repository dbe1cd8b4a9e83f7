using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>A registry whose deleted content can be restored, and the few acts that its suites are made of.</summary>
public abstract class KeptDeletions<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    protected const int Days = 30;

    protected Task KeepAsync() => SetAsync(isEnabled: true, Days);

    protected async Task SetAsync(bool isEnabled, int? days) =>
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(isEnabled, days) }, Alice, Token);

    protected Task<DeleteResult> DeleteAsync(NewManifest manifest) => Store.DeleteManifestAsync(Registry, App, manifest.Digest, Now + Grace, Alice, Token);

    protected Task<RestoreResult> RestoreAsync(NewManifest manifest, Tag? tag = null, bool force = false) =>
        Store.RestoreManifestAsync(Registry, App, manifest.Digest, tag, force, Alice, Token);

    protected Task<DeleteResult> PurgeAsync(NewManifest manifest) => Store.PurgeManifestAsync(Registry, App, manifest.Digest, Now + Grace, Alice, Token);

    /// <summary>All that is due.</summary>
    protected async Task<ExpiryResult> ExpireAsync()
    {
        var all = default(ExpiryResult);
        while (true)
        {
            var step = await Store.ExpireDeletedAsync(Grace, 100, Token);
            all = all with { Deleted = all.Deleted + step.Deleted, PutOff = all.PutOff + step.PutOff, Tags = all.Tags + step.Tags };
            if (!step.More) return all;
        }
    }
}
