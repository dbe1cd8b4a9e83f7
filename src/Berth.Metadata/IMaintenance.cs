using Berth.Oci;

namespace Berth.Metadata;

/// <summary>What verification, backup and operation need of the metadata.</summary>
public interface IMaintenance
{
    /// <summary>Blobs in digest order after the given one.</summary>
    ValueTask<IReadOnlyList<StoredBlobRecord>> WalkBlobsAsync(Digest after, int limit, CancellationToken cancellationToken);

    /// <summary>The blob's row; null when there is none.</summary>
    ValueTask<StoredBlobRecord?> FindStoredBlobAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>
    /// Manifests by row after the given one, with their bytes, what their rows say, and what they name that is absent. A page takes as long as it takes:
    /// while the installation is being served, only a small one may be asked for.
    /// </summary>
    ValueTask<IReadOnlyList<StoredManifestRecord>> WalkManifestsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Which of these locations a row names (a blob, an upload session, or a discarded one). For an installation that is not being served: it takes as
    /// long as it takes.
    /// </summary>
    ValueTask<IReadOnlySet<string>> KnownLocationsAsync(IReadOnlyCollection<string> locations, CancellationToken cancellationToken);

    /// <summary>Totals for progress bars and metrics.</summary>
    ValueTask<MetadataTotals> ReadTotalsAsync(CancellationToken cancellationToken);

    /// <summary>Makes a damaged blob live again if it is still at that location: for bytes that were verified to be good after all.</summary>
    Task<bool> MarkLiveAsync(Digest digest, string location, CancellationToken cancellationToken);

    /// <summary>
    /// Marks a manifest damaged, which answers it as absent until a push brings its bytes again, or takes the mark back; false when nothing changed.
    /// </summary>
    Task<bool> MarkManifestAsync(long sequence, Digest digest, bool damaged, CancellationToken cancellationToken);

    /// <summary>
    /// The store's own consistency check; the sentences that describe what is wrong, none when it is sound. For an installation that is not being
    /// served: each of its looks reads whole tables in one go.
    /// </summary>
    ValueTask<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Counts all that usage is kept of; what differed. With a repair it does not any more when this returns. For an installation that is not being served.
    /// </summary>
    Task<IReadOnlyList<UsageDifference>> RecountUsageAsync(bool repair, CancellationToken cancellationToken);

    /// <summary>
    /// Starts a new ledger epoch and suspends deletion for one grace of whoever serves the copy, counted from its first
    /// <see cref="IGarbage.ObserveClockAsync"/>: what a restored copy needs before it serves.
    /// </summary>
    Task MarkRestoredAsync(CancellationToken cancellationToken);
}

/// <summary>A blob's row as verification sees it.</summary>
/// <param name="Digest">The digest.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Location">Where the bytes are.</param>
/// <param name="State">Its state.</param>
public sealed record StoredBlobRecord(Digest Digest, long Size, string Location, BlobState State);

/// <summary>A manifest's row as verification sees it.</summary>
/// <param name="Sequence">Its row; the key of the next page.</param>
/// <param name="Registry">Its registry's name.</param>
/// <param name="Repository">Its repository's name.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Bytes">Its bytes; none when they are lost.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="Subject">The digest that it refers to; the default for none.</param>
/// <param name="Damaged">Whether it is marked damaged.</param>
/// <param name="Blobs">The blobs that its edges name; without non-distributable layers that are absent.</param>
/// <param name="Children">The manifests that its edges name.</param>
/// <param name="Missing">Of both, those that its repository lacks.</param>
public sealed record StoredManifestRecord(
    long Sequence, string Registry, string Repository, Digest Digest, byte[] Bytes, string MediaType, Digest Subject, bool Damaged,
    IReadOnlyList<Digest> Blobs, IReadOnlyList<Digest> Children, IReadOnlyList<Digest> Missing);

/// <summary>Totals of the whole installation.</summary>
/// <param name="Blobs">Blobs stored.</param>
/// <param name="BlobBytes">Their size together, each counted once.</param>
/// <param name="Manifests">Manifests stored.</param>
/// <param name="Repositories">Repositories that hold a manifest.</param>
/// <param name="OpenUploads">Open upload sessions.</param>
/// <param name="DiscardedLocations">Locations that wait for their bytes to be removed.</param>
/// <param name="DamagedBlobs">Blobs whose bytes are missing or wrong.</param>
public sealed record MetadataTotals(
    long Blobs, long BlobBytes, long Manifests, long Repositories, long OpenUploads, long DiscardedLocations, long DamagedBlobs);
