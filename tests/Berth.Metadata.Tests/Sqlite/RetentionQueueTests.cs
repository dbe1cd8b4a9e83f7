using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>The queue of untagged manifests only says where to look: what the rows say decides.</summary>
public sealed class RetentionQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tagged_manifest_that_stands_in_the_queue_all_the_same_stays()
    {
        await using var folder = new StoreFolder();
        var (tagged, untagged) = (StoreFolder.Manifest("tagged", tags: "v1"), StoreFolder.Manifest("untagged"));
        await using (var store = await folder.OpenAsync())
        {
            foreach (var manifest in (NewManifest[])[tagged, untagged]) await store.PutManifestAsync(manifest, StoreFolder.Alice, Token);
            await store.UpdateRegistryAsync(1, new RegistryChanges { Retention = new(true, 1) }, StoreFolder.Alice, Token);
        }

        using (var session = SessionPragmas.OpenWriter(folder.Options))
            session.RunScript("INSERT OR REPLACE INTO manifest_waits (manifest_id, registry_id, kind, since, pushed_at) SELECT id, 1, 1, 0, 0 FROM manifests");

        await using var again = await folder.OpenAsync();
        var step = await again.DeleteUntaggedAsync(TimeSpan.FromHours(1), 100, Token);
        Assert.Equal((1, 1), (step.Deleted, step.PutOff));
        Assert.Equal(tagged.Bytes, (await again.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse("v1")), true, Token))!.Bytes);
        Assert.Null(await again.FindManifestAsync(1, StoreFolder.App, Reference.To(untagged.Digest), true, Token));
    }
}
