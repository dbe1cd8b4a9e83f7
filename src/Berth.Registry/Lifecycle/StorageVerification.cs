using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Reads the whole store: every blob has its digest, every manifest has its digest and all that it names, every location belongs to a
/// row. For an installation that is not being served.
/// </summary>
public sealed class StorageVerification(IMetadataStore metadata, IBlobStore store)
{
    private const int PageSize = 500;

    /// <summary>Verifies.</summary>
    /// <param name="mode">What is done about what is found.</param>
    /// <param name="report">Is told of each finding as it is made.</param>
    /// <param name="progress">Is told how many bytes of blobs were read, of how many.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<VerificationResult> RunAsync(
        VerificationMode mode, Action<Finding> report, IProgress<(long Read, long Total)> progress, CancellationToken cancellationToken)
    {
        var result = new VerificationResult();
        void Found(FindingKind kind, string what, string sentence)
        {
            result.Add(kind);
            report(new Finding(kind, what, sentence));
        }

        foreach (var sentence in await metadata.CheckAsync(cancellationToken)) Found(FindingKind.Metadata, "metadata", sentence);
        await CheckBlobsAsync(mode, Found, result, progress, cancellationToken);
        await CheckManifestsAsync(Found, result, cancellationToken);
        await CheckLocationsAsync(mode, Found, cancellationToken);
        return result;
    }

    private async Task CheckBlobsAsync(
        VerificationMode mode, Action<FindingKind, string, string> found, VerificationResult result, IProgress<(long Read, long Total)> progress,
        CancellationToken cancellationToken)
    {
        var total = (await metadata.ReadTotalsAsync(cancellationToken)).BlobBytes;
        long read = 0;
        var after = default(Digest);
        while (await metadata.WalkBlobsAsync(after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var blob in page)
            {
                after = blob.Digest;
                result.Blobs++;
                var good = await IsGoodAsync(blob, bytes => progress.Report((read += bytes, total)), cancellationToken);
                if (good && blob.State == BlobState.Live) continue;
                await SettleAsync(blob, good, mode, found, cancellationToken);
            }
        }
    }

    private async Task<bool> IsGoodAsync(StoredBlobRecord blob, Action<int> afterBlock, CancellationToken cancellationToken)
    {
        try
        {
            return await BlobCheck.HasDigestAsync(
                store, blob.Location, blob.Size, blob.Digest,
                bytes =>
                {
                    afterBlock(bytes);
                    return ValueTask.CompletedTask;
                },
                cancellationToken);
        }
        catch (BlobMissingException)
        {
            return false;
        }
    }

    private async Task SettleAsync(
        StoredBlobRecord blob, bool good, VerificationMode mode, Action<FindingKind, string, string> found, CancellationToken cancellationToken)
    {
        if (good && mode == VerificationMode.Repair && await metadata.MarkLiveAsync(blob.Digest, blob.Location, cancellationToken))
        {
            found(FindingKind.Repaired, blob.Digest.ToString(), "was marked damaged, but its bytes are good: it is served again");
            return;
        }

        if (good)
        {
            found(FindingKind.Damaged, blob.Digest.ToString(), "is marked damaged, but its bytes are good now: --repair serves it again");
            return;
        }

        if (mode != VerificationMode.DryRun) await metadata.MarkDamagedAsync(blob.Digest, blob.Location, cancellationToken);
        found(FindingKind.Damaged, blob.Digest.ToString(), "is damaged: its bytes are missing or have another digest; push an image that has it to heal it");
    }

    private async Task CheckManifestsAsync(Action<FindingKind, string, string> found, VerificationResult result, CancellationToken cancellationToken)
    {
        long after = 0;
        while (await metadata.WalkManifestsAsync(after, PageSize / 10, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var manifest in page)
            {
                after = manifest.Sequence;
                result.Manifests++;
                var name = $"{manifest.Registry}/{manifest.Repository}@{manifest.Digest}";
                if (Digest.Compute(manifest.Digest.Algorithm, manifest.Bytes) != manifest.Digest)
                    found(FindingKind.Damaged, name, "has other bytes than its digest says");
                foreach (var missing in manifest.Missing)
                    found(FindingKind.Incomplete, name, $"names {missing}, which its repository lacks or which is damaged");
            }
        }
    }

    private async Task CheckLocationsAsync(VerificationMode mode, Action<FindingKind, string, string> found, CancellationToken cancellationToken)
    {
        var batch = new List<string>(PageSize);
        await foreach (var stored in store.ListAsync(cancellationToken))
        {
            batch.Add(stored.Location);
            if (batch.Count < PageSize) continue;
            await CheckLocationsAsync(batch, mode, found, cancellationToken);
            batch.Clear();
        }

        if (batch.Count > 0) await CheckLocationsAsync(batch, mode, found, cancellationToken);
    }

    private async Task CheckLocationsAsync(
        List<string> locations, VerificationMode mode, Action<FindingKind, string, string> found, CancellationToken cancellationToken)
    {
        var known = await metadata.KnownLocationsAsync(locations, cancellationToken);
        foreach (var location in locations)
        {
            if (known.Contains(location)) continue;
            if (mode == VerificationMode.Repair) await store.DeleteAsync(location, cancellationToken);
            found(FindingKind.Orphan, location, mode == VerificationMode.Repair ? "belonged to no row and was removed" : "belongs to no row: --repair removes it");
        }
    }
}

/// <summary>What verification does about what it finds.</summary>
public enum VerificationMode
{
    /// <summary>Damaged blobs are marked absent, so that they are not served and a push heals them.</summary>
    Mark,

    /// <summary>Nothing is changed.</summary>
    DryRun,

    /// <summary>As <see cref="Mark"/>; also blobs that are good again are served again, and bytes without a row are removed.</summary>
    Repair,
}

/// <summary>The kinds of findings.</summary>
public enum FindingKind
{
    /// <summary>The metadata store itself is not sound.</summary>
    Metadata,

    /// <summary>Content does not have its digest, or is missing.</summary>
    Damaged,

    /// <summary>A manifest names content that is not there.</summary>
    Incomplete,

    /// <summary>Bytes without a row; harmless.</summary>
    Orphan,

    /// <summary>Something was put right.</summary>
    Repaired,
}

/// <summary>One finding.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="What">The digest, manifest or location it is about.</param>
/// <param name="Sentence">What is the matter with it.</param>
public readonly record struct Finding(FindingKind Kind, string What, string Sentence);

/// <summary>What verification looked at and found.</summary>
public sealed class VerificationResult
{
    private readonly int[] _found = new int[Enum.GetValues<FindingKind>().Length];

    /// <summary>Blobs looked at.</summary>
    public long Blobs { get; internal set; }

    /// <summary>Manifests looked at.</summary>
    public long Manifests { get; internal set; }

    /// <summary>Whether everything that is served is whole; orphans and repairs do not count.</summary>
    public bool IsSound => Count(FindingKind.Metadata) + Count(FindingKind.Damaged) + Count(FindingKind.Incomplete) == 0;

    /// <summary>How many findings of a kind there were.</summary>
    public int Count(FindingKind kind) => _found[(int)kind];

    internal void Add(FindingKind kind) => _found[(int)kind]++;
}
