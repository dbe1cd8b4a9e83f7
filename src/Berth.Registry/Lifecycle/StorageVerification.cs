using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Reads the whole store: every blob has its digest, every manifest has its digest, rows that say what it says, and all that it names, every location
/// belongs to a row. For an installation that is not being served; where nothing is changed, nodes may serve beside it.
/// </summary>
public sealed class StorageVerification(IMetadataStore metadata, IBlobStore store)
{
    private const int PageSize = 500;

    /// <summary>Verifies.</summary>
    /// <param name="mode">What is done about what is found.</param>
    /// <param name="report">Is told of each finding as it is made.</param>
    /// <param name="begin">Is asked, as each step begins, for who is told how much of it is done, of how much.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<VerificationResult> RunAsync(
        VerificationMode mode, Action<Finding> report, Func<VerificationStep, IProgress<(long Done, long Total)>> begin, CancellationToken cancellationToken)
    {
        var result = new VerificationResult();
        void Found(FindingKind kind, string what, string sentence)
        {
            result.Add(kind);
            report(new Finding(kind, what, sentence));
        }

        if (mode == VerificationMode.Repair)
        {
            foreach (var usage in await metadata.RecountUsageAsync(repair: true, cancellationToken))
                Found(FindingKind.Repaired, usage.Place, $"was said to hold {usage.Kept}, and holds {usage.Counted}: its usage is right again");
        }

        foreach (var sentence in await metadata.CheckAsync(cancellationToken)) Found(FindingKind.Metadata, "metadata", sentence);
        var totals = await metadata.ReadTotalsAsync(cancellationToken);
        var blobs = new Share(begin(VerificationStep.Blobs), totals.BlobBytes);
        await CheckBlobsAsync(mode, Found, result, blobs, cancellationToken);
        var manifests = new Share(begin(VerificationStep.Manifests), totals.Manifests);
        await CheckManifestsAsync(mode, Found, result, manifests, cancellationToken);
        var locations = new Share(begin(VerificationStep.Locations), totals.Blobs + totals.OpenUploads + totals.DiscardedLocations);
        await CheckLocationsAsync(mode, Found, locations, cancellationToken);
        return result;
    }

    private async Task CheckBlobsAsync(
        VerificationMode mode, Action<FindingKind, string, string> found, VerificationResult result, Share share, CancellationToken cancellationToken)
    {
        var after = default(Digest);
        while (await metadata.WalkBlobsAsync(after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var blob in page)
            {
                after = blob.Digest;
                result.Blobs++;
                var good = await IsGoodAsync(blob, share.Add, cancellationToken);
                if (good && blob.State == BlobState.Live) continue;

                // Nodes may serve beside a dry run: collected, or pushed anew elsewhere, since the page was read.
                if (!good && (await metadata.FindStoredBlobAsync(blob.Digest, cancellationToken))?.Location != blob.Location) continue;
                if (!good && mode == VerificationMode.DryRun) result.Unmarked.Add(blob.Digest);
                await SettleAsync(blob, good, mode, found, cancellationToken);
            }
        }

        share.Complete();
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

    private async Task CheckManifestsAsync(
        VerificationMode mode, Action<FindingKind, string, string> found, VerificationResult result, Share share, CancellationToken cancellationToken)
    {
        long after = 0;
        while (await metadata.WalkManifestsAsync(after, PageSize / 10, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var manifest in page)
            {
                after = manifest.Sequence;
                result.Manifests++;
                var name = $"{manifest.Registry}/{manifest.Repository}@{manifest.Digest}";
                await SettleAsync(manifest, name, mode, found, cancellationToken);
                foreach (var missing in manifest.Missing.Union(manifest.Blobs.Where(result.Unmarked.Contains)))
                    found(FindingKind.Incomplete, name, $"names {missing}, which its repository lacks or which is damaged");
                share.Add(1);
            }
        }

        share.Complete();
    }

    private async Task SettleAsync(
        StoredManifestRecord manifest, string name, VerificationMode mode, Action<FindingKind, string, string> found, CancellationToken cancellationToken)
    {
        if (!ManifestCheck.HasDigest(manifest))
        {
            if (mode != VerificationMode.DryRun) await metadata.MarkManifestAsync(manifest.Sequence, manifest.Digest, damaged: true, cancellationToken);
            found(FindingKind.Damaged, name, "is damaged: its bytes are missing or have another digest; push it again to heal it");
            return;
        }

        if (ManifestCheck.FindDifference(manifest) is { } difference) found(FindingKind.Metadata, name, difference);
        if (!manifest.Damaged) return;
        if (mode == VerificationMode.Repair && await metadata.MarkManifestAsync(manifest.Sequence, manifest.Digest, damaged: false, cancellationToken))
            found(FindingKind.Repaired, name, "was marked damaged, but its bytes are good: it is served again");
        else
            found(FindingKind.Damaged, name, "is marked damaged, but its bytes are good now: --repair serves it again");
    }

    private async Task CheckLocationsAsync(VerificationMode mode, Action<FindingKind, string, string> found, Share share, CancellationToken cancellationToken)
    {
        var batch = new List<string>(PageSize);
        await foreach (var stored in store.ListAsync(cancellationToken))
        {
            batch.Add(stored.Location);
            if (batch.Count < PageSize) continue;
            await CheckLocationsAsync(batch, mode, found, cancellationToken);
            share.Add(batch.Count);
            batch.Clear();
        }

        if (batch.Count > 0) await CheckLocationsAsync(batch, mode, found, cancellationToken);
        share.Complete();
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

    /// <summary>How much of a step is done. Totals are the rows'; what the store holds beyond or lacks shows only in that it ends with all.</summary>
    private sealed class Share(IProgress<(long Done, long Total)> progress, long total)
    {
        private long _done;

        public void Add(int amount)
        {
            _done += amount;
            progress.Report((Math.Min(_done, total), total));
        }

        public void Complete() => progress.Report((total, total));
    }
}

/// <summary>What verification does about what it finds.</summary>
public enum VerificationMode
{
    /// <summary>Damaged blobs and manifests are marked absent, so that they are not served and a push heals them.</summary>
    Mark,

    /// <summary>Nothing is changed.</summary>
    DryRun,

    /// <summary>
    /// As <see cref="Mark"/>; also those that are good again are served again, bytes without a row are removed, and figures of usage are put right.
    /// </summary>
    Repair,
}

/// <summary>What verification goes through, in this order.</summary>
public enum VerificationStep
{
    /// <summary>The bytes of every blob; counted in bytes.</summary>
    Blobs,

    /// <summary>Every manifest and what it names; counted in manifests.</summary>
    Manifests,

    /// <summary>Everything in the store, which should belong to a row; counted in locations.</summary>
    Locations,
}
