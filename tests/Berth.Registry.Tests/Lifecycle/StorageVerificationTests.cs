using System.Net;
using System.Security.Cryptography;
using System.Text;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Storage;

namespace Berth.Registry.Tests.Lifecycle;

public sealed class StorageVerificationTests
{
    private static readonly byte[] Layer = "a layer of some length"u8.ToArray();

    /// <summary>What may have happened to a file.</summary>
    public enum Fate
    {
        Changed,
        Truncated,
        Lost,
    }

    [Theory]
    [InlineData(Fate.Changed, VerificationMode.Mark)]
    [InlineData(Fate.Truncated, VerificationMode.Mark)]
    [InlineData(Fate.Lost, VerificationMode.Mark)]
    [InlineData(Fate.Lost, VerificationMode.Repair)]
    [InlineData(Fate.Changed, VerificationMode.DryRun)]
    [InlineData(Fate.Truncated, VerificationMode.DryRun)]
    [InlineData(Fate.Lost, VerificationMode.DryRun)]
    public async Task A_manifest_whose_layer_is_damaged_or_missing_is_named_as_incomplete(Fate fate, VerificationMode mode)
    {
        await using var host = await RegistryHost.StartAsync();
        var hurt = await PushImageAsync(host, "team/hurt", Layer);
        await PushImageAsync(host, "team/whole", "another layer"u8.ToArray());
        var digest = Digest.Compute(DigestAlgorithm.Sha256, Layer);
        Hurt(await FileOfAsync(host, digest), fate);

        var (result, findings, _) = await VerifyAsync(host, mode);

        Assert.False(result.IsSound);
        Assert.Equal((2, 2), (result.Blobs, result.Manifests));
        Assert.Equal(digest.ToString(), Assert.Single(findings, f => f.Kind == FindingKind.Damaged).What);
        var incomplete = Assert.Single(findings, f => f.Kind == FindingKind.Incomplete);
        Assert.Equal($"local/team/hurt@{hurt}", incomplete.What);
        Assert.Contains(digest.ToString(), incomplete.Sentence, StringComparison.Ordinal);
        Assert.Equal(2, findings.Count);
        if (mode == VerificationMode.DryRun) return;

        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("team/hurt", digest));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/hurt", Layer));
        (result, findings, _) = await VerifyAsync(host, VerificationMode.Repair);
        Assert.True(result.IsSound);
        Assert.DoesNotContain(findings, f => f.Kind != FindingKind.Orphan);
    }

    [Fact]
    public async Task A_dry_run_changes_neither_rows_nor_files()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushImageAsync(host, "app", Layer);
        await host.Client.PushBlobAsync("app", "a blob that was marked damaged, but is good"u8.ToArray());
        var good = Assert.Single(await host.Metadata.WalkBlobsAsync(default, 10, CancellationToken.None), b => b.Size != Layer.Length);
        await host.Metadata.MarkDamagedAsync(good.Digest, good.Location, CancellationToken.None);
        Hurt(await FileOfAsync(host, Digest.Compute(DigestAlgorithm.Sha256, Layer)), Fate.Changed);
        var orphan = host.Blobs.NewLocation();
        await File.WriteAllTextAsync(Path.Combine(host.StoreFolder, "blobs", orphan), "bytes without a row");
        var (rows, files) = (await RowsAsync(host), Files(host));

        var (result, findings, _) = await VerifyAsync(host, VerificationMode.DryRun);

        Assert.Equal(
            [FindingKind.Damaged, FindingKind.Damaged, FindingKind.Incomplete, FindingKind.Orphan], findings.Select(f => f.Kind).Order());
        Assert.False(result.IsSound);
        Assert.Equal(rows, await RowsAsync(host));
        Assert.Equal(files, Files(host));

        await VerifyAsync(host, VerificationMode.Repair);
        Assert.NotEqual(rows, await RowsAsync(host));
        Assert.NotEqual(files, Files(host));
    }

    [Fact]
    public async Task A_blob_that_is_collected_or_pushed_anew_beside_a_dry_run_is_not_damaged()
    {
        await using var host = await RegistryHost.StartAsync();
        var blobs = Enumerable.Range(0, 6).Select(i => Encoding.UTF8.GetBytes($"blob {i}")).ToList();
        foreach (var blob in blobs) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", blob));

        // Its page is read by then; half of them come back.
        await using var store = new Meanwhile(host.Blobs, async () =>
        {
            foreach (var blob in blobs) Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteBlobAsync("app", Digest.Compute(DigestAlgorithm.Sha256, blob)));
            for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);
            foreach (var blob in blobs.Take(3)) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", blob));
        });

        var (result, findings, _) = await VerifyAsync(host, VerificationMode.DryRun, store);

        Assert.Equal(6, result.Blobs);
        Assert.DoesNotContain(findings, f => f.Kind == FindingKind.Damaged);
        Assert.True(result.IsSound);
    }

    [Fact]
    public async Task Bytes_without_a_row_do_not_make_an_installation_unsound()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushImageAsync(host, "app", Layer);
        var orphan = host.Blobs.NewLocation();
        await File.WriteAllTextAsync(Path.Combine(host.StoreFolder, "blobs", orphan), "bytes without a row");

        var (result, findings, _) = await VerifyAsync(host, VerificationMode.Mark);

        Assert.True(result.IsSound);
        Assert.Equal((FindingKind.Orphan, orphan), (Assert.Single(findings).Kind, findings[0].What));
    }

    [Fact]
    public async Task Each_step_reports_its_progress_from_the_first_part_to_all_of_it()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 5; i++) await PushImageAsync(host, $"app{i}", Encoding.UTF8.GetBytes($"layer {i}"));

        var (_, _, progress) = await VerifyAsync(host, VerificationMode.DryRun);

        Assert.Equal([VerificationStep.Blobs, VerificationStep.Manifests, VerificationStep.Locations], progress.Select(p => p.Step));
        Assert.Equal([5L * "layer 0".Length, 5L, 5L], progress.Select(p => p.Reports[^1].Total));
        Assert.All(progress, step =>
        {
            Assert.All(step.Reports, r => Assert.Equal(step.Reports[0].Total, r.Total));
            Assert.Equal(step.Reports.OrderBy(r => r.Done), step.Reports);
            Assert.Equal(step.Reports[^1].Total, step.Reports[^1].Done);
        });
        Assert.InRange(progress[1].Reports.Count, 5, 6);
    }

    [Fact]
    public async Task Deleted_content_that_can_be_restored_is_found_sound()
    {
        await using var host = await Artifacts.DeletedContentTests.StartAsync();
        await PushImageAsync(host, "app", Layer);
        var index = RegistryClientExtensions.Index(RegistryClientExtensions.Image(Layer));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "multi", index, MediaTypes.OciIndex));
        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri("/acr/v1/app", UriKind.Relative))).StatusCode);

        var (result, findings, _) = await VerifyAsync(host, VerificationMode.Repair);

        Assert.Empty(findings);
        Assert.Equal((true, 2), (result.IsSound, result.Manifests));
    }

    private static async Task<(VerificationResult Result, List<Finding> Findings, List<Reported> Progress)> VerifyAsync(
        RegistryHost host, VerificationMode mode, IBlobStore? store = null)
    {
        var (findings, progress) = (new List<Finding>(), new List<Reported>());
        var result = await new StorageVerification(host.Metadata, store ?? host.Blobs).RunAsync(
            mode,
            findings.Add,
            step =>
            {
                progress.Add(new Reported(step));
                return progress[^1];
            },
            CancellationToken.None);
        Assert.All(Enum.GetValues<FindingKind>(), kind => Assert.Equal(findings.Count(f => f.Kind == kind), result.Count(kind)));
        return (result, findings, progress);
    }

    private static async Task<Digest> PushImageAsync(RegistryHost host, string repository, byte[] layer)
    {
        var image = RegistryClientExtensions.Image(layer);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(repository, layer));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "latest", image));
        return Digest.Compute(DigestAlgorithm.Sha256, image);
    }

    private static async Task<string> FileOfAsync(RegistryHost host, Digest digest) =>
        Path.Combine(host.StoreFolder, "blobs", (await host.Metadata.FindStoredBlobAsync(digest, CancellationToken.None))!.Location);

    private static void Hurt(string file, Fate fate)
    {
        if (fate == Fate.Lost)
        {
            File.Delete(file);
            return;
        }

        using var stream = File.OpenWrite(file);
        if (fate == Fate.Truncated) stream.SetLength(stream.Length - 1);
        else stream.WriteByte((byte)'X');
    }

    // A snapshot is the same bytes as long as no row changed.
    private static async Task<string> RowsAsync(RegistryHost host)
    {
        var path = Path.Combine(host.StoreFolder, "..", $"{Guid.NewGuid():N}.db");
        await SqliteSnapshot.CopyAsync(new SqliteOptions { Path = host.DatabasePath }, path, CancellationToken.None);
        return Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path)));
    }

    private static List<string> Files(RegistryHost host) =>
    [
        .. Directory.EnumerateFiles(host.StoreFolder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => $"{file} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}"),
    ];

    private sealed class Reported(VerificationStep step) : IProgress<(long Done, long Total)>
    {
        public VerificationStep Step => step;

        public List<(long Done, long Total)> Reports { get; } = [];

        public void Report((long Done, long Total) value) => Reports.Add(value);
    }
}
