using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>A server whose database is on a small volume of its own, apart from the bytes, where one may be mounted.</summary>
public sealed class DatabaseVolume : ServerFixture
{
    private readonly string _data = Directory.CreateTempSubdirectory("berth-volumes-").FullName;
    private bool _mounted;

    /// <summary>The folder of the database.</summary>
    public string Metadata => Path.Combine(_data, "metadata");

    /// <inheritdoc/>
    protected override string? Data => _data;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["BERTH_Lifecycle__Grace"] = "00:00:02",
        ["BERTH_Lifecycle__Interval"] = "00:00:01",
    };

    /// <summary>Skips the test where no volume can be mounted, or fails it on continuous integration.</summary>
    public void RequireVolume()
    {
        if (!_mounted) Tool.Lacking("A volume cannot be mounted here.");
    }

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Metadata);
        var mount = await Tool.RunAsync(Tool.Find("mount") ?? "/bin/mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", Metadata], Folder);
        _mounted = mount.Status == 0;
        if (_mounted) await base.InitializeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_mounted) await Tool.RunAsync(Tool.Find("umount") ?? "/bin/umount", [Metadata], "/");
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>The volume of the database alone is full: its own reserve keeps deletions going, and pushes come back by themselves.</summary>
public sealed class FullDatabaseVolumeTests(DatabaseVolume fixture) : EndToEndTest<DatabaseVolume>(fixture, onlyEmbedded: true)
{
    public override ValueTask InitializeAsync()
    {
        Fixture.RequireVolume();
        return base.InitializeAsync();
    }

    [Fact]
    public async Task A_full_volume_of_the_database_refuses_pushes_takes_deletions_and_recovers_by_itself()
    {
        var kept = await Client.PushImageAsync(Repo, "kept");
        var gone = await Client.PushImageAsync(Repo, "gone");
        var reserve = new FileInfo(Path.Combine(Fixture.Metadata, "reserve"));
        Assert.Equal(8 << 20, reserve.Length);

        var filler = Path.Combine(Fixture.Metadata, "filler");
        Fill(filler);
        (await PushUntilAsync(507)).ExpectError(507, "STORAGE_FULL");
        (await Client.GetManifestAsync(Repo, "kept")).Expect(200).ExpectBody(kept.Bytes);
        (await Client.DeleteAsync($"/v2/{Repo}/manifests/{gone.Digest}")).Expect(202);
        (await Client.GetManifestAsync(Repo, gone.Digest)).Expect(404);
        reserve.Refresh();
        Assert.Equal(0, reserve.Length);

        File.Delete(filler);
        (await PushUntilAsync(201)).Expect(201);
        reserve.Refresh();
        Assert.Equal(8 << 20, reserve.Length);
        (await Client.GetManifestAsync(Repo, "kept")).Expect(200).ExpectBody(kept.Bytes);
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var block = new byte[64 * 1024]; block.Length > 0;)
        {
            try
            {
                file.Write(block);
            }
            catch (IOException)
            {
                // Full but for less than a block: the next smaller one fills the rest.
                block = new byte[block.Length / 16];
            }
        }
    }

    private async Task<Reply> PushUntilAsync(int status)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var blob = BlobContent.Layer(4_000);
            var reply = await Client.SendBlobAsync(Repo, blob.Bytes, blob.Digest, PushStyle.Post);
            if (reply.Status == status || clock.Elapsed > TimeSpan.FromSeconds(60)) return reply;
            await Task.Delay(20);
        }
    }
}
