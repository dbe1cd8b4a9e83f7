using Berth.Metadata.Relational;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;

namespace Berth.Metadata.Tests.Sqlite;

public sealed class PowerLossTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_a_loss_of_power_leaves_every_acknowledged_change_is_whole_and_nothing_is_half_there()
    {
        await using var folder = new StoreFolder();
        var volume = folder.Volume;
        var acknowledged = new List<(int Events, string Tag)>();
        // Small checkpoints, so that cuts fall into them, too.
        await using (var store = await folder.OpenAsync(options => options with
        {
            CheckpointPages = 10,
            CheckpointInterval = TimeSpan.FromMilliseconds(2),
            WalRestartBytes = 200_000,
            IdleTime = TimeSpan.FromMilliseconds(15),
        }))
        {
            for (var round = 0; round < 15; round++)
            {
                await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
                {
                    var tag = $"r{round}-{i}";
                    await PushAsync(folder, store, tag);
                    lock (acknowledged) acknowledged.Add((volume.Count, tag));
                }));
                if (round % 5 == 4) await Task.Delay(30, Token);
            }
        }

        var events = volume.Events;
        Assert.Contains(events, happened => happened.File == "berth.db" && happened.Kind == FileEventKind.Sync);
        var installed = acknowledged.Min(ack => ack.Events);
        var random = new Random(20261124);
        for (var cut = 0; cut < 150; cut++)
        {
            var count = cut == 0 ? events.Count : random.Next(installed, events.Count + 1);
            await CheckSurvivorAsync(events, count, random, [.. acknowledged.Where(ack => ack.Events <= count).Select(ack => ack.Tag)]);
        }
    }

    private static async Task PushAsync(StoreFolder folder, RelationalMetadataStore store, string tag)
    {
        var blob = await folder.PushBlobAsync(store, $"content of {tag}");
        var bytes = System.Text.Encoding.UTF8.GetBytes($"image {tag} {new string('x', 3000)}");
        var body = new Manifest(MediaTypes.OciManifest, null, blob, [blob], [], null, null);
        var manifest = new NewManifest(1, StoreFolder.App, StoreFolder.Describe(bytes).Digest, bytes, body, [Tag.Parse(tag)], false);
        Assert.Equal(PutManifestOutcome.Stored, (await store.PutManifestAsync(manifest, StoreFolder.Alice, Token)).Outcome);
    }

    private static async Task CheckSurvivorAsync(IReadOnlyList<FileEvent> events, int count, Random random, IReadOnlyList<string> acknowledged)
    {
        await using var after = new StoreFolder();
        PowerLoss.Build(events, count, random, after.Folder);
        await using var store = await after.OpenAsync();

        Assert.Empty(await store.CheckAsync(Token));
        var tags = (await store.ListTagsAsync(1, StoreFolder.App, null, 10_000, Token))?.Items ?? [];
        Assert.Subset(tags.ToHashSet(), acknowledged.ToHashSet());
        foreach (var tag in tags)
        {
            // Also those that were not acknowledged are whole when they are there at all.
            var manifest = await store.FindManifestAsync(1, StoreFolder.App, Reference.To(Tag.Parse(tag)), true, Token);
            Assert.Equal(manifest!.Digest, StoreFolder.Describe(manifest.Bytes!).Digest);
            Assert.True((await store.FindBlobAsync(1, StoreFolder.App, StoreFolder.Describe($"content of {tag}").Digest, Token))!.Referenced);
        }
    }
}
