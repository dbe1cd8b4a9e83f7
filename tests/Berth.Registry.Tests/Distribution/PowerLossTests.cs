using System.Net;
using Berth.Metadata;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Tests.Hosting;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;
using Berth.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Blobs = Berth.Storage.Tests.Faults.PowerLoss;
using Rows = Berth.Metadata.Tests.Sqlite.Faults.PowerLoss;

namespace Berth.Registry.Tests.Distribution;

/// <summary>
/// Invariants: a 201 is durable, and a row never stands without its bytes. Rows and bytes are recorded together while clients push and
/// delete; then power is lost at any moment, with any part of what was not synced, and both are looked at together.
/// </summary>
public sealed class PowerLossTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_a_loss_of_power_at_any_moment_every_row_has_its_bytes_and_every_201_its_row()
    {
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        var play = await PlayAsync(recorder, recorder);
        await CheckAsync(play, cuts: 150);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_check_notices_bytes_that_are_not_synced_before_their_row(bool skipsFiles, bool skipsFolders)
    {
        var recorder = new RecordingFileOperations(PosixFileOperations.Instance);
        var careless = new CarelessFileOperations(recorder);
        var play = await PlayAsync(recorder, careless, () => (careless.SkipsFiles, careless.SkipsFolders) = (skipsFiles, skipsFolders));
        await Assert.ThrowsAnyAsync<Exception>(() => CheckAsync(play, cuts: 150));
    }

    // Four clients push by every style, then part of it is deleted and collected while pushes go on.
    private static async Task<Play> PlayAsync(RecordingFileOperations recorder, IFileOperations files, Action? started = null)
    {
        var volume = new FaultyVolume { Elsewhere = () => recorder.Count };
        await using var host = await RegistryHost.StartAsync(files: files, volume: volume);
        await host.Collector.SweepAsync(Cancelled); // which takes the clock's first reading
        started?.Invoke();
        var play = new Play(recorder, volume, volume.Count, Path.GetDirectoryName(host.StoreFolder)!);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async worker =>
        {
            for (var round = 0; round < 3; round++) await PushAsync(host.Client, play, $"app{worker}", round);
        }));

        // What no manifest names goes, some by its client's wish and the rest with its lease.
        play.Release();
        foreach (var digest in play.Released.Keys.Take(5)) await host.Client.DeleteBlobAsync("app0", digest);
        host.Time.Advance(2 * host.Grace);
        await Task.WhenAll(host.Collector.SweepAsync(Cancelled), PushAsync(host.Client, play, "late", 0));
        return play;
    }

    private static async Task PushAsync(HttpClient client, Play play, string repository, int round)
    {
        var small = Content(3_000);
        Assert.Equal(HttpStatusCode.Created, await client.PushBlobAsync(repository, small));
        play.Acknowledge(small);

        // The repository is there by now, so that this session has no row before its commit.
        var whole = Content(4_000);
        Assert.Equal(HttpStatusCode.Created, await client.PushBlobByPutAsync(repository, whole));
        play.Acknowledge(whole);

        var large = Content(150_000);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, large);
        var session = (await client.PostAsync($"/v2/{repository}/blobs/uploads/", null, Cancelled)).Headers.Location!.OriginalString;
        foreach (var part in large[..100_000].Chunk(50_000))
            Assert.Equal(HttpStatusCode.Accepted, (await client.PatchAsync(session, new ByteArrayContent(part), Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await client.PutAsync($"{session}?digest={digest}", new ByteArrayContent(large[100_000..]), Cancelled)).StatusCode);
        play.Acknowledge(large);

        if (round != 0) return;
        var kept = Content(2_000);
        Assert.Equal(HttpStatusCode.Created, await client.PushBlobAsync(repository, kept));
        Assert.Equal(HttpStatusCode.Created, await client.PutManifestAsync(repository, "latest", RegistryClientExtensions.Image(kept)));
        play.Acknowledge(kept, isNamed: true);
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        return content;
    }

    private static async Task CheckAsync(Play play, int cuts)
    {
        var (rows, files) = (play.Volume.Events, play.Recorder.Log);
        var random = new Random(20261126);
        for (var cut = 0; cut < cuts; cut++)
        {
            var count = random.Next(play.Start, rows.Count + 1);

            // With these rows, anything may have become of the bytes between the database's last event and its next.
            var (first, last) = (rows[count - 1].Elsewhere, count < rows.Count ? rows[count].Elsewhere : files.Count);
            var point = random.Next(3) switch { 0 => first, 1 => last, _ => random.Next(first, last + 1) };
            var chance = random.Next(3);
            var bytes = Blobs.At(files, Blobs.Durable(files, point), _ => chance == 2 ? random.Next(2) == 0 : chance == 1);
            await CheckAsync(play, rows, count, bytes, random);
        }
    }

    private static async Task CheckAsync(Play play, IReadOnlyList<Berth.Metadata.Tests.Sqlite.Faults.FileEvent> rows, int count, Blobs bytes, Random random)
    {
        var folder = TestFolder.CreateInMemory("berth-survivor-");
        try
        {
            Rows.Build(rows, count, random, folder.FullName);
            await using var metadata = await SqliteMetadataStore.OpenAsync(
                new SqliteOptions { Path = Path.Combine(folder.FullName, "berth.db") }, TimeProvider.System, NoSteps.Instance,
                NullLogger<RelationalMetadataStore>.Instance, Cancelled);
            var blobs = await metadata.WalkBlobsAsync(default, 1_000, Cancelled);
            foreach (var blob in blobs.Where(b => b.State == BlobState.Live))
            {
                var content = Read(blob.Location);
                Assert.True(content.Length == blob.Size, $"{content.Length} of {blob.Size} bytes stand.");
                Assert.Equal(blob.Digest, Digest.Compute(DigestAlgorithm.Sha256, content));
            }

            foreach (var upload in (await metadata.ListUploadsAsync(0, null, 1_000, Cancelled)).Items.Where(u => u is { State: UploadState.Open, Offset: > 0 }))
            {
                using var hash = UploadTransfer.Restore(upload, upload.Algorithm);
                var content = Read(upload.Location);
                Assert.True(content.Length >= upload.Offset, $"{content.Length} of {upload.Offset} bytes of a session stand.");
                Assert.Equal(hash!.Finish(), Digest.Compute(upload.Algorithm, content.AsSpan(0, (int)upload.Offset)));
            }

            var promised = play.Acknowledged.Where(a => a.Value <= count && !(play.Released.TryGetValue(a.Key, out var released) && released < count));
            Assert.Subset(blobs.Where(b => b.State == BlobState.Live).Select(b => b.Digest).ToHashSet(), promised.Select(a => a.Key).ToHashSet());
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        byte[] Read(string location) =>
            bytes.Read(play.Folder, Path.Combine(play.Folder, "store", "blobs", location)) ?? throw new FileNotFoundException("A row stands and its file does not.", location);
    }

    /// <summary>What happened, and what clients were told, by the count of the database's events then.</summary>
    private sealed record Play(RecordingFileOperations Recorder, FaultyVolume Volume, int Start, string Folder)
    {
        public Dictionary<Digest, int> Acknowledged { get; } = [];

        public Dictionary<Digest, int> Released { get; } = [];

        private HashSet<Digest> Named { get; } = [];

        public void Acknowledge(byte[] content, bool isNamed = false)
        {
            var (digest, count) = (Digest.Compute(DigestAlgorithm.Sha256, content), Volume.Count);
            lock (Acknowledged)
            {
                Acknowledged.Add(digest, count);
                if (isNamed) Named.Add(digest);
            }
        }

        /// <summary>From now on, what no manifest names may go.</summary>
        public void Release()
        {
            foreach (var digest in Acknowledged.Keys.Where(d => !Named.Contains(d))) Released[digest] = Volume.Count;
        }
    }
}
