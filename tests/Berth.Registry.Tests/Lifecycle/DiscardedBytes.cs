using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>Locations that no row names any more, of uploads that were given up.</summary>
internal static class DiscardedBytes
{
    /// <summary>Makes one, with these bytes or with none; returns where.</summary>
    public static async Task<string> MakeAsync(RegistryHost host, string? bytes = null)
    {
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var caller = new Caller(1, "owner", null, null);
        var id = Guid.NewGuid().ToString("N");
        var upload = new NewUpload(
            id, registry!.Id, RepositoryName.Parse("app"), host.Blobs.NewLocation(), DigestAlgorithm.Sha256, host.Time.GetUtcNow().AddHours(1), null);
        await host.Metadata.OpenUploadAsync(upload, caller, CancellationToken.None);
        if (bytes is not null) await File.WriteAllTextAsync(Path.Combine(host.StoreFolder, "blobs", upload.Location), bytes);
        await host.Metadata.AbortUploadAsync(id, null, caller, CancellationToken.None);
        return upload.Location;
    }

    /// <summary>Those whose bytes are due.</summary>
    public static async Task<List<string>> DueAsync(RegistryHost host) =>
        [.. (await host.Metadata.ListDiscardedAsync(default, 1_000, CancellationToken.None)).Items.Select(discarded => discarded.Location)];

    /// <summary>How many locations of the store have bytes.</summary>
    public static int StandingIn(RegistryHost host) => Directory.EnumerateFiles(Path.Combine(host.StoreFolder, "blobs"), "*", SearchOption.AllDirectories).Count();
}
